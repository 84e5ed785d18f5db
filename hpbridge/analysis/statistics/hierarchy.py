"""Intervals over problems and seeds: which of both has chance in it decides.

The unit of a claim about optimizers is the problem; seeds are repeats within it. What
is to hold for other problems like these is resampled over problems and seeds; of a
single problem, or of few, what is left to say is of these very problems, with other
seeds.

The difference of two optimizers is given as their difference by problem and seed, which
pairs them by seed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.analysis.statistics.intervals import (
    BLOCK,
    CONFIDENCE,
    LEAST_OF_BOOTSTRAP,
    LEAST_OF_MEAN,
    Band,
    Interval,
    bootstrap_mean,
    mean_band,
    studentized_ends,
)
from hpbridge.analysis.statistics.intervals import DRAWS as DRAWS_OF_MEANS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]


DRAWS = 2000
"""Resamples of two levels."""


def problem_means(per_problem: npt.ArrayLike) -> Array:
    """Return means over seeds of (P, S, ...): NaN is no run, and left out."""
    import numpy as np

    given = np.asarray(per_problem, dtype=np.float64)
    there = ~np.isnan(given)
    counts = there.sum(axis=1)
    sums = np.where(there, given, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def hierarchical_bootstrap(
    per_problem: npt.ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Return the mean over problems and seeds, with an interval for new problems.

    Problems are resampled, then the seeds within each. Each resample is studentized by
    the spread of its problems' means, which takes out what the second level adds:
    without it, the two-level bootstrap of few problems is too short, and of few seeds
    too long.

    Args:
        per_problem: Shape (P, S): of one optimizer, or the difference of two. NaN is no
            run and left out, with its problem where it has no other; give failures the
            value that they count as (`scores.normalised` gives 1). From 5 problems on,
            of fewer (3 and 4) `intervals.bootstrap_mean` of their means.
        confidence: In (0, 1).
        draws: Resamples.
        seed: Of the resamples.

    Source:
        A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application (1997),
        sections 3.8 and 5.2.
    """
    import numpy as np

    given = np.asarray(per_problem, dtype=np.float64)
    means = problem_means(given)
    there = ~np.isnan(means)
    given, means = given[there], means[there]
    if len(means) < LEAST_OF_BOOTSTRAP or not np.isfinite(means).all():
        found = bootstrap_mean(means, confidence=confidence, draws=draws, seed=seed)
        why = found.why_none
        if len(means) < LEAST_OF_MEAN:
            count = f"{len(means)} problem" + ("" if len(means) == 1 else "s")
            why = f"{count}: new ones take {LEAST_OF_MEAN} to speak of"
        return Interval(found.value, found.low, found.high, why)
    mean = means.mean()
    drawn = _two_levels(given - mean, draws, seed)
    error = means.std(ddof=1) / math.sqrt(len(means))
    low, high = studentized_ends(mean, error, drawn, confidence)
    return Interval(float(mean), float(low), float(high))


def hierarchical_band(
    per_problem: npt.ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS_OF_MEANS,
    seed: int = 0,
) -> Band:
    """Return the mean after each trial, with its interval for new problems: (T,).

    A resampled problem keeps its runs, whole: with the studentized bootstrap of problem
    means that gives the same intervals as two levels, at the cost of one.

    Args:
        per_problem: Shape (P, S, T). NaN is no run and left out. A problem without a
            value at any trial is left out.
        confidence: Of each point by itself.
        draws: Resamples.
        seed: Of the resamples.

    Source:
        Davison and Hinkley (1997), section 3.8, the first of its strategies.
    """
    import numpy as np

    means = problem_means(per_problem)
    means = means[~np.isnan(means).all(axis=1)]
    return mean_band(means.T, confidence=confidence, draws=draws, seed=seed)


def these_problems(
    per_problem: npt.ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Return the mean, with an interval for new seeds of these very problems.

    It says nothing of other problems. Student's t with Satterthwaite's degrees of
    freedom, from the spread of seeds within each problem.

    Args:
        per_problem: Shape (P, S), P from 1. NaN is no run and left out; each problem
            takes at least 3 runs, or there is no interval. A problem whose seeds are
            all equal adds no chance.
        confidence: In (0, 1).

    Source:
        F. E. Satterthwaite, Biometrics Bulletin 2 (1946) 110-114.
    """
    import numpy as np
    from scipy import stats

    given = np.asarray(per_problem, dtype=np.float64)
    means = problem_means(given)
    there = ~np.isnan(means)
    given, means = given[there], means[there]
    counts = (~np.isnan(given)).sum(axis=1)
    value = float(means.mean()) if len(means) else math.nan
    if not len(means) or counts.min() < LEAST_OF_MEAN:
        why = (
            f"a problem with fewer than {LEAST_OF_MEAN} runs says nothing of its chance"
        )
        return Interval(value, why_none=why)
    if not math.isfinite(value):
        return Interval(value, why_none="a failed run has no size to average")
    if len(means) == 1:
        return bootstrap_mean(given[0], confidence=confidence)
    parts = np.nanvar(given, axis=1, ddof=1) / counts
    whole = parts.sum()
    if whole == 0:
        return Interval(value, value, value)
    freedom = whole**2 / (parts**2 / (counts - 1)).sum()
    half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * math.sqrt(whole)
    half /= len(means)
    return Interval(value, value - half, value + half)


def _two_levels(centred: Array, draws: int, seed: int) -> Array:
    """Return (mean - 0) / error of each two-level resample, of shape (draws,)."""
    import numpy as np

    rng = np.random.default_rng(seed)
    problems, seeds = centred.shape
    # Runs that are there stand first, so that one draw is one index.
    counts = (~np.isnan(centred)).sum(axis=1)
    runs = np.take_along_axis(
        centred, np.isnan(centred).argsort(axis=1, kind="stable"), 1
    )
    drawn = np.empty(draws)
    step = max(1, BLOCK // (problems * seeds))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        chosen = rng.integers(problems, size=(size, problems))
        of_each = counts[chosen]
        picks = (rng.random((size, problems, seeds)) * of_each[..., None]).astype(int)
        values = runs[chosen[..., None], picks]
        if counts.min() < seeds:
            values[np.arange(seeds) >= of_each[..., None]] = 0.0
        means = values.sum(axis=2) / of_each
        deviation = means.std(axis=1, ddof=1)
        deviation[deviation < 1e-12 * np.abs(means).max(axis=1)] = 0.0
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = means.mean(axis=1) / (deviation / math.sqrt(problems))
        drawn[start : start + size] = ratio
    return drawn
