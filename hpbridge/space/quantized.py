"""The quantized parameter: what Hyperopt's ``q`` and Ray Tune's ``q`` mean."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from hpbridge.errors.foreign import shown
from hpbridge.space.features import Feature
from hpbridge.space.kinds import freeze_when
from hpbridge.space.parameters import Float
from hpbridge.space.plain import flag_problems, is_number, plain_flag, plain_number
from hpbridge.space.priors import prior_to_json
from hpbridge.space.ranges import (
    bound_to_json,
    float_of,
    is_finite,
    range_problems,
)
from hpbridge.space.shaped import Shaped, fields_with_prior

if TYPE_CHECKING:
    import random
    from typing import Self


@dataclass(frozen=True)
class Quantized(Shaped):
    """A number drawn from [low, high], then rounded to a multiple of `q`.

    Here so that spaces of other libraries keep their meaning. It is not a step: the
    values are multiples of `q`, not ``low + k * q``; those at the ends have about half
    the share of the others, and may lie up to ``q / 2`` beyond the range. For a space
    of your own, take ``Float(step=)`` or ``Int``.

    Args:
        low: Lower end of the draw.
        high: Upper end of the draw.
        q: The quantum. An int gives ints, a float gives floats.
        log: Draw uniformly in the logarithm.
        prior: As of `Float`, by which it is drawn; with it, ends may be infinite.
        when: ``{parent: value or list of values}`` under which it is active.

    Source:
        Hyperopt 0.3.0, ``hp.quniform``, ``hp.qloguniform`` and ``hp.uniformint``:
        ``round(u / q) * q``, halves to even; Ray Tune 2.60.0, ``tune.quniform``.

    Example:
        >>> Quantized(1, 10, 4.0).grid
        (0.0, 4.0, 8.0)
    """

    low: float
    high: float
    q: float
    log: bool = field(default=False, kw_only=True)
    prior: Any = field(default=None, kw_only=True)
    when: Any = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = plain_number(getattr(self, name))
            object.__setattr__(
                self, name, float_of(value) if is_number(value) else value
            )
        object.__setattr__(self, "q", plain_number(self.q))
        object.__setattr__(self, "log", plain_flag(self.log))
        object.__setattr__(self, "when", freeze_when(self.when))
        self._read_prior()

    def problems(self) -> list[str]:
        """Return what is wrong with the range, the quantum and the scale."""
        if self.prior is None:
            found = range_problems(self.low, self.high, None)
        else:
            found = self._prior_problems(("log=True", self.log is True))
        found += flag_problems("log", self.log)
        if not is_number(self.q) or not is_finite(self.q) or self.q <= 0:
            found.append(f"q must be a positive finite number, got {shown(self.q)}")
        elif not found and not self._is_countable:
            ends = f"[{self.low!r}, {self.high!r}]"
            found.append(f"q={self.q!r} gives the range {ends} too many values")
        if self.log is True and not found and self.low <= 0:
            found.append(f"log=True needs low > 0, got low={self.low!r}")
        return found

    @property
    def _is_countable(self) -> bool:
        """Whether a float counts the values up to the ends."""
        ends = self._truncated.ends if self.is_unbounded else (self.low, self.high)
        return all(math.isfinite(end / self.q) for end in ends)

    @property
    def is_int(self) -> bool:
        """Whether the values are ints."""
        return isinstance(self.q, int)

    @cached_property
    def first(self) -> int:
        """The smallest value, in quanta; 0 where there is none."""
        return 0 if math.isinf(self.low) else round(self.low / self.q)

    @cached_property
    def n_values(self) -> int | None:
        """How many values there are; None where an end is infinite."""
        if self.is_unbounded:
            return None
        return round(self.high / self.q) - self.first + 1

    def at(self, index: int) -> float:
        """Return the value of this index."""
        return (self.first + index) * self.q

    def index(self, value: float) -> int:
        """Return the index of the value nearest to `value`."""
        return round(value / self.q) - self.first

    @property
    def feature(self) -> Feature:
        """One of its own, but with a prior that of an int."""
        if self.prior is not None:
            return Feature.INT_PRIOR
        return Feature.QUANTIZED

    def draw(self, rng: random.Random) -> float:
        """Draw by scale or prior, and round."""
        if self.prior is not None:
            return cast("float", self.quantile(rng.random()))
        return self.round(Float(self.low, self.high, log=self.log).draw(rng))

    def plain(self, value: Any) -> float:
        """Return the value that a number is rounded to."""
        return self.round(float(value))

    def plain_source(self, expression: str) -> str:
        """Return the source of `plain`."""
        return self.round_source(f"float({expression})")

    def index_source(self, expression: str) -> str:
        """Return the source of `at`."""
        return f"({self.first} + int({expression})) * {self.q!r}"

    def round_source(self, expression: str) -> str:
        """Return the source of `round`."""
        digits = "" if self.is_int else ", 0"
        index = f"round({expression} / {self.q!r}{digits})"
        if not math.isinf(self.low):
            index = f"max({index}, {self.first})"
        if not math.isinf(self.high):
            index = f"min({index}, {round(self.high / self.q)})"
        return f"{index} * {self.q!r}"

    def _to_fields(self) -> dict[str, Any]:
        return {
            "low": bound_to_json(self.low),
            "high": bound_to_json(self.high),
            **({"log": True} if self.log else {}),
            "q": self.q,
            **({} if self.prior is None else {"prior": prior_to_json(self.prior)}),
        }

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        return cls(**fields_with_prior(fields))

    def _edges(self, value: float) -> tuple[float, float]:
        half = self.q / 2
        return max(value - half, self.low), min(value + half, self.high)

    def _rounded(self, drawn: float) -> float:
        return self.round(drawn)

    def _more_arguments(self) -> list[str]:
        return [repr(self.q)]

    def round(self, u: float) -> float:
        """Return the value for a draw; one beyond an end gets the end's."""
        # Of floats as NumPy does: to -0.0 from below.
        quanta = round(u / self.q) if self.is_int else round(u / self.q, 0)
        if not math.isinf(self.low):
            quanta = max(quanta, self.first)
        if not math.isinf(self.high):
            quanta = min(quanta, round(self.high / self.q))
        return quanta * self.q

    def contains(self, value: object) -> bool:
        """Say whether the value is one of the grid, and of its type."""
        if type(value) is not (int if self.is_int else float):
            return False
        assert isinstance(value, (int, float))
        if not math.isfinite(value):
            return False
        return self.round(value) == value

    def canonical(self, value: object) -> float:
        """Return the value of the grid for any real number that is near one."""
        number = plain_number(value)
        if not is_number(number) or not math.isfinite(number):
            msg = f"is {value!r}, not a finite number"
            raise ValueError(msg)
        nearest = self.round(number)
        if not math.isclose(nearest, number, rel_tol=1e-9, abs_tol=1e-9 * self.q):
            msg = (
                f"is {value!r}, not a multiple of {self.q!r} "
                f"from {self._end(self.low)!r} to {self._end(self.high)!r}"
            )
            raise ValueError(msg)
        return nearest

    def _end(self, end: float) -> float:
        return end if math.isinf(end) else self.round(end)
