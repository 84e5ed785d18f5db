"""The numeric parameters of a search space.

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

from hpbridge.space.features import Feature
from hpbridge.space.kinds import (
    Constant,
    Parameter,
    Searched,
    When,
    freeze_when,
    with_when,
)
from hpbridge.space.plain import Label, is_number, plain_number
from hpbridge.space.priors import (
    LogNormal,
    Normal,
    cumulative,
    prior_of,
    prior_problems,
    prior_to_json,
    quantile,
)
from hpbridge.space.ranges import clamped, range_problems, step_too_large

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
    "with_when",
]

# A grid value may be off by the rounding of a decimal fraction, not by more.
_GRID_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Float(Searched):
    """A real number in the closed range [low, high].

    Args:
        low: Lower bound, included.
        high: Upper bound, included where floating point reaches it.
        log: Search uniformly in the logarithm.
        step: Search only ``low + k * step``, computed in binary floating point as
            Optuna does; the last grid point is the largest one up to `high`.
        prior: `Normal` or `LogNormal`, truncated to the range.
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
    prior: Normal | LogNormal | None = field(default=None, kw_only=True)
    when: Any = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            value = plain_number(getattr(self, name))
            if is_number(value):
                value = float(value)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "when", freeze_when(self.when))

    def problems(self) -> list[str]:
        """Return what is wrong with the range, the scale and the prior."""
        found = range_problems(self.low, self.high, self.step)
        if found:
            return found
        if self.low == self.high and (self.step or self.prior):
            found.append(
                f"a range of one value {self.low!r} takes no step and no prior"
            )
        elif self.log and self.low <= 0:
            found.append(f"log=True needs low > 0, got low={self.low!r}")
        exclusive = [
            name
            for name, given in [
                ("log=True", self.log),
                ("step=", self.step is not None),
                ("prior=", self.prior is not None),
            ]
            if given
        ]
        if len(exclusive) > 1:
            found.append(" and ".join(exclusive) + " exclude each other")
        return found or prior_problems(self.prior, self.low, self.high)

    @property
    def feature(self) -> Feature:
        """By its scale, prior or step."""
        if self.log:
            return Feature.FLOAT_LOG
        if self.prior is not None:
            return Feature.FLOAT_PRIOR
        return Feature.FLOAT if self.step is None else Feature.FLOAT_STEP

    def quantile(self, u: float) -> float:
        """Return the value below which the fraction `u` of the prior's mass lies.

        Args:
            u: Between 0 and 1, both included.
        """
        prior = cast("Normal | LogNormal", self.prior)
        return quantile(prior, self.low, self.high, u)

    def cumulative(self, value: float) -> float:
        """Return the fraction of the prior's mass below `value`."""
        prior = cast("Normal | LogNormal", self.prior)
        return cumulative(prior, self.low, self.high, value)

    @cached_property
    def last(self) -> float:
        """The largest grid value, exact in decimal, or `high` without a step."""
        if self.step is None:
            return self.high
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
        if self.log:
            return math.sqrt(self.low) * math.sqrt(self.high)
        return self.low / 2 + self.high / 2

    def draw(self, rng: random.Random) -> float:
        """Draw by grid, prior or scale."""
        if self.n_values is not None:
            return self.at(rng.randrange(self.n_values))
        if self.prior is not None:
            return self.quantile(rng.random())
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
            "low": self.low,
            "high": self.high,
            **({"log": True} if self.log else {}),
            **({} if self.step is None else {"step": self.step}),
            **({} if self.prior is None else {"prior": prior_to_json(self.prior)}),
        }

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        prior = prior_of(fields.pop("prior", None))
        return cls(**fields, prior=prior)

    def contains(self, value: object) -> bool:
        """Say whether the value is a float of the range and on the grid."""
        if type(value) is not float or not self.low <= value <= self.high:
            return False
        return self.step is None or self.at(self.index(value)) == value

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


