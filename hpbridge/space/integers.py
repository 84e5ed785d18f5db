"""The whole numbers of a search space."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from hpbridge.space.features import Feature
from hpbridge.space.kinds import freeze_when
from hpbridge.space.plain import Label, flag_problems, plain_flag, plain_number
from hpbridge.space.priors import prior_to_json
from hpbridge.space.ranges import bound_to_json, range_problems, step_too_large
from hpbridge.space.shaped import Shaped, fields_with_prior
from hpbridge.space.truncated import is_discrete

if TYPE_CHECKING:
    import random
    from typing import Self

    from hpbridge.space.priors import Prior


@dataclass(frozen=True)
class Int(Shaped):
    """A whole number in the closed range [low, high].

    Args:
        low: Lower bound, included.
        high: Upper bound, included (when it is on the grid).
        log: Search uniformly in the logarithm; needs ``low >= 1``.
        step: Search only ``low + k * step``.
        prior: A frozen discrete distribution of scipy.stats, whose whole numbers it
            then has; or a continuous one, `Normal` or `LogNormal`, whose draws are
            rounded. Truncated to the range; with it, ends may be infinite.
        when: ``{parent: value or list of values}`` under which it is active.

    Example:
        >>> Int(1, 10, step=4).grid
        (1, 5, 9)
    """

    low: float
    high: float
    log: bool = field(default=False, kw_only=True)
    step: int = field(default=1, kw_only=True)
    prior: Any = field(default=None, kw_only=True)
    when: Any = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            value = plain_number(getattr(self, name))
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "log", plain_flag(self.log))
        object.__setattr__(self, "when", freeze_when(self.when))
        self._read_prior()

    def problems(self) -> list[str]:
        """Return what is wrong with the range, the scale and the prior."""
        ends = (math.inf, -math.inf) if self.prior is not None else ()
        found = flag_problems("log", self.log)
        found += [
            f"{name} must be a whole number, got {value!r}"
            for name in ("low", "high", "step")
            if type(value := getattr(self, name)) is not int and value not in ends
        ]
        if self.prior is not None and not found:
            has_step = self.step != 1
            return self._prior_problems(("log=True", self.log), ("step=", has_step))
        if found:
            return found
        found = range_problems(self.low, self.high, None)
        if self.step < 1:
            found.append(f"step must be at least 1, got {self.step!r}")
        elif self.step > max(self.high - self.low, 1) and not found:
            found.append(step_too_large(self.step, self.low, self.high))
        if self.log is True and self.low < 1:
            found.append(f"log=True needs low >= 1, got low={self.low!r}")
        if self.log is True and self.step != 1:
            found.append("log=True and step= exclude each other")
        return found

    can_be_parent = True
    takes_discrete = True

    @property
    def feature(self) -> Feature:
        """By its scale, step or prior."""
        if self.prior is not None:
            return Feature.INT_PRIOR
        if self.log:
            return Feature.INT_LOG
        return Feature.INT if self.step == 1 else Feature.INT_STEP

    @property
    def last(self) -> int:
        """The largest value on the grid."""
        low, high = cast("int", self.low), cast("int", self.high)
        return low + (high - low) // self.step * self.step

    @property
    def n_values(self) -> int | None:
        """How many values there are; None where an end is infinite."""
        if self.prior is not None and self.is_unbounded:
            return None
        return cast("int", self.high - self.low) // self.step + 1

    def at(self, index: int) -> int:
        """Return the grid value of this index; below infinity, counted from 0."""
        first = 0 if self.low == -math.inf else cast("int", self.low)
        return first + index * self.step

    def index(self, value: int) -> int:
        """Return the index of a grid value."""
        return (value - self.at(0)) // self.step

    def draw(self, rng: random.Random) -> int:
        """Draw by prior or scale; the ends of a log scale have their full share."""
        if self.prior is not None:
            return cast("int", self.quantile(rng.random()))
        if not self.log:
            return self.at(rng.randrange(cast("int", self.n_values)))
        ends = math.log(self.low - 0.5), math.log(self.high + 0.5)
        return self._rounded(math.exp(rng.uniform(*ends)))

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

    def _drawn_ends(self) -> tuple[float, float]:
        if is_discrete(cast("Prior", self.prior)):
            return self.low - 1, self.high
        return self.low - 0.5, self.high + 0.5

    def _edges(self, value: float) -> tuple[float, float]:
        if is_discrete(cast("Prior", self.prior)):
            return value - 1, value
        return value - 0.5, value + 0.5

    def _rounded(self, drawn: float) -> int:
        return int(min(max(round(drawn), self.low), self.high))

    def _to_fields(self) -> dict[str, Any]:
        return {
            "low": bound_to_json(self.low),
            "high": bound_to_json(self.high),
            **({"log": True} if self.log else {}),
            **({} if self.step == 1 else {"step": self.step}),
            **({} if self.prior is None else {"prior": prior_to_json(self.prior)}),
        }

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        return cls(**fields_with_prior(fields))

    def contains(self, value: object) -> bool:
        """Say whether the value is an int of the range and on the grid."""
        if type(value) is not int or not self.low <= value <= self.high:
            return False
        return self.step == 1 or (value - self.low) % self.step == 0

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
