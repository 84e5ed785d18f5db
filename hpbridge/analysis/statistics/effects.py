"""By how much one optimizer is better than another, without a unit.

In all of them above 0 (or above one half) means that the first is better, that is
smaller; the libraries named count the other way round, or take the arguments swapped.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from hpbridge.analysis.statistics.beats import p_beats
from hpbridge.analysis.statistics.intervals import CONFIDENCE, Interval
from hpbridge.analysis.statistics.ranks import failed_last

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

LEAST_OF_RANKS = 5
"""Pairs that the interval of a rank-biserial correlation takes."""

OF_NORMAL = 1.4826
"""A normal distribution's deviation by its median absolute deviation, to 4 digits."""

Magnitude = Literal["negligible", "small", "medium", "large"]


def rank_biserial(
    first: npt.ArrayLike, second: npt.ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Return the matched-pairs rank-biserial correlation, in [-1, 1].

    The share of Wilcoxon's sum of ranks where the first is better, less the share where
    the second is; a problem without a difference gives half to each. The interval holds
    what is expected of so many problems: the values that a score test does not reject,
    with the variance of the rank sum of shifted normal differences. From 5 problems on.

    Args:
        first: Shape (P,). Where one failed, the difference is the greatest; such tie.
        second: Shape (P,), of the same problems.
        confidence: In (0, 1).

    Source:
        D. S. Kerby, Comprehensive Psychology 3 (2014) 1-9; the variance of E. L.
        Lehmann,
        Nonparametrics: Statistical Methods Based on Ranks (1975), section 4.2.
    """
    import numpy as np
    from scipy import stats

    a, b = failed_last(first), failed_last(second)
    with np.errstate(invalid="ignore"):
        found = b - a
    found[np.isnan(found)] = 0.0
    n = int(np.count_nonzero(found))
    if n == 0:
        return Interval(0.0, why_none="no problem has a difference")
    ranks = stats.rankdata(np.abs(found[found != 0]))
    share = float(ranks[found[found != 0] > 0].sum()) / (n * (n + 1) / 2)
    if n < LEAST_OF_RANKS:
        few = (
            f"{n} problem{'s' * (n != 1)} with a difference; it takes {LEAST_OF_RANKS}"
        )
        return Interval(2 * share - 1, why_none=few)
    quantile = float(stats.norm.ppf((1 + confidence) / 2))
    low = _least_share(share, n, quantile)
    high = 1 - _least_share(1 - share, n, quantile)
    return Interval(2 * share - 1, 2 * low - 1, 2 * high - 1)


def a12(
    first: npt.ArrayLike, second: npt.ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Return Vargha and Delaney's A of independent runs: that the first is better.

    Args:
        first: Shape (n,). Failed cells are worst and tie.
        second: Shape (m,).
        confidence: In (0, 1).

    Source:
        A. Vargha and H. D. Delaney, Journal of Educational and Behavioral Statistics 25
        (2000) 101-132. The interval is that of `beats.p_beats`.
    """
    return p_beats(first, second, confidence=confidence)


def cliffs_delta(
    first: npt.ArrayLike, second: npt.ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Return Cliff's delta of independent runs, 2 A12 - 1, in [-1, 1].

    Args:
        first: Shape (n,). Failed cells are worst and tie.
        second: Shape (m,).
        confidence: In (0, 1).

    Source:
        N. Cliff, Psychological Bulletin 114 (1993) 494-509. Equal to autorank 1.3.0's
        `cliff_delta` with the arguments swapped.
    """
    found = p_beats(first, second, confidence=confidence)
    return Interval(
        2 * found.value - 1, 2 * found.low - 1, 2 * found.high - 1, found.why_none
    )


def cohens_d(
    first: npt.ArrayLike, second: npt.ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Return Cohen's d: the difference of means by the pooled deviation.

    The interval inverts the noncentral t distribution: exact for normal values of equal
    deviations, and for no others. From 3 values of each on.

    Args:
        first: Shape (n,). With a failed cell there is no d: a failure has no size.
        second: Shape (m,).
        confidence: In (0, 1).

    Source:
        J. Cohen, Statistical Power Analysis (1988). Equal to autorank 1.3.0's `cohen_d`
        with the arguments swapped. The interval: G. Cumming and S. Finch, Educational
        and Psychological Measurement 61 (2001) 532-574.
    """
    import numpy as np

    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    n, m = len(a), len(b)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return Interval(math.nan, why_none="a failed run has no size to average")
    if min(n, m) < 3:  # noqa: PLR2004 - a deviation of three
        return Interval(math.nan, why_none="d takes 3 values of each")
    freedom = n + m - 2
    pooled = ((n - 1) * a.var(ddof=1) + (m - 1) * b.var(ddof=1)) / freedom
    if pooled == 0:
        return Interval(math.nan, why_none="the values have no spread")
    d = float((b.mean() - a.mean()) / math.sqrt(pooled))
    root = math.sqrt(n * m / (n + m))
    tail = (1 - confidence) / 2
    low = _noncentral(d * root, freedom, 1 - tail) / root
    high = _noncentral(d * root, freedom, tail) / root
    return Interval(d, low, high)


def akinshin_gamma(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return gamma: the difference of medians by the pooled median absolute deviation.

    NaN where both have no spread, or where so many runs failed that a median did.

    Args:
        first: Shape (n,). Failed cells are worst.
        second: Shape (m,).

    Source:
        A. Akinshin, "Nonparametric Cohen's d-consistent effect size" (2020). Equal to
        autorank 1.3.0's `akinshin_gamma` with the arguments swapped.
    """
    import numpy as np

    a, b = failed_last(first), failed_last(second)
    n, m = len(a), len(b)
    middle = float(np.median(a)), float(np.median(b))
    if n + m < 3 or not all(math.isfinite(one) for one in middle):  # noqa: PLR2004
        return math.nan
    spread = [
        float(np.median(np.abs(one - centre))) * OF_NORMAL
        for one, centre in zip((a, b), middle, strict=True)
    ]
    pooled = ((n - 1) * spread[0] ** 2 + (m - 1) * spread[1] ** 2) / (n + m - 2)
    if not 0 < pooled < math.inf:
        return math.nan
    return (middle[1] - middle[0]) / math.sqrt(pooled)


def magnitude(effect: float, of: Literal["delta", "d", "gamma"] = "delta") -> Magnitude:
    """Return the word for an effect: of Cliff's delta, or of d and gamma.

    Source:
        J. Romano et al., Annual meeting of the Florida Association of Institutional
        Research (2006), on delta; Cohen (1988) on d. Equal to autorank 1.3.0's.
    """
    steps = (0.147, 0.33, 0.474) if of == "delta" else (0.2, 0.5, 0.8)
    words: tuple[Magnitude, ...] = ("negligible", "small", "medium", "large")
    return words[sum(abs(effect) >= step for step in steps)]


def _least_share(share: float, n: int, quantile: float) -> float:
    """Return the least expected share of ranks that a score test does not reject."""
    lower, upper = -8.0, 8.0
    for _ in range(60):
        middle = (lower + upper) / 2
        expected, deviation = _of_shift(middle, n)
        if share - expected > quantile * deviation:
            lower = middle
        else:
            upper = middle
    return min(_of_shift(upper, n)[0], share)


def _of_shift(shift: float, n: int) -> tuple[float, float]:
    """Return mean and deviation of the share of ranks, of normal differences."""
    from scipy.special import ndtr, owens_t

    one = float(ndtr(shift))
    turned = math.sqrt(2) * shift
    two = float(ndtr(turned))
    three = two - 2 * float(owens_t(turned, 1 / math.sqrt(3)))
    whole = n * (n + 1) / 2
    variance = (
        n * one * (1 - one)
        + n * (n - 1) / 2 * (2 * (one - two) ** 2 + 3 * two * (1 - two))
        + n * (n - 1) * (n - 2) * (three - two * two)
    )
    mean = (n * one + n * (n - 1) / 2 * two) / whole
    return mean, math.sqrt(max(0.0, variance)) / whole


def _noncentral(t: float, freedom: int, probability: float) -> float:
    """Return the noncentrality of which t is the quantile of that probability."""
    from scipy import special

    return float(special.nctdtrinc(freedom, probability, t))