@dataclass(frozen=True)
class Int(Searched):
    """A whole number in the closed range [low, high].

    Args:
        low: Lower bound, included.
        high: Upper bound, included (when it is on the grid).
        log: Search uniformly in the logarithm; needs ``low >= 1``.
        step: Search only ``low + k * step``.
        when: ``{parent: value or list of values}`` under which it is active.

    Example:
        >>> Int(1, 10, step=4).grid
        (1, 5, 9)
    """

    low: int
    high: int
    log: bool = field(default=False, kw_only=True)
    step: int = field(default=1, kw_only=True)
    when: Any = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            value = plain_number(getattr(self, name))
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "when", freeze_when(self.when))

    def problems(self) -> list[str]:
        """Return what is wrong with the range and the scale."""
        found = [
            f"{name} must be a whole number, got {getattr(self, name)!r}"
            for name in ("low", "high", "step")
            if type(getattr(self, name)) is not int
        ]
        found = found or range_problems(self.low, self.high, None)
        if found:
            return found
        if self.step < 1:
            found.append(f"step must be at least 1, got {self.step!r}")
        elif self.step > max(self.high - self.low, 1):
            found.append(step_too_large(self.step, self.low, self.high))
        if self.log and self.low < 1:
            found.append(f"log=True needs low >= 1, got low={self.low!r}")
        if self.log and self.step != 1:
            found.append("log=True and step= exclude each other")
        return found

    can_be_parent = True

    @property
    def feature(self) -> Feature:
        """By its scale or step."""
        if self.log:
            return Feature.INT_LOG
        return Feature.INT if self.step == 1 else Feature.INT_STEP

    @property
    def last(self) -> int:
        """The largest value on the grid."""
        return self.low + (self.high - self.low) // self.step * self.step

    @property
    def n_values(self) -> int:
        """How many values there are."""
        return (self.high - self.low) // self.step + 1

    def at(self, index: int) -> int:
        """Return the grid value of this index."""
        return self.low + index * self.step

    def index(self, value: int) -> int:
        """Return the index of a grid value."""
        return (value - self.low) // self.step

    @property
    def grid(self) -> tuple[int, ...]:
        """All values in order."""
        return tuple(range(self.low, self.high + 1, self.step))

    def draw(self, rng: random.Random) -> int:
        """Draw by scale; the ends of a log scale have their full share."""
        if not self.log:
            return self.at(rng.randrange(self.n_values))
        ends = math.log(self.low - 0.5), math.log(self.high + 0.5)
        return min(max(round(math.exp(rng.uniform(*ends))), self.low), self.high)

    def plain(self, value: Any) -> Label:
        """Return the int; what is no whole number as it is."""
        whole = int(value)
        return whole if whole == value else cast("Label", value)

    def plain_source(self, expression: str) -> str:
        """Return the source of `plain`."""
        return f"int({expression})"

    def index_source(self, expression: str) -> str:
        """Return the source of `at`."""
        return f"{self.low} + int({expression}) * {self.step}"

    def _to_fields(self) -> dict[str, Any]:
        return {
            "low": self.low,
            "high": self.high,
            **({"log": True} if self.log else {}),
            **({} if self.step == 1 else {"step": self.step}),
        }

    def contains(self, value: object) -> bool:
        """Say whether the value is an int of the range and on the grid."""
        if type(value) is not int or not self.low <= value <= self.high:
            return False
        return (value - self.low) % self.step == 0

    def canonical(self, value: object) -> int:
        """Return the int for any whole number."""
        number = plain_number(value)
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if type(number) is not int:
            msg = f"is {value!r}, not a whole number"
            raise ValueError(msg)
        if not self.contains(number):
            step = f" in steps of {self.step}" if self.step != 1 else ""
            msg = f"is {value!r}, outside [{self.low}, {self.high}]{step}"
            raise ValueError(msg)
        return number
