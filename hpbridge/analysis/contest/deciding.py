"""Which optimizer is best, and which are behind it, by the tests alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hpbridge.analysis.contest.judged import Judged

    Floats = npt.NDArray[np.float64]

DIGITS = 12
"""Of shares of seeds: what differs in the last bits alone is a tie."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the tests say.

    Attributes:
        units: Ranks by unit, shape (units, O); NaN where one did not run.
        order: Indices of the optimizers that ran: the leader first.
        leads: By how much the leader is ahead of each other one: (units, rivals).
        p: Of Wilcoxon's test of each rival with the leader, two-sided.
        adjusted: The same by Holm.
        omnibus_p: Of Iman and Davenport's test, of those that ran wherever most did.
        is_best: Whether the leader beats every rival.
        is_behind: Of each rival, whether the leader beats it.
    """

    units: Floats
    order: list[int]
    leads: Floats
    p: Floats
    adjusted: Floats
    omnibus_p: float
    is_best: bool
    is_behind: npt.NDArray[np.bool_]


def decision_of(judged: Judged, alpha: float) -> Decision:
    """Return which optimizer leads, and whether it is better than the others.

    Args:
        judged: Values of the runs.
        alpha: How often, of equal optimizers, one may be found better.
    """
    import numpy as np

    from hpbridge.analysis.statistics.pairwise import holm, signed_rank

    units = _units_of(judged)
    order = _order(judged, units)
    leads = _leads(judged, order) if order else np.empty((0, 0))
    p = np.full(leads.shape[1], np.nan)
    ahead = np.zeros(len(p), dtype=bool)
    for rival, column in enumerate(leads.T):
        signed = ranked(column[~np.isnan(column)])
        if len(signed):
            p[rival] = signed_rank(-signed, np.zeros(len(signed)))[1]
            ahead[rival] = signed.sum() > 0
    adjusted = holm(p)
    found = (adjusted < alpha) & ahead
    omnibus = _omnibus(units, order) if order else math.nan
    is_best = len(found) > 0 and bool(found.all())
    # The leader was chosen by these values: that it beats one of many takes more than
    # a test of the two, that it beats all of them does not.
    is_sure = is_best or len(found) == 1 or omnibus < alpha
    return Decision(
        units=units,
        order=order,
        leads=leads,
        p=p,
        adjusted=adjusted,
        omnibus_p=omnibus,
        is_best=is_best,
        is_behind=found & is_sure,
    )


def ranked(leads: Floats) -> Floats:
    """Return differences by their signed ranks: infinite ones have them too."""
    import numpy as np
    from scipy import stats

    found: Floats = np.sign(leads) * stats.rankdata(np.abs(leads))
    return found


def _units_of(judged: Judged) -> Floats:
    """Return the ranks by unit: of problems; of one problem, of its seeds."""
    import numpy as np
    from scipy import stats

    if len(judged.values) != 1:
        return np.round(judged.ranks, DIGITS)
    runs = judged.values[0].T
    found = np.full(runs.shape, np.nan)
    for s, row in enumerate(runs):
        there = ~np.isnan(row)
        found[s, there] = stats.rankdata(row[there])
    return found


def _order(judged: Judged, units: Floats) -> list[int]:
    """Return the optimizers that ran: those on most problems first, then by rank."""
    import numpy as np

    n_problems = (~np.isnan(judged.ranks)).sum(axis=0)
    if not n_problems.size or not n_problems.max():
        return []
    ranks = _means(units)
    ran = [k for k in range(len(n_problems)) if n_problems[k]]
    return sorted(ran, key=lambda k: (-n_problems[k], ranks[k]))


def _means(units: Floats) -> list[float]:
    import numpy as np

    counts = (~np.isnan(units)).sum(axis=0)
    sums = np.where(np.isnan(units), 0.0, units).sum(axis=0)
    means: list[float] = (sums / np.maximum(counts, 1)).tolist()
    return means


def _leads(judged: Judged, order: list[int]) -> Floats:
    """Return by how much the leader is ahead of each other one: (units, rivals).

    Of problems, in shares of seeds that it wins beyond one half; of one problem, in its
    metric, by seed. Infinite where one of the two has nothing.
    """
    import numpy as np

    if len(judged.values) != 1:
        won, lost = (
            judged.wins[:, order[0], order[1:]],
            judged.wins[:, order[1:], order[0]],
        )
        # As much ahead as behind must tie in size: of 0.55 - 0.5 and 0.45 - 0.5, the
        # one above zero is larger, and a winner would be found too often.
        return np.round((won - lost) / 2, DIGITS)
    runs = judged.values[0]
    with np.errstate(invalid="ignore"):
        found = (runs[order[1:]] - runs[order[0]]).T
    # Both have nothing, which is no difference; unlike one that did not run.
    there = ~np.isnan(runs[order[1:]]).T & ~np.isnan(runs[order[0]])[:, None]
    return np.where(there & np.isnan(found), 0.0, found)


def _omnibus(units: Floats, order: list[int]) -> float:
    """Return Iman and Davenport's p, of the optimizers that ran wherever most did."""
    import numpy as np

    from hpbridge.analysis.statistics.omnibus import iman_davenport

    counts = (~np.isnan(units[:, order])).sum(axis=0)
    chosen = [k for k, n in zip(order, counts, strict=True) if n == counts.max()]
    rows = units[:, chosen]
    return iman_davenport(rows[~np.isnan(rows).any(axis=1)]).p
