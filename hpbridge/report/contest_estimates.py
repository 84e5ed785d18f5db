"""Means over problems and seeds, with their intervals, of many places at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

FEWEST_PROBLEMS = 3
"""With fewer than these, intervals are for new seeds on these very problems."""


Ends = tuple[float, float, float]
"""A mean and both ends of its interval; NaN where there is none."""


@dataclass(frozen=True)
class Estimate:
    """Means with their intervals.

    Attributes:
        mean: Shape (O, G), or (O,).
        low: Lower ends of the 95 % intervals; NaN where there is none.
        high: Upper ends.
    """

    mean: Array
    low: Array
    high: Array

    def at(self, optimizer: int, place: int = -1) -> Ends:
        """Return a mean and both ends of its interval; of the last place by default."""
        return tuple(  # type: ignore[return-value]
            float(each[optimizer][place]) for each in (self.mean, self.low, self.high)
        )


def least(values: Array) -> float:
    """Return the least value; NaN where none is finite."""
    import numpy as np

    return float(np.nanmin(values)) if np.isfinite(values).any() else math.nan


def median(values: Array) -> float:
    """Return the median of what is there; NaN where it is not finite."""
    import numpy as np

    known = values[~np.isnan(values)]
    found = float(np.median(known)) if known.size else math.nan
    return found if math.isfinite(found) else math.nan


def mean_of(values: Array, axis: int) -> Array:
    """Return means over what is there; NaN where nothing is."""
    import numpy as np

    is_there = ~np.isnan(values)
    n = is_there.sum(axis=axis)
    total = np.where(is_there, values, 0.0).sum(axis=axis)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def estimate(
    values: Array, within: tuple[float, float] = (-math.inf, math.inf)
) -> Estimate:
    """Return means over problems of means over seeds, with their 95 % intervals.

    From three problems on, the intervals are for new problems like these; below, for
    new seeds on these very problems.

    Args:
        values: Shape (P, O, S, G). NaN is no run, and left out.
        within: What a mean can be: intervals do not go beyond it.
    """
    import numpy as np

    from hpbridge.analysis.statistics.hierarchy import hierarchical_band

    n_problems, n_optimizers, _, n_places = values.shape
    mean = mean_of(mean_of(values, axis=2), axis=0)
    low, high = np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    for o in range(n_optimizers):
        own = values[:, o]
        if n_problems >= FEWEST_PROBLEMS:
            band = hierarchical_band(own)
            low[o], high[o] = band.low, band.high
            continue
        if n_problems == 1:
            low[o], high[o] = _of_seeds(own[0])
            continue
        for g in range(n_places):
            low[o, g], high[o, g] = _of_these(own[..., g])
    return Estimate(mean, np.maximum(low, within[0]), np.minimum(high, within[1]))


def _of_seeds(values: Array) -> tuple[Array, Array]:
    """Return the intervals of one problem at all places; shape (S, G)."""
    import numpy as np

    from hpbridge.analysis.statistics.intervals import mean_band

    band = mean_band(values[~np.isnan(values).all(axis=1)].T)
    return band.low, band.high


def _of_these(values: Array) -> tuple[float, float]:
    """Return the interval for new seeds on these problems; shape (P, S)."""
    from hpbridge.analysis.statistics.hierarchy import these_problems

    if not values.size:
        return math.nan, math.nan
    found = these_problems(values)
    return found.low, found.high


def wins_over(values: Array, reference: Array) -> Array:
    """Return how each run fares against another optimizer's runs of its problem.

    The mean over runs is the probability that one is better than one of the reference,
    ties half; their spread is that of both samples (the projection of Hoeffding).

    Args:
        values: Shape (P, O, S, G).
        reference: Shape (P, S, G).
    """
    import numpy as np

    found = np.empty_like(values)
    for p in range(values.shape[0]):
        ours, theirs = values[p][:, :, None, :], reference[p][None, None, :, :]
        wins = (ours < theirs) + 0.5 * (ours == theirs)
        is_there = ~(np.isnan(ours) | np.isnan(theirs))
        wins = np.where(is_there, wins, np.nan)
        own, others = mean_of(wins, axis=2), mean_of(wins, axis=1)
        found[p] = own + others - mean_of(own, axis=1)[:, None, :]
    return found
