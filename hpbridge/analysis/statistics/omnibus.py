"""Whether any optimizers differ over problems, and Nemenyi's test of all pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.analysis.statistics.ranks import mean_ranks, ranks

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

ALPHA = 0.05
"""How often a test may find a difference where there is none."""

LEAST_OPTIMIZERS = 2
LEAST_PROBLEMS = 2
"""Below it, ranks have no chance of their own."""


@dataclass(frozen=True)
class Omnibus:
    """One test of all optimizers at once.

    Attributes:
        statistic: Chi squared, or F.
        p: Of no difference; NaN where there is no test.
        df: Degrees of freedom: one number of chi squared, two of F.
        n_problems: That the test is over.
        why_none: Why there is no test, where there is none.
    """

    statistic: float
    p: float
    df: tuple[float, ...]
    n_problems: int
    why_none: str | None = None


def friedman(scores: npt.ArrayLike) -> Omnibus:
    """Return Friedman's test with its correction for ties.

    Args:
        scores: Shape (P, k). Failed cells are last and tie; of equal rows only, there
            is no difference: statistic 0, p 1.

    Source:
        M. Friedman, JASA 32 (1937) 675-701. Equal to `scipy.stats.friedmanchisquare`
        and so to autorank 1.3.0's `pvalue`; of two optimizers too, where scipy has
        none.
    """
    import numpy as np
    from scipy import stats

    found = ranks(scores)
    n, k = found.shape
    if why := _why_none(n, k):
        return Omnibus(math.nan, math.nan, (k - 1.0,), n, why)
    tied = sum(
        float((counts**3 - counts).sum())
        for row in found
        for counts in [np.unique(row, return_counts=True)[1].astype(float)]
    )
    correction = 1 - tied / (k * (k * k - 1) * n)
    if correction <= 0:
        return Omnibus(0.0, 1.0, (k - 1.0,), n)
    squares = float((found.sum(axis=0) ** 2).sum())
    chi = (12 / (k * n * (k + 1)) * squares - 3 * n * (k + 1)) / correction
    chi = max(0.0, chi)
    return Omnibus(chi, float(stats.chi2.sf(chi, k - 1)), (k - 1.0,), n)


def iman_davenport(scores: npt.ArrayLike) -> Omnibus:
    """Return Iman and Davenport's F of Friedman's statistic: it finds more.

    F = (P - 1) chi / (P (k - 1) - chi), with k - 1 and (k - 1)(P - 1) degrees of
    freedom. Where all problems have the same ranks, F is infinite and p is (1 / k!)^(P
    - 1), the chance of that.

    Args:
        scores: Shape (P, k), as `friedman` takes them.

    Source:
        R. L. Iman and J. M. Davenport, Communications in Statistics A9 (1980) 571-595;
        J. Demsar, JMLR 7 (2006) 1-30; of equal ranks W. J. Conover, Practical
        Nonparametric Statistics (1999), section 5.8.
    """
    from scipy import stats

    chi = friedman(scores)
    n, df = chi.n_problems, chi.df[0]
    both = (df, df * (n - 1))
    if chi.why_none:
        return Omnibus(math.nan, math.nan, both, n, chi.why_none)
    rest = n * df - chi.statistic
    if rest <= 1e-9 * n * df:
        chance = math.exp(-(n - 1) * math.lgamma(df + 2))
        return Omnibus(math.inf, chance, both, n)
    statistic = (n - 1) * chi.statistic / rest
    return Omnibus(statistic, float(stats.f.sf(statistic, *both)), both, n)


def nemenyi(scores: npt.ArrayLike) -> Array:
    """Return Nemenyi's p of each pair, of shape (k, k); 1 on the diagonal.

    Args:
        scores: Shape (P, k). Failed cells are last and tie.

    Source:
        P. Nemenyi (1963), by way of Demsar (2006). Equal to scikit-posthocs 0.17.1's
        `posthoc_nemenyi_friedman`: no correction for ties.
    """
    import numpy as np
    from scipy import stats

    found = mean_ranks(scores)
    n, k = np.shape(scores)
    p = np.full((k, k), np.nan)
    np.fill_diagonal(p, 1.0)
    if _why_none(n, k):
        return p
    rows, columns = np.triu_indices(k, 1)
    q = np.abs(found[rows] - found[columns]) / math.sqrt(k * (k + 1) / (6 * n))
    # Equal differences have equal p: the integral is slow.
    values, where = np.unique(q * math.sqrt(2), return_inverse=True)
    p[rows, columns] = stats.studentized_range.sf(values, k, np.inf)[where]
    p[columns, rows] = p[rows, columns]
    return p


def critical_difference(k: int, n: int, alpha: float = ALPHA) -> float:
    """Return by how much mean ranks must differ, for Nemenyi's test to tell them apart.

    q(alpha, k, inf) / sqrt(2) * sqrt(k (k + 1) / (6 n)), with the quantile of the
    studentized range.

    Args:
        k: Optimizers.
        n: Problems.
        alpha: Of the test over all pairs.

    Source:
        Demsar (2006). autorank 1.3.0 takes the quantile from statsmodels'
        interpolation, which is within 0.01 % of scipy's integral, that this takes.
    """
    from scipy import stats

    quantile = float(stats.studentized_range.isf(alpha, k, math.inf))
    return quantile * math.sqrt(k * (k + 1) / (12 * n))


def cliques(ranks_of: npt.ArrayLike, difference: float) -> tuple[tuple[int, ...], ...]:
    """Return the largest groups of optimizers that a critical difference does not part.

    What the bars of a critical-difference diagram join. Groups are in the order of
    ranks, and so are the optimizers (their positions) in a group; one alone is no
    group.

    Args:
        ranks_of: Shape (k,): mean ranks.
        difference: As of `critical_difference`.
    """
    import numpy as np

    found = np.asarray(ranks_of, dtype=np.float64)
    order = [int(one) for one in np.argsort(found, kind="stable")]
    groups: list[tuple[int, ...]] = []
    reached = 0
    for start in range(len(order)):
        stop = start + 1
        while (
            stop < len(order) and found[order[stop]] - found[order[start]] <= difference
        ):
            stop += 1
        if stop > max(reached, start + 1):
            groups.append(tuple(order[start:stop]))
            reached = stop
    return tuple(groups)


def _why_none(n: int, k: int) -> str | None:
    if k < LEAST_OPTIMIZERS:
        return "one optimizer has none to differ from"
    if n < LEAST_PROBLEMS:
        return (
            "one problem says nothing of others: its ranks have no chance of their own"
        )
    return None
