"""Normalised regret and bayesmark's score."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]


def normalised(
    best: npt.ArrayLike, optimum: npt.ArrayLike, clip: npt.ArrayLike
) -> Array:
    """Return (min(best, clip) - optimum) / (clip - optimum), in [0, 1]: 0 is best.

    Args:
        best: Any shape whose first axis is problems, (P, ...). A run that failed (inf)
            is 1: it is as bad as what counts as worst. NaN is no run and stays NaN.
        optimum: Shape (P,) or a number. Values below it count as 0.
        clip: Shape (P,) or a number: bayesmark takes the median of one random
            evaluation. Where it is not above the optimum, nothing is left to gain: NaN.

    Source:
        bayesmark 0.0.8, docs/scoring.rst.
    """
    import numpy as np

    given = np.asarray(best, dtype=np.float64)
    shape = (-1,) + (1,) * (given.ndim - 1)
    low = np.asarray(optimum, dtype=np.float64)
    high = np.asarray(clip, dtype=np.float64)
    low, high = (one.reshape(shape) if one.ndim else one for one in (low, high))
    span = np.where(high > low, high - low, np.nan)
    found: Array = np.clip((np.minimum(given, high) - low) / span, 0.0, 1.0)
    return found


def bayesmark_score(normal: npt.ArrayLike) -> float:
    """Return 100 (1 - mean over problems and seeds): 100 is the optimum, 0 the clip.

    Args:
        normal: Shape (P, S): of `normalised`, after the last trial. NaN is left out,
            with its problem where that has nothing else. With
            `hierarchy.hierarchical_bootstrap` of the same comes the interval: 100 (1 -
            its ends).

    Source:
        bayesmark 0.0.8, docs/scoring.rst, the leaderboard of NeurIPS 2020.
    """
    import numpy as np

    from hpbridge.analysis.statistics.hierarchy import problem_means

    means = problem_means(normal)
    means = means[~np.isnan(means)]
    return 100 * (1 - float(means.mean())) if len(means) else float("nan")


def bayesmark_clip(first: npt.ArrayLike) -> Array:
    """Return what a problem is clipped at: the median of one random evaluation.

    Args:
        first: Shape (P, S): random search's value after its first trial, by seed, or
            all values of its trials: any (P, n) of single evaluations. NaN is left out;
            failed ones (inf) are worst.
    """
    import numpy as np

    ordered = np.sort(np.asarray(first, dtype=np.float64), axis=1)
    counts = (~np.isnan(ordered)).sum(axis=1)
    if not ordered.shape[1]:
        return np.full(len(ordered), np.nan)
    rows = np.arange(len(ordered))
    lower = ordered[rows, np.maximum((counts - 1) // 2, 0)]
    upper = ordered[rows, np.minimum(counts // 2, ordered.shape[1] - 1)]
    found: Array = np.where(lower == upper, lower, (lower + upper) / 2)
    return found


def expected_min(pool: npt.ArrayLike, m: npt.ArrayLike) -> Array:
    """Return the expected least of m values drawn from a pool without repeats.

    What random search finds in m trials, from all its trials pooled.

    Args:
        pool: Shape (n,): values of single evaluations, independent. With failed ones
            the expectation is infinite wherever all m may be failed.
        m: How many are drawn, from 1 to n; a number or an array of them.

    Source:
        bayesmark 0.0.8, `expected_max`: sum of C(n - i, m - 1) / C(n, m) y_(i).
    """
    import numpy as np
    from scipy.special import gammaln

    from hpbridge.analysis.statistics.ranks import failed_last

    values = np.sort(failed_last(pool))
    n = len(values)
    drawn = np.asarray(m, dtype=np.float64)
    if n == 0 or (drawn < 1).any() or (drawn > n).any():
        message = f"m must be from 1 to the size of the pool, {n}"
        raise ValueError(message)
    rest = n - np.arange(1, n + 1.0)
    take = drawn[..., None] - 1
    with np.errstate(invalid="ignore"):
        logs = gammaln(rest + 1) - gammaln(take + 1) - gammaln(rest - take + 1)
    whole = gammaln(n + 1) - gammaln(drawn + 1) - gammaln(n - drawn + 1)
    weights = np.where(rest >= take, np.exp(logs - whole[..., None]), 0.0)
    terms = np.where(weights > 0, weights * np.where(weights > 0, values, 0.0), 0.0)
    found: Array = terms.sum(axis=-1)
    return found
