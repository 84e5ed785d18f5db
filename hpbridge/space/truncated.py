"""The laws of priors on a range: which share of the mass lies below a value, and back.

Everything here is of a law that `hpbridge.space.priors.law_problems` found sound.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, Protocol

from hpbridge.errors import SpaceError
from hpbridge.space.priors import LogNormal, Normal, Prior, ScipyPrior, frozen_of

if TYPE_CHECKING:
    from collections.abc import Callable

SMALLEST_MASS = 1e-9
"""Below this mass, the inverse of a truncated law has no precise digits left."""

SMALLEST_SHARE = 2.0**-53
"""What lies farther out than this share of the mass is never proposed; of a range
without an end it is its end. A float below 1 comes no closer to 1."""

SMALLEST_COUNTED = 1e-9
"""The same of whole numbers: scipy counts its way to the last of them."""

_FAR_OUT = 0.999
"""From here on the mass is counted from above: so close to 1, floats are coarse."""

_TRIED = (0.0, 1e-12, 0.1, 0.5, 0.9, 1.0)
"""Shares of the mass whose values tell whether a law can be computed with."""

_FAR_BELOW = -4
"""Standard deviations: below that, `NormalDist.cdf` of Python 3.11 is coarse."""


class Law(Protocol):
    """What a prior is before it is truncated."""

    is_discrete: bool
    support: tuple[float, float]

    def below(self, value: float) -> float:
        """Return the mass up to a value."""

    def above(self, value: float) -> float:
        """Return the mass beyond a value."""

    def at(self, below: float) -> float:
        """Return the value with this mass below it."""

    def at_above(self, above: float) -> float:
        """Return the value with this mass above it."""

    def has_density(self, value: float) -> bool:
        """Say whether a value at an end of the support is as likely as others."""


class _Gaussian:
    is_discrete = False

    def __init__(self, prior: Normal | LogNormal) -> None:
        # Here, since few spaces have a prior, and its import is a fifth of ours.
        from statistics import NormalDist

        self._normal = NormalDist(prior.mu, prior.sigma)
        self._is_log = isinstance(prior, LogNormal)
        self.support = (0.0 if self._is_log else -math.inf, math.inf)

    def below(self, value: float) -> float:
        value = self._scale(value)
        if self._distance(value) < _FAR_BELOW:
            return math.erfc(-self._distance(value) / math.sqrt(2)) / 2
        return self._normal.cdf(value)

    def above(self, value: float) -> float:
        return math.erfc(self._distance(self._scale(value)) / math.sqrt(2)) / 2

    def at(self, below: float) -> float:
        return self._back(self._normal.inv_cdf(below))

    def at_above(self, above: float) -> float:
        return self._back(2 * self._normal.mean - self._normal.inv_cdf(above))

    def has_density(self, value: float) -> bool:  # noqa: ARG002 - at 0, none
        return False

    def _distance(self, value: float) -> float:
        return (value - self._normal.mean) / self._normal.stdev

    def _scale(self, value: float) -> float:
        if not self._is_log:
            return value
        return math.log(value) if value > 0 else -math.inf

    def _back(self, value: float) -> float:
        if not self._is_log:
            return value
        try:
            return math.exp(value)
        except OverflowError:
            return math.inf


class _Scipy:
    def __init__(self, prior: ScipyPrior) -> None:
        self._frozen = frozen_of(prior)
        self.is_discrete = hasattr(self._frozen.dist, "pmf")
        low, high = self._frozen.support()
        self.support = (float(low), float(high))

    def below(self, value: float) -> float:
        return _quietly(self._frozen.cdf, value)

    def above(self, value: float) -> float:
        return _quietly(self._frozen.sf, value)

    def at(self, below: float) -> float:
        return _quietly(self._frozen.ppf, below)

    def at_above(self, above: float) -> float:
        value = _quietly(self._frozen.isf, above)
        # scipy 1.17.1: poisson(2).isf(1e-17) is NaN.
        return self.at(1 - max(above, SMALLEST_SHARE)) if math.isnan(value) else value

    def has_density(self, value: float) -> bool:
        density = self._frozen.pmf if self.is_discrete else self._frozen.pdf
        return 0 < _quietly(density, value) < math.inf


def _quietly(function: Callable[[float], Any], value: float) -> float:
    import numpy as np

    with np.errstate(all="ignore"):
        try:
            return float(function(value))
        except (ArithmeticError, RecursionError):  # scipy's truncnorm, far out
            return math.nan


@functools.cache
def law_of(prior: Prior) -> Law:
    """Return the law of a prior, before it is truncated."""
    return _Scipy(prior) if isinstance(prior, ScipyPrior) else _Gaussian(prior)


class Truncated:
    """A law on a range.

    Args:
        prior: The law.
        low: The lower end of the range; may be infinite.
        high: The upper end.

    Attributes:
        mass: What the range has of the whole law.
    """

    def __init__(self, prior: Prior, low: float, high: float) -> None:
        self._prior = prior
        self._law = law = law_of(prior)
        self._low, self._high = low, high
        self._least = SMALLEST_COUNTED if law.is_discrete else SMALLEST_SHARE
        self._below, end = law.below(low), law.below(high)
        self._is_far_out = self._below > _FAR_OUT
        self.mass = end - self._below
        if self._is_far_out:
            self._above = law.above(high)
            self.mass = law.above(low) - self._above

    @functools.cached_property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value that is proposed."""
        low, high = self._low, self._high
        share = self._least * self.mass
        if not self._reaches(low):
            low = max(self._law.at(self._law.below(low) + share), low)
        if not self._reaches(high):
            high = min(self._law.at_above(self._law.above(high) + share), high)
        return low, high

    def _reaches(self, end: float) -> bool:
        if not math.isfinite(end):
            return False
        low, high = self._law.support
        return low < end < high or self._law.has_density(end)

    @functools.cached_property
    def is_computable(self) -> bool:
        """Whether floats hold what is drawn, and the law finds it.

        Source:
            scipy 1.17.1: ``beta(8e306, 3e217).ppf(0.1)`` is NaN, that of
            ``weibull_min(6e-111)`` inf, and ``truncnorm(-1e-37, 9e302)`` falls.
        """
        try:
            values = [self._value_at(u) for u in _TRIED]
            for value in values:
                self.cumulative(value)
        except SpaceError:
            return False
        is_inside = all(self._low <= value <= self._high for value in values)
        return (
            is_inside and values == sorted(values) and all(map(math.isfinite, values))
        )

    def quantile(self, u: float) -> float:
        """Return the value below which this share of the mass in the range lies.

        Raises:
            SpaceError: If the law does not tell it.
        """
        low, high = self.ends
        return min(max(self._value_at(u), low), high)

    def _value_at(self, u: float) -> float:
        if u < self._least:  # scipy's t(3).ppf(1e-300) is inf
            return self.ends[0]
        if u > 1 - self._least:
            return self.ends[1]
        if self._is_far_out:
            share = self._above + (1 - u) * self.mass
            value = self._law.at_above(share)
        else:
            share = self._below + u * self.mass
            if share <= 0 or share >= 1:
                return self.ends[share >= 1]
            value = self._law.at(share)
        return min(max(self._told(value), self._low), self._high)

    def cumulative(self, value: float) -> float:
        """Return the share of the mass in the range that lies below a value.

        Raises:
            SpaceError: If the law does not tell it.
        """
        if self._is_far_out:
            share = 1 - (self._law.above(value) - self._above) / self.mass
        else:
            share = (self._law.below(value) - self._below) / self.mass
        return min(max(self._told(share), 0.0), 1.0)

    def _told(self, number: float) -> float:
        """Return what a law tells, which may be no number."""
        if math.isnan(number):
            problem = f"{self._prior!r} has values that its law cannot compute"
            raise SpaceError.invalid([problem])
        return number


def is_discrete(prior: Prior) -> bool:
    """Say whether a prior has whole numbers only."""
    return law_of(prior).is_discrete


def supported(prior: object, low: Any, high: Any) -> tuple[Any, Any]:
    """Return the ends of a range, those of the law for what is infinite."""
    if not isinstance(prior, ScipyPrior) or (low != -math.inf and high != math.inf):
        return low, high
    try:
        law = law_of(prior)
    except (ImportError, LookupError, TypeError):
        return low, high  # told by its problems
    first, last = law.support
    kind = int if law.is_discrete else float
    # Where they do not meet, the problem is told of the range as it was given.
    if low == -math.inf and -math.inf < first < high:
        low = kind(first)
    if high == math.inf and low < last < math.inf:
        high = kind(last)
    return low, high
