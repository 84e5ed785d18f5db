"""The numbers of a search space: floats here, and the door to the other kinds.

A parameter never raises when it is made: what is wrong with it is told by
`problems`, so that a space can report the mistakes of all its parameters at once.
Inside hpbridge a value is always *plain*: `float`, `int`, or a category's label,
which is a JSON scalar. Only the user's objective sees the choice objects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from hpbridge.errors import SpaceError
from hpbridge.space.features import Feature
from hpbridge.space.integers import Int
from hpbridge.space.kinds import (
    Constant,
    Parameter,
    Searched,
    When,
    freeze_when,
    with_also,
    with_when,
)
from hpbridge.space.plain import (
    Label,
    flag_problems,
    is_number,
    plain_flag,
    plain_number,
)
from hpbridge.space.priors import prior_to_json
from hpbridge.space.ranges import (
    bound_to_json,
    clamped,
    float_of,
    is_finite_number,
    range_problems,
)
from hpbridge.space.shaped import Shaped, fields_with_prior

if TYPE_CHECKING:
    import random
    from typing import Self

__all__ = [
    "Constant",
    "Float",
    "Int",
    "Label",
    "Parameter",
    "Searched",
    "When",
    "freeze_when",
    "is_number",
    "plain_number",
    "with_also",
    "with_when",
]

# A grid value may be off by the rounding of a decimal fraction, not by more.
_GRID_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Float(Shaped):
    """A real number in the closed range [low, high].

    Args:
        low: Lower bound, included.
        high: Upper bound, included where floating point reaches it.
        log: Search uniformly in the logarithm.
        step: Search only ``low + k * step``, computed in binary floating point as
            Optuna does; the last grid point is the largest one up to `high`.
        prior: `Normal`, `LogNormal` or a frozen continuous distribution of
            scipy.stats, truncated to the range. With it, ends may be infinite.
        when: ``{parent: value or list of values}`` under which it is active.

    Example:
        >>> Float(1e-5, 1e-1, log=True).contains(1e-3)
        True
        >>> Float(0, 1, step=0.25).grid
        (0.0, 0.25, 0.5, 0.75, 1.0)
    """

    low: float
    high: float
    log: bool = field(default=False, kw_only=True)
    step: float | None = field(default=None, kw_only=True)
    prior: Any = field(default=None, kw_only=True)
    when: Any = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            value = plain_number(getattr(self, name))
            if is_number(value):
                value = float_of(value)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "log", plain_flag(self.log))
        object.__setattr__(self, "when", freeze_when(self.when))
        self._read_prior()

    def problems(self) -> list[str]:
        """Return what is wrong with the range, the scale and the prior."""
        found = flag_problems("log", self.log)
        if self.prior is not None and not found:
            has_step = self.step is not None
            return self._prior_problems(("log=True", self.log), ("step=", has_step))
        found += range_problems(self.low, self.high, self.step)
        if not found and self.step and self.low == self.high:
            text = f"a range of one value {self.low!r} takes no step and no prior"
            found.append(text)
        elif self.log is True and is_finite_number(self.low) and self.low <= 0:
            found.append(f"log=True needs low > 0, got low={self.low!r}")
        if self.log is True and self.step is not None:
            found.append("log=True and step= exclude each other")
        return found

    @property
    def feature(self) -> Feature:
        """By its scale, prior or step."""
        if self.log:
            return Feature.FLOAT_LOG
        if self.prior is not None:
            return Feature.FLOAT_PRIOR
        return Feature.FLOAT if self.step is None else Feature.FLOAT_STEP

    @cached_property
    def last(self) -> float:
        """The largest grid value, exact in decimal, or `high` without a step.

        Raises:
            SpaceError: If the grid is wrong: it has too many values, say.
        """
        if self.step is None:
            return self.high
        if found := self.problems():
            raise SpaceError.invalid(found)
        low, step = Decimal(repr(self.low)), Decimal(repr(self.step))
        steps = (Decimal(repr(self.high)) - low) // step
        return float(low + steps * step)

    @cached_property
    def n_values(self) -> int | None:
        """How many values there are; None when there is no grid."""
        if self.low == self.high:
            return 1
        if self.step is None:
            return None
        return round((self.last - self.low) / self.step) + 1

    def at(self, index: int) -> float:
        """Return the grid value of this index, as Optuna computes it.

        Source:
            Optuna 5.0.0, `optuna/_transform.py`: ``clip(low + k * step, low, high)``.
        """
        if index <= 0 or self.step is None:
            return self.low
        return min(self.low + index * self.step, self.last)

    def index(self, value: float) -> int:
        """Return the index of the grid value nearest to `value`."""
        if self.step is None:
            return 0
        return round((value - self.low) / self.step)

    @property
    def middle(self) -> float:
        """The middle of the range, in the logarithm on a log scale; or of the grid."""
        if self.n_values is not None:
            return self.at(self.n_values // 2)
        if self.is_unbounded:
            return cast("float", self.quantile(0.5))
        if self.log:
            return math.sqrt(self.low) * math.sqrt(self.high)
        return self.low / 2 + self.high / 2

    def draw(self, rng: random.Random) -> float:
        """Draw by grid, prior or scale."""
        if self.n_values is not None:
            return self.at(rng.randrange(self.n_values))
        if self.prior is not None:
            return cast("float", self.quantile(rng.random()))
        if self.log:
            value = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        else:
            value = rng.uniform(self.low, self.high)
        return min(max(value, self.low), self.high)

    def plain(self, value: Any) -> float:
        """Return the float, at a bound where it misses that by rounding only."""
        return clamped(float(value), self.low, self.high)

    def plain_source(self, expression: str) -> str:
        """Return the source of `plain`; only a log scale may miss its bounds."""
        number = f"float({expression})"
        if self.log:
            return f"min(max({number}, {self.low!r}), {self.high!r})"
        return number

    def index_source(self, expression: str) -> str:
        """Return the source of `at`."""
        line = f"{self.low!r} + int({expression}) * {self.step!r}"
        return f"min({line}, {self.last!r})"

    def _to_fields(self) -> dict[str, Any]:
        return {
            "low": bound_to_json(self.low),
            "high": bound_to_json(self.high),
            **({"log": True} if self.log else {}),
            **({} if self.step is None else {"step": self.step}),
            **({} if self.prior is None else {"prior": prior_to_json(self.prior)}),
        }

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        return cls(**fields_with_prior(fields))

    def contains(self, value: object) -> bool:
        """Say whether the value is a float of the range and on the grid."""
        if type(value) is not float or not self.low <= value <= self.high:
            return False
        if self.step is None:
            return math.isfinite(value)
        return self.at(self.index(value)) == value

    def canonical(self, value: object) -> float:
        """Return the float for any real number; a grid value for a near one."""
        number = plain_number(value)
        if not is_number(number) or not math.isfinite(number):
            msg = f"is {value!r}, not a finite number"
            raise ValueError(msg)
        number = float(number)
        if not self.low <= number <= self.high:
            msg = f"is {value!r}, outside [{self.low!r}, {self.high!r}]"
            raise ValueError(msg)
        if self.step is None:
            return number
        nearest = self.at(self.index(number))
        if not math.isclose(
            nearest,
            number,
            rel_tol=_GRID_TOLERANCE,
            abs_tol=_GRID_TOLERANCE * self.step,
        ):
            msg = f"is {value!r}, not on the grid {self.low!r} + k * {self.step!r}"
            raise ValueError(msg)
        return nearest
