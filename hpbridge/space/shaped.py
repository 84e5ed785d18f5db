"""A range with a prior: what floats, ints and quantized numbers share of it."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from hpbridge.errors import SpaceError
from hpbridge.errors.foreign import shown
from hpbridge.space.kinds import Searched
from hpbridge.space.plain import is_number
from hpbridge.space.priors import LogNormal, as_prior, law_problems, prior_of
from hpbridge.space.ranges import bound_of, is_finite
from hpbridge.space.truncated import SMALLEST_MASS, Truncated, is_discrete, supported

if TYPE_CHECKING:
    from hpbridge.space.priors import Prior


_INFINITE = (math.inf, -math.inf)


class Shaped(Searched):
    """A number in [low, high] that may have a prior; then an end may be infinite.

    What a draw by the prior is rounded to, and what is rounded to a value, its kind
    says: `_rounded` and `_edges`.
    """

    low: float
    high: float
    prior: Prior | None

    takes_discrete: ClassVar[bool] = False
    """Whether the prior may be a law of whole numbers."""

    def _read_prior(self) -> None:
        """Take a distribution of scipy for our record of it; for `__post_init__`."""
        if self.prior is None:
            return
        prior = as_prior(self.prior)
        low, high = supported(prior, self.low, self.high)
        for name, value in (("low", low), ("high", high), ("prior", prior)):
            object.__setattr__(self, name, value)  # the dataclasses are frozen

    @property
    def is_unbounded(self) -> bool:
        """Whether an end of the range is infinite."""
        return math.isinf(self.low) or math.isinf(self.high)

    @property
    def reach(self) -> tuple[Any, Any]:
        """The least and the greatest value that is proposed; finite.

        They are the ends of the range, but where one is infinite.
        """
        if not self.is_unbounded:
            return self.low, self.high
        return self.quantile(0), self.quantile(1)

    def _prior_problems(self, *others: tuple[str, bool]) -> list[str]:
        """Return what is wrong with the range and the prior, of one that has a prior.

        Args:
            others: What excludes a prior, by its word, and whether it is given.
        """
        found = [
            f"{name} must be a number, got {shown(value)}"
            for name, value in (("low", self.low), ("high", self.high))
            if not is_number(value) or not (value in _INFINITE or is_finite(value))
        ]
        if found:
            return found
        if self.low > self.high or self.low == math.inf or self.high == -math.inf:
            found.append(f"the range [{self.low!r}, {self.high!r}] is reversed")
        elif self.low == self.high:
            text = f"a range of one value {self.low!r} takes no step and no prior"
            found.append(text)
        exclusive = [name for name, is_given in others if is_given]
        if exclusive:
            found.append(" and ".join([*exclusive, "prior="]) + " exclude each other")
        found += law_problems(self.prior)
        return found or self._mass_problems()

    def _mass_problems(self) -> list[str]:
        prior, low, high = cast("Prior", self.prior), self.low, self.high
        if isinstance(prior, LogNormal) and low < 0:
            return [f"a LogNormal prior needs low >= 0, got low={low!r}"]
        try:
            if is_discrete(prior) and not self.takes_discrete:
                return [f"{prior!r} has whole numbers only: give it to an Int"]
            mass = self._truncated.mass
        except ImportError:
            return []  # as of `law_problems`
        if not mass >= SMALLEST_MASS:
            least = f"{SMALLEST_MASS:g} of it"
            return [
                f"{prior!r} has no mass in [{low!r}, {high!r}], or less than {least}"
            ]
        if not self._truncated.is_computable:
            where = f"[{low!r}, {high!r}]"
            return [f"what is drawn of {prior!r} in {where} cannot be held by floats"]
        return []

    @cached_property
    def _truncated(self) -> Truncated:
        return Truncated(cast("Prior", self.prior), *self._drawn_ends())

    def _drawn_ends(self) -> tuple[float, float]:
        """Return the ends of what is drawn before it is rounded."""
        return self.low, self.high

    def _edges(self, value: float) -> tuple[float, float]:
        """Return the ends of the draws that are rounded to a value."""
        return value, value

    def _rounded(self, drawn: float) -> Any:
        """Return the value for a draw."""
        return drawn

    @cached_property
    def _sound(self) -> Truncated:
        """The prior on the range, of one that is sound.

        Raises:
            SpaceError: If it is not: there is no mass in the range, say.
        """
        if found := self.problems():
            raise SpaceError.invalid(found)
        return self._truncated

    def quantile(self, u: float) -> Any:
        """Return the value below which the fraction `u` of the prior's mass lies.

        Args:
            u: Between 0 and 1, both included.

        Raises:
            SpaceError: If the parameter itself is wrong.
        """
        return self._rounded(self._sound.quantile(u))

    def cumulative(self, value: float) -> float:
        """Return the fraction of the prior's mass below `value`.

        Of a value that draws are rounded to, half of its own mass counts.
        """
        low, high = self._edges(value)
        below = self._sound.cumulative(low)
        if low == high:
            return below
        return below + (self._sound.cumulative(high) - below) / 2

    @property
    def middle(self) -> Any:
        """The median where an end is infinite; else the middle of the range."""
        return self.quantile(0.5) if self.is_unbounded else super().middle

    def source(self) -> str:
        """Return the source that makes it, without its condition."""
        arguments = [_number(self.low), _number(self.high), *self._more_arguments()]
        if self.prior is not None:
            arguments.append(f"prior=hpbridge.{self.prior!r}")
        return f"hpbridge.{type(self).__name__}({', '.join(arguments)})"

    def _more_arguments(self) -> list[str]:
        return []


def fields_with_prior(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a parameter for those in JSON: ends and prior read."""
    found = {**fields, "prior": prior_of(fields.get("prior"))}
    return {n: bound_of(v) if n in {"low", "high"} else v for n, v in found.items()}


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "math.inf" if value > 0 else "-math.inf"
