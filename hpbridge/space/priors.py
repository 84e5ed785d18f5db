"""Priors of a float: a normal or a log-normal, truncated to the parameter's range."""

from __future__ import annotations

import functools
import math
import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence
    from statistics import NormalDist

# Below this mass, the inverse of a truncated normal has no precise digits left.
_SMALLEST_MASS = 1e-9


@dataclass(frozen=True)
class Normal:
    """A normal prior, truncated to the parameter's range."""

    mu: float
    """Mean, in the parameter's unit."""
    sigma: float
    """Standard deviation, in the parameter's unit."""

    def __post_init__(self) -> None:
        _make_plain(self)


@dataclass(frozen=True)
class LogNormal:
    """A log-normal prior, truncated to the parameter's range."""

    mu: float
    """Mean of the natural logarithm of the parameter."""
    sigma: float
    """Standard deviation of the natural logarithm of the parameter."""

    def __post_init__(self) -> None:
        _make_plain(self)


def _make_plain(prior: Prior) -> None:
    for name in ("mu", "sigma"):
        value = getattr(prior, name)
        if isinstance(value, numbers.Real) and not isinstance(value, bool):
            object.__setattr__(prior, name, float(value))  # the dataclass is frozen


Prior: TypeAlias = "Normal | LogNormal"


def prior_to_json(prior: Prior) -> list[Any]:
    """Return a prior as JSON data."""
    return [type(prior).__name__.lower(), prior.mu, prior.sigma]


def prior_of(data: Sequence[Any] | None) -> Prior | None:
    """Return the prior that `prior_to_json` wrote; None for none."""
    if data is None:
        return None
    kinds: dict[str, type[Prior]] = {"normal": Normal, "lognormal": LogNormal}
    return kinds[data[0]](data[1], data[2])


def prior_problems(prior: object, low: float, high: float) -> list[str]:
    """Return what is wrong with a prior on a range that is right by itself."""
    if prior is None:
        return []
    if not isinstance(prior, (Normal, LogNormal)):
        return [f"prior must be Normal or LogNormal, got {prior!r}"]
    given = (prior.mu, prior.sigma)
    if not all(isinstance(x, float) and math.isfinite(x) for x in given):
        return [f"the prior's mu and sigma must be finite numbers, got {prior!r}"]
    problem = ""
    if prior.sigma <= 0:
        problem = f"the prior needs sigma > 0, got {prior!r}"
    elif isinstance(prior, LogNormal) and low <= 0:
        problem = f"a LogNormal prior needs low > 0, got low={low!r}"
    elif not _has_mass(prior, low, high):
        problem = f"{prior!r} has no mass in [{low!r}, {high!r}]"
    return [problem] if problem else []


def _has_mass(prior: Prior, low: float, high: float) -> bool:
    below, above = _ends(prior, low, high)
    return above - below >= _SMALLEST_MASS


@functools.cache
def _normal(prior: Prior) -> NormalDist:
    # Here, since few spaces have a prior, and its import is a fifth of ours.
    from statistics import NormalDist

    return NormalDist(prior.mu, prior.sigma)


@functools.cache
def _ends(prior: Prior, low: float, high: float) -> tuple[float, float]:
    """Return the mass of the whole distribution below each bound."""
    scale = math.log if isinstance(prior, LogNormal) else float
    return _normal(prior).cdf(scale(low)), _normal(prior).cdf(scale(high))


def quantile(prior: Prior, low: float, high: float, u: float) -> float:
    """Return the value below which the fraction `u` of the truncated mass lies."""
    below, above = _ends(prior, low, high)
    share = below + u * (above - below)
    if u <= 0 or share <= 0:
        return low
    if u >= 1 or share >= 1:
        return high
    value = _normal(prior).inv_cdf(share)
    if isinstance(prior, LogNormal):
        value = math.exp(value)
    return min(max(value, low), high)


def cumulative(prior: Prior, low: float, high: float, value: float) -> float:
    """Return the fraction of the truncated mass below `value`."""
    below, above = _ends(prior, low, high)
    scale = math.log if isinstance(prior, LogNormal) else float
    share = _normal(prior).cdf(scale(value))
    return min(max((share - below) / (above - below), 0.0), 1.0)
