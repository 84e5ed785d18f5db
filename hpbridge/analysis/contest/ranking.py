"""Rank optimizers by what their runs came to, with tests, effects and intervals."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.deciding import decision_of, ranked
from hpbridge.analysis.contest.planning import least_units, units_needed
from hpbridge.analysis.contest.results import DONE, FAILED, PARTIAL

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hpbridge.analysis.contest.deciding import Decision
    from hpbridge.analysis.contest.judged import Judged
    from hpbridge.analysis.contest.results import Results
    from hpbridge.analysis.statistics.intervals import Interval

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Number:
    """An estimate and its interval; NaN where there is none."""

    value: float
    low: float = math.nan
    high: float = math.nan
    confidence: float = 0.95

    @property
    def is_bounded(self) -> bool:
        """Whether there is an interval."""
        return not math.isnan(self.low)


NONE = Number(value=math.nan)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one optimizer stands.

    Attributes:
        index: Of the optimizer, in the results.
        problems: Indices of those that it ran on.
        mean_rank: Over units; 1 is the best of those that ran on each.
        n_best: On how many units it is best, ties counted for each.
        n_runs: Whole runs.
        n_broken: Of them, those that broke.
        n_partial: Runs that are not whole, which are left out.
        n_empty: Whole runs without a feasible trial.
        n_failed_trials: In all runs.
        beats_random: Probability that a run of it is better than random search; NaN
            without one.
        p: Of Wilcoxon's test against the leader, two-sided; NaN of the leader itself.
        adjusted: The same by Holm.
        effect: Rank-biserial correlation; above 0, the leader is better.
        leader_beats: Probability that the leader's run is better, with its interval
            over units.
        n_common: Units that both ran on, which these are over.
        is_behind: Whether the tests say that the leader is better.
    """

    optimizer: str
    index: int
    problems: tuple[int, ...]
    mean_rank: Number
    n_best: int
    n_runs: int
    n_broken: int
    n_partial: int
    n_empty: int
    n_failed_trials: int
    beats_random: Number = NONE
    p: float = math.nan
    adjusted: float = math.nan
    effect: Number = NONE
    leader_beats: Number = NONE
    n_common: int = 0
    is_behind: bool = False


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How the optimizers stand, by one time axis.

    Attributes:
        unit: ``problem``, or ``repeat`` where there is one problem.
        n_units: How many there are.
        standings: The leader first; of those that ran on most problems, then others.
        best: The optimizer that beats every other one by the tests; None where none
            does.
        omnibus_p: Of Iman and Davenport's test, of those that ran everywhere; NaN where
            there is none.
        n_least: Units from which on a best one can be found at all.
        n_needed: Units that find the leader best with 80 % power, if it is as far ahead
            as it seems; None where these do not tell.
        binding: The rival that is hardest to tell from the leader.
        are_all_tied: Whether no unit tells any two optimizers apart.
    """

    unit: str
    n_units: int
    standings: tuple[Standing, ...]
    best: str | None
    omnibus_p: float
    n_least: int
    n_needed: int | None
    binding: str | None
    are_all_tied: bool

    @property
    def leader(self) -> str | None:
        """The optimizer with the least mean rank, sure or not."""
        return self.standings[0].optimizer if self.standings else None

    def of(self, optimizer: str) -> Standing:
        """Return how an optimizer stands."""
        return next(s for s in self.standings if s.optimizer == optimizer)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"leader": self.leader}


def ranking_of(
    results: Results, judged: Judged, *, confidence: float = 0.95
) -> Ranking:
    """Return how optimizers stand by their values.

    Args:
        results: Of which the values are.
        judged: The values.
        confidence: Of the intervals; tests are at 1 less it.
    """
    import numpy as np

    alpha = 1 - confidence
    decision = decision_of(judged, alpha)
    units, order, leads = decision.units, decision.order, decision.leads
    unit = "repeat" if len(results.problems) == 1 else "problem"
    n_units = int((~np.isnan(units).all(axis=1)).sum()) if units.size else 0
    if not order:
        return Ranking(
            unit=unit,
            n_units=0,
            standings=(),
            best=None,
            omnibus_p=math.nan,
            n_least=0,
            n_needed=None,
            binding=None,
            are_all_tied=False,
        )
    shares = _shares(judged, order, leads, confidence)
    standings = [
        _standing(results, judged, units, k, confidence=confidence) for k in order
    ]
    behind = [
        _against(standings[rival + 1], decision, rival, shares[rival], confidence)
        for rival in range(len(order) - 1)
    ]
    hardest = max(behind, key=lambda s: (s.p, -s.leader_beats.value), default=None)
    return Ranking(
        unit=unit,
        n_units=n_units,
        standings=(standings[0], *behind),
        best=standings[0].optimizer if decision.is_best else None,
        omnibus_p=decision.omnibus_p,
        n_least=least_units(len(behind), alpha) if behind else 0,
        n_needed=units_needed(leads, alpha) if behind else None,
        binding=None if hardest is None else hardest.optimizer,
        are_all_tied=bool((leads[~np.isnan(leads)] == 0).all()) and leads.size > 0,
    )


def _shares(
    judged: Judged, order: list[int], leads: Floats, confidence: float
) -> list[Interval]:
    """Return how probably a run of the leader is better than one of each other."""
    import numpy as np

    from hpbridge.analysis.statistics.beats import p_beats
    from hpbridge.analysis.statistics.intervals import bootstrap_mean

    if len(judged.values) != 1:
        return [bootstrap_mean(lead + 0.5, confidence=confidence) for lead in leads.T]
    runs = [row[~np.isnan(row)] for row in judged.values[0, order]]
    return [p_beats(runs[0], other, confidence=confidence) for other in runs[1:]]


def _standing(
    results: Results, judged: Judged, units: Floats, k: int, *, confidence: float
) -> Standing:
    import numpy as np

    own = units[:, k]
    least = np.min(np.where(np.isnan(units), np.inf, units), axis=1)
    states, values = results.states[:, k], judged.values[:, k]
    whole = np.isin(states, (DONE, FAILED))
    return Standing(
        optimizer=results.optimizers[k],
        index=k,
        problems=tuple(np.flatnonzero(~np.isnan(judged.ranks[:, k])).tolist()),
        mean_rank=_mean_rank(own, confidence, len(judged.values)),
        n_best=int((own == least).sum()),
        n_runs=int(whole.sum()),
        n_broken=int((states == FAILED).sum()),
        n_partial=int((states == PARTIAL).sum()),
        n_empty=int((np.isposinf(values) & whole).sum()),
        n_failed_trials=int(results.n_failed[:, k].sum()),
        beats_random=_beats_random(results, judged, k, confidence),
    )


def _against(
    standing: Standing,
    decision: Decision,
    rival: int,
    share: Interval,
    confidence: float,
) -> Standing:
    import numpy as np

    from hpbridge.analysis.statistics.effects import rank_biserial

    lead = decision.leads[:, rival]
    lead = lead[~np.isnan(lead)]
    effect = rank_biserial(-ranked(lead), np.zeros(len(lead)), confidence=confidence)
    return replace(
        standing,
        p=float(decision.p[rival]),
        adjusted=float(decision.adjusted[rival]),
        effect=_number(effect, confidence),
        leader_beats=_number(share, confidence, 0.0),
        n_common=len(lead),
        is_behind=bool(decision.is_behind[rival]),
    )


def _mean_rank(ranks: Floats, confidence: float, n_problems: int) -> Number:
    """Return the mean; of repeats, whose few ranks are whole, without an interval."""
    import numpy as np

    ranks = ranks[~np.isnan(ranks)]
    if n_problems == 1:
        return Number(value=float(ranks.mean())) if len(ranks) else NONE
    return _mean(ranks, confidence, 1.0, math.inf)


def _mean(values: Floats, confidence: float, least: float, most: float) -> Number:
    import numpy as np

    from hpbridge.analysis.statistics.intervals import bootstrap_mean

    values = values[~np.isnan(values)]
    if not len(values):
        return NONE
    found = bootstrap_mean(values, confidence=confidence)
    return _number(found, confidence, least, most)


def _number(
    found: Interval, confidence: float, least: float = -1, most: float = 1
) -> Number:
    """Return an estimate; its interval ends where such a number can be no more."""
    low, high = max(least, found.low), min(most, found.high)
    if math.isnan(found.low):
        return Number(value=found.value)
    return Number(value=found.value, low=low, high=high, confidence=confidence)


def _beats_random(
    results: Results, judged: Judged, k: int, confidence: float
) -> Number:
    from hpbridge.analysis.statistics.beats import p_beats_over_problems

    if results.reference is None or k == results.reference:
        return NONE
    return _number(
        p_beats_over_problems(
            judged.values[:, k],
            judged.values[:, results.reference],
            confidence=confidence,
        ),
        confidence,
        0.0,
    )
