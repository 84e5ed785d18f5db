"""Ranks of optimizers within problems: 1 is the best, ties share their mean rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

BLOCK = 1 << 17
"""Values whose ranks over time are found at once: what keeps memory small."""


def failed_last(values: npt.ArrayLike) -> Array:
    """Return values with every failed cell as inf: all of them are worst and tie.

    A failed cell is NaN, or infinite of either sign: no run has such a value.
    """
    import numpy as np

    found = np.array(values, dtype=np.float64)
    found[~np.isfinite(found)] = np.inf
    return found


def ranks(scores: npt.ArrayLike) -> Array:
    """Return the ranks within problems, of shape (P, k) like the scores.

    Args:
        scores: Shape (P, k), one value by problem and optimizer. Failed cells are last.

    Source:
        `scipy.stats.rankdata(..., axis=1)`.
    """
    from scipy import stats

    found: Array = stats.rankdata(failed_last(scores), axis=1)
    return found


def mean_ranks(scores: npt.ArrayLike) -> Array:
    """Return the mean rank over problems, of shape (k,).

    Args:
        scores: Shape (P, k). Failed cells are last.

    Source:
        Equal to autorank 1.3.0's `meanrank` with `order="ascending"`.
    """
    found: Array = ranks(scores).mean(axis=0)
    return found


def ranks_over_time(best: npt.ArrayLike) -> Array:
    """Return the mean rank after each trial, over problems and seeds: shape (O, T).

    Optimizers are ranked against each other on the same problem with the same seed;
    these ranks are averaged over seeds and then over problems, so that each problem
    counts the same.

    Args:
        best: Shape (P, O, S, T). Cells without a value are last. A seed of a problem
            that no optimizer has a run of says nothing, and is left out.
    """
    import numpy as np

    found = np.asarray(best, dtype=np.float64)
    problems, optimizers, _, trials = found.shape
    total = np.zeros((optimizers, trials))
    counted = 0
    for problem in range(problems):
        there = ~np.isnan(found[problem]).all(axis=(0, 2))
        if there.any():
            total += _mean_ranks_of_runs(found[problem][:, there])
            counted += 1
    return total / counted if counted else np.full((optimizers, trials), np.nan)


def _mean_ranks_of_runs(runs: Array) -> Array:
    """Return the mean over seeds of ranks: from (O, S, T) to (O, T)."""
    import numpy as np

    optimizers, seeds, trials = runs.shape
    step = max(1, BLOCK // (optimizers * seeds))
    means = np.empty((optimizers, trials))
    for start in range(0, trials, step):
        block = failed_last(runs[:, :, start : start + step])
        for one in range(optimizers):
            # Those that are better, and half of those that tie, itself among them.
            better = (block < block[one]).sum(axis=0)
            tied = (block == block[one]).sum(axis=0)
            means[one, start : start + step] = (better + (tied + 1) / 2).mean(axis=0)
    return means
