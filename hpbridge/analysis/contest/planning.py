"""How often a contest of so many problems would find its best optimizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

POWER = 0.8
"""How often the verdict is to be found, if what was seen is the truth."""

MOST = 10_000
"""More than this is no plan."""

LEAST = 4
"""Units from which a spread is taken."""

_DRAWS = 1000
_RESAMPLES = 2000
_REFINED = 100
"""Up to so many units, the plan is tried on resamples."""


@dataclass(frozen=True, kw_only=True)
class More:
    """What would find the leader best with 80 % power, if what was seen is the truth.

    Attributes:
        problems: In all; None where these do not tell, or there is one.
        seeds: Of each, in all, with these problems; None where no number suffices or
            these do not tell.
        why_no_seeds: Why none suffices, where that is known.
    """

    problems: int | None = None
    seeds: int | None = None
    why_no_seeds: str | None = None


def least_units(n_rivals: int, alpha: float) -> int:
    """Return how many problems, or repeats, can come to a verdict at all.

    The least p of Wilcoxon's test is 2^(1 - n), and Holm's first step takes it times
    the rivals.

    Example:
        >>> least_units(1, 0.05), least_units(4, 0.05)
        (6, 8)
    """
    n = 1
    while n_rivals * 2.0 ** (1 - n) > alpha:
        n += 1
    return n


def units_needed(leads: Floats, alpha: float) -> int | None:
    """Return how many units find the best with 80 % power, if they are like these.

    The verdict takes that it beats every rival, by Holm: what is planned is that all
    these tests find it at once, with their differences as correlated as they are.
    Student's test of the signed ranks stands in for Wilcoxon's, which it is close to.

    Args:
        leads: Shape (units, rivals): by how much it is ahead of each; infinite where
            one of the two has nothing.
        alpha: Of the verdict.

    Source:
        W. J. Conover and R. L. Iman, The American Statistician 35 (1981) 124-129.

    Returns:
        None where these say nothing of others: there are fewer than 4, it leads one of
        them by nothing, or more than 10,000 would be needed.
    """
    import numpy as np
    from scipy import stats

    leads = leads[~np.isnan(leads).any(axis=1)]
    if len(leads) < LEAST:
        return None
    signed = np.sign(leads) * stats.rankdata(np.abs(leads), axis=0)
    means, spread = signed.mean(axis=0), signed.std(axis=0, ddof=1)
    if not (means > 0).all():
        return None
    effects = means / np.maximum(spread, 1e-9 * means)
    scaled = (signed - means) / np.where(spread > 0, spread, np.inf)
    weights = np.random.default_rng(0).standard_normal((_DRAWS, len(leads)))
    normal = weights @ scaled / np.sqrt(len(leads) - 1)
    lower, upper = least_units(leads.shape[1], alpha) - 1, MOST
    if _power(upper, effects, normal, alpha) < POWER:
        return None
    while upper - lower > 1:
        middle = (lower + upper) // 2
        if _power(middle, effects, normal, alpha) < POWER:
            lower = middle
        else:
            upper = middle
    while upper <= _REFINED and _power_of_resamples(upper, leads, alpha) < POWER:
        upper += max(1, upper // 12)
    return upper


def _power_of_resamples(n: int, leads: Floats, alpha: float) -> float:
    """Return how often resamples of the units find it, by Wilcoxon's own test."""
    import numpy as np
    from scipy import stats

    chosen = np.random.default_rng(2).integers(len(leads), size=(_RESAMPLES, n))
    drawn = leads[chosen]
    ranked = stats.rankdata(np.abs(drawn), axis=1)
    lost = np.where(drawn < 0, ranked, 0.0).sum(axis=1)
    lost += np.where(drawn == 0, ranked, 0.0).sum(axis=1) / 2
    mean, deviation = n * (n + 1) / 4, np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    p = 2 * stats.norm.cdf((lost + 0.5 - mean) / deviation)
    return _share_found(np.where(lost == 0, 2.0 ** (1 - n), p), alpha)


def _power(n: int, effects: Floats, normal: Floats, alpha: float) -> float:
    import numpy as np
    from scipy import stats

    chi = np.random.default_rng(1).chisquare(n - 1, size=normal.shape) / (n - 1)
    t = (np.sqrt(n) * effects + normal) / np.sqrt(chi)
    return _share_found(2 * stats.t.sf(t, n - 1), alpha)


def _share_found(p: Floats, alpha: float) -> float:
    """Return how often all tests of a row find a difference, by Holm."""
    import numpy as np

    steps = np.arange(p.shape[1], 0, -1)
    return float((np.sort(p, axis=1) * steps < alpha).all(axis=1).mean())
