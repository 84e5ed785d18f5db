"""How probably a run of one optimizer is better than a run of another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.analysis.statistics.hierarchy import hierarchical_bootstrap
from hpbridge.analysis.statistics.intervals import (
    CONFIDENCE,
    DRAWS,
    Band,
    Interval,
    mean_band,
)
from hpbridge.analysis.statistics.ranks import failed_last

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

LEAST_RUNS = 4
"""Of each; of three, all are better than all others one time in ten by chance alone."""

TRUST = 60
"""Runs at which the spread that was found counts as much as the one of theory."""

LEAST_PROBLEMS = 5
"""From here on, problems are what an interval is over; below, runs are."""


def p_beats(
    first: npt.ArrayLike, second: npt.ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Return the probability that a run of the first is better, ties counting half.

    All runs are compared with all others (A12, the area under the ROC curve), as
    independent ones. The interval is Newcombe's score interval, its variance drawn
    towards the one found (Brunner and Munzel's) the more, the more runs there are: in
    simulations of normal runs, of equal and of threefold spread, and of exponential
    ones, of 5 to 30 runs each, it holds the truth in 93 to 97 %; of runs that mostly
    tie, more.

    Args:
        first: Shape (n,). Failed cells are worst and tie. From 4 runs of each on.
        second: Shape (m,).
        confidence: In (0, 1).

    Source:
        R. G. Newcombe, Statistics in Medicine 25 (2006) 559-573, method 5; E. Brunner
        and U. Munzel, Biometrical Journal 42 (2000) 17-25.
    """
    import numpy as np

    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    band = _band(a[None], b[None], confidence)
    return Interval(
        float(band.value[0]), float(band.low[0]), float(band.high[0]), band.why_none
    )


def p_beats_of_problems(first: npt.ArrayLike, second: npt.ArrayLike) -> Array:
    """Return the probability that a run of the first is better, by problem: (P,).

    Args:
        first: Shape (P, S). A run that is NaN is none, and left out of its problem; a
            problem without a run of either is NaN. Infinite ones failed, are worst,
            tie.
        second: Shape (P, S).
    """
    import numpy as np

    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    pairs = ~np.isnan(a)[:, :, None] & ~np.isnan(b)[:, None, :]
    won = (_wins(failed_last(a), failed_last(b)) * pairs).sum(axis=(1, 2))
    count = pairs.sum(axis=(1, 2))
    return np.where(count > 0, won / np.maximum(count, 1), np.nan)


def p_beats_over_problems(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Return the mean over problems of `p_beats`: that a run of the first is better.

    Args:
        first: Shape (P, S), as `p_beats_of_problems` has it. From 5 problems on, the
            interval is for new problems; of one problem it is that of `p_beats`; of 2
            to 4 there is none.
        second: Shape (P, S).
        confidence: In (0, 1).
        draws: Resamples.
        seed: Of the resamples.
    """
    import numpy as np

    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    found = p_beats_of_problems(a, b)
    there = ~np.isnan(found)
    if there.sum() == 1:
        runs, others = a[there][0], b[there][0]
        return p_beats(
            runs[~np.isnan(runs)], others[~np.isnan(others)], confidence=confidence
        )
    if there.sum() < LEAST_PROBLEMS:
        mean = float(found[there].mean()) if there.any() else math.nan
        count = int(there.sum())
        return Interval(mean, why_none=f"{count} problems; it takes {LEAST_PROBLEMS}")
    return hierarchical_bootstrap(
        found[there][:, None], confidence=confidence, draws=draws, seed=seed
    )


def p_beats_over_time(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Band:
    """Return `p_beats_over_problems` after each trial, of shape (T,).

    Args:
        first: Shape (P, S, T).
        second: Shape (P, S, T).
        confidence: Of each point by itself.
        draws: Resamples.
        seed: Of the resamples.
    """
    import numpy as np

    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    shares = np.stack(
        [p_beats_of_problems(of.T, other.T) for of, other in zip(a, b, strict=True)],
        axis=1,
    )
    shares = shares[:, ~np.isnan(shares).all(axis=0)]
    problems = shares.shape[1]
    if problems == 1:
        of = [problem for problem, runs in enumerate(a) if not np.isnan(runs).all()]
        runs, others = a[of[0]], b[of[0]]
        runs = runs[~np.isnan(runs).all(axis=1)]
        others = others[~np.isnan(others).all(axis=1)]
        return _band(runs.T, others.T, confidence)
    if problems < LEAST_PROBLEMS:
        value = shares.mean(axis=1) if problems else np.full(len(shares), np.nan)
        none = np.full(len(shares), np.nan)
        why = f"{problems} problems; it takes {LEAST_PROBLEMS}"
        return Band(value, none, none, why)
    return mean_band(shares, confidence=confidence, draws=draws, seed=seed)


def _wins(first: Array, second: Array) -> Array:
    """Return 1 where the first is better, 1/2 where they tie: (..., n, m)."""
    a, b = first[..., :, None], second[..., None, :]
    found: Array = (a < b) + 0.5 * (a == b)
    return found


def _band(first: Array, second: Array, confidence: float) -> Band:
    """Return probability and interval of each row: from (..., n) and (..., m)."""
    import numpy as np
    from scipy import stats

    wins = _wins(failed_last(first), failed_last(second))
    n, m = wins.shape[-2:]
    none = np.full(wins.shape[:-2], np.nan)
    if not n * m:
        return Band(none, none, none, "there are no runs to compare")
    value = wins.mean(axis=(-2, -1))
    if min(n, m) < LEAST_RUNS:
        why = f"{min(n, m)} run{'s' * (min(n, m) != 1)}; it takes {LEAST_RUNS} of each"
        return Band(value, none, none, why)
    size = (n + m) / 2 - 1
    # Away from 0 and 1, where neither variance says anything.
    inside = (value * n * m + size / 2) / (n * m + size)
    found = wins.mean(axis=-1).var(axis=-1, ddof=1) / n
    found = found + wins.mean(axis=-2).var(axis=-1, ddof=1) / m
    ratio = np.maximum(found / _variance(inside, n, m), 0.4)
    ratio **= (n + m) / (n + m + TRUST)
    quantile = float(stats.norm.ppf((1 + confidence) / 2))
    low = _least(value, ratio, n, m, quantile)
    high = 1 - _least(1 - value, ratio, n, m, quantile)
    return Band(value, low, high)


def _variance(share: Array, n: int, m: int) -> Array:
    """Return Newcombe's variance of the share of pairs won, where that is the truth."""
    size = (n + m) / 2 - 1
    spread = (1 - share) / (2 - share) + share / (1 + share)
    return share * (1 - share) * (1 + size * spread) / (n * m)


def _least(value: Array, ratio: Array, n: int, m: int, quantile: float) -> Array:
    """Return the least truth that a score test does not reject, by bisection."""
    import numpy as np

    lower, upper = np.zeros_like(value), np.array(value)
    for _ in range(50):
        middle = (lower + upper) / 2
        deviation = np.sqrt(ratio * np.maximum(_variance(middle, n, m), 0.0))
        rejected = value - middle > quantile * deviation
        lower = np.where(rejected, middle, lower)
        upper = np.where(rejected, upper, middle)
    return upper
