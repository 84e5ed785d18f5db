"""Which optimizers differ: Wilcoxon's signed ranks over problems, with Holm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from hpbridge.analysis.statistics.effects import rank_biserial
from hpbridge.analysis.statistics.ranks import failed_last

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

Alternative = Literal["two-sided", "less", "greater"]

MOST_OF_TIES = 13
"""Problems, with ties among their differences, up to which p is exact: scipy's rule."""


@dataclass(frozen=True)
class Pairwise:
    """Tests of pairs, in arrays of shape (k, k); NaN where nothing was tested.

    Attributes:
        p: Of Wilcoxon's test, two-sided.
        adjusted: By Holm, over the pairs that were tested.
        statistic: The smaller of the sums of ranks.
        effect: The rank-biserial correlation in [-1, 1]: above 0, the optimizer of the
            row is better than that of the column.
        low: Lower end of its interval.
        high: Upper end.
        n_pairs: How many pairs were tested.
    """

    p: Array
    adjusted: Array
    statistic: Array
    effect: Array
    low: Array
    high: Array
    n_pairs: int


def holm(p: npt.ArrayLike) -> Array:
    """Return Holm's adjusted p, of the shape of p; NaN is no test, and does not count.

    Source:
        S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70. Equal to statsmodels
        0.15.0's `multipletests(method="holm")`.
    """
    import numpy as np

    given = np.asarray(p, dtype=np.float64)
    adjusted = np.full(given.shape, np.nan)
    tested = ~np.isnan(given)
    values = given[tested]
    order = np.argsort(values, kind="stable")
    left = np.arange(len(values), 0, -1)
    steps = np.minimum(1.0, np.maximum.accumulate(values[order] * left))
    back = np.empty_like(steps)
    back[order] = steps
    adjusted[tested] = back
    return adjusted


def differences(first: npt.ArrayLike, second: npt.ArrayLike) -> Array:
    """Return first - second, of equal shapes: below 0, the first is better.

    Where only one failed, the difference is infinite: no size is invented, and all such
    differences tie as the greatest. Where both failed, it is 0.
    """
    import numpy as np

    a, b = failed_last(first), failed_last(second)
    with np.errstate(invalid="ignore"):
        found = a - b
    found[np.isnan(found)] = 0.0
    return found


def signed_rank(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    alternative: Alternative = "two-sided",
) -> tuple[float, float]:
    """Return the statistic and p of Wilcoxon's signed-rank test, paired by problem.

    Problems without a difference are left out; with none left, p is 1. Up to 50
    problems without ties, and up to 13 with any, p is exact; otherwise that of the
    normal distribution, corrected for ties.

    Args:
        first: Shape (P,). Failed cells as `differences` has them.
        second: Shape (P,), of the same problems.
        alternative: "less" asks whether the first is better.

    Source:
        F. Wilcoxon, Biometrics Bulletin 1 (1945) 80-83. Equal to
        `scipy.stats.wilcoxon`, and so to scikit-posthocs 0.17.1's `posthoc_wilcoxon`
        and (one-sided) to the `pvalue` of two populations of autorank 1.3.0.
    """
    import numpy as np
    from scipy import stats

    found = differences(first, second)
    if not found.any():
        return 0.0, 1.0
    # The test goes by ranks alone; infinite differences have them too.
    sizes, there = np.abs(found), found != 0
    tied = len(np.unique(sizes[there])) < len(found)
    if tied and len(found) <= MOST_OF_TIES:
        return _exact(stats.rankdata(sizes[there]), found[there] > 0, alternative)
    ranked = np.sign(found) * stats.rankdata(sizes)
    test = stats.wilcoxon(ranked, alternative=alternative)
    return float(test.statistic), float(test.pvalue)


def _exact(ranks: Array, first: Array, alternative: Alternative) -> tuple[float, float]:
    """Return statistic and p over all signs of ranks that may tie.

    What scipy finds by 2^n resamples, which takes it most of a second.
    """
    import numpy as np

    # Ranks that tie end in a half.
    doubled = np.rint(2 * ranks).astype(int)
    above, whole = int(doubled[first].sum()), int(doubled.sum())
    ways = np.zeros(whole + 1)
    ways[0] = 1.0
    for rank in doubled:
        ways[rank:] = ways[rank:] + ways[: whole + 1 - rank]
    ways /= ways.sum()
    less, greater = float(ways[: above + 1].sum()), float(ways[above:].sum())
    if alternative != "two-sided":
        return above / 2, less if alternative == "less" else greater
    return min(above, whole - above) / 2, min(1.0, 2 * min(less, greater))


def wilcoxon_holm(scores: npt.ArrayLike, control: int | None = None) -> Pairwise:
    """Return Wilcoxon's tests of all pairs, or of one optimizer with all others.

    Args:
        scores: Shape (P, k). Failed cells as `differences` has them.
        control: Index of the optimizer that a claim is about: k - 1 tests in place of
            k (k - 1) / 2, so that Holm takes less.

    Source:
        S. Garcia and F. Herrera, JMLR 9 (2008) 2677-2694; A. Benavoli, G. Corani and
        F. Mangili, JMLR 17 (2016) 1-10. Equal to scikit-posthocs 0.17.1's
        `posthoc_wilcoxon(p_adjust="holm")`.
    """
    import numpy as np

    found = np.asarray(scores, dtype=np.float64)
    k = found.shape[1]
    p, statistic, effect, low, high = (np.full((k, k), np.nan) for _ in range(5))
    pairs = [
        pair for pair in combinations(range(k), 2) if control is None or control in pair
    ]
    for i, j in pairs:
        sides = found[:, i], found[:, j]
        statistic[i, j], p[i, j] = signed_rank(*sides)
        interval = rank_biserial(*sides)
        effect[i, j], effect[j, i] = interval.value, -interval.value
        low[i, j], high[i, j] = interval.low, interval.high
        low[j, i], high[j, i] = -interval.high, -interval.low
    upper = np.triu_indices(k, 1)
    adjusted = np.full((k, k), np.nan)
    adjusted[upper] = holm(p[upper])
    for matrix in (p, adjusted, statistic):
        matrix.T[upper] = matrix[upper]
    return Pairwise(p, adjusted, statistic, effect, low, high, len(pairs))


def least_p(n: int) -> float:
    """Return the smallest p that Wilcoxon's test can have of n problems: 2^(1 - n).

    With five problems it is 0.0625: no difference, however great, is found at 5 %.
    """
    return math.ldexp(1.0, 1 - n) if n > 0 else 1.0
