"""Which optimizer for these problems and this budget, and how sure that is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.judged import (
    judged_by_seconds,
    judged_by_trials,
    trials_of,
)
from hpbridge.analysis.contest.planning import More
from hpbridge.analysis.contest.ranking import Ranking, ranking_of
from hpbridge.analysis.contest.results import MISSING
from hpbridge.analysis.contest.shorter import of_shorter
from hpbridge.analysis.contest.wording import of_budget, sentences_of, why_refused
from hpbridge.contract.numbers import standard
from hpbridge.errors.arguments import BETWEEN_0_AND_1, optional, takes, whole

if TYPE_CHECKING:
    from hpbridge.analysis.contest.judged import Floats, Judged
    from hpbridge.analysis.contest.results import Results
    from hpbridge.analysis.statistics.power import Needed

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer of a comparison.

    Attributes:
        sentences: All of it in words; the first is the answer.
        best: The optimizer that is better than every other by the tests, after equal
            numbers of trials; None where none is for sure.
        leader: The one with the least mean rank, sure or not; None where none ran.
        refused: Why there is no verdict, in few words; None where there is one.
        unit: ``problem``, or ``repeat`` where there is one problem: what is counted.
        n_units: How many there are.
        confidence: Of the intervals; tests are at 1 less it.
        trials: After which each problem is judged.
        seconds: Equal times at which each problem is judged by time; NaN without times.
        by_trials: How the optimizers stand after equal numbers of trials.
        by_seconds: The same after equal time; None where there are no times.
        more: What a verdict would take, where there is none.
    """

    sentences: tuple[str, ...]
    best: str | None
    leader: str | None
    refused: str | None
    unit: str
    n_units: int
    confidence: float
    trials: tuple[int, ...]
    seconds: tuple[float, ...]
    by_trials: Ranking
    by_seconds: Ranking | None
    more: More

    def __str__(self) -> str:
        return " ".join(self.sentences)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data that standard JSON can hold."""
        data = asdict(self)
        for name in ("by_trials", "by_seconds"):
            ranking = getattr(self, name)
            data[name] = None if ranking is None else ranking.to_json()
        found: dict[str, Any] = standard(data)
        return found


@takes(budget=optional(whole(1)), confidence=BETWEEN_0_AND_1)
def verdict_of(
    results: Results, *, budget: int | None = None, confidence: float = CONFIDENCE
) -> Verdict:
    """Return which optimizer is best, how sure that is, and what would make it surer.

    The best one must be better than every other one by Wilcoxon's signed-rank test with
    Holm's correction, over problems; of a single problem, over its repeats, which says
    nothing of other problems. Of optimizers that are equal, one is found best in at
    most 5 % of contests.

    Args:
        results: Of a contest.
        budget: Trials after which runs are judged; by default as many as all whole runs
            of a problem were to have, which are also the most.
        confidence: Of the intervals, in (0, 1); tests are at 1 less it.

    Raises:
        ArgumentError: If one of the two is none.

    Source:
        J. Demsar, JMLR 7 (2006) 1-30; A. Benavoli, G. Corani and F. Mangili, JMLR 17
        (2016) 1-10, on tests of pairs that other optimizers have no say in.
    """
    trials = trials_of(results, budget)
    judged = judged_by_trials(results, trials)
    by_trials = ranking_of(results, judged, confidence=confidence)
    timed = judged_by_seconds(results, trials)
    by_seconds = _by_seconds(results, timed, confidence)
    refused = why_refused(results, by_trials)
    more = _more(judged, by_trials, confidence)
    sentences = sentences_of(results, trials, judged, by_trials, by_seconds, more)
    said = [*of_budget(results, trials, budget), *of_shorter(results, trials)]
    return Verdict(
        sentences=(*sentences, *said),
        best=None if refused else by_trials.best,
        leader=by_trials.leader,
        refused=refused,
        unit=by_trials.unit,
        n_units=by_trials.n_units,
        confidence=confidence,
        trials=tuple(trials.tolist()),
        seconds=tuple(timed.at.tolist()),
        by_trials=by_trials,
        by_seconds=by_seconds,
        more=more,
    )


def _by_seconds(results: Results, timed: Judged, confidence: float) -> Ranking | None:
    import numpy as np

    ran = (results.states != MISSING).any(axis=(1, 2))
    if not (timed.at[ran] > 0).any() or np.isnan(timed.at[ran]).any():
        return None
    return ranking_of(results, timed, confidence=confidence)


def _more(judged: Judged, ranking: Ranking, confidence: float) -> More:
    """Return how many problems, and how many seeds, a verdict takes."""
    if ranking.best is not None or ranking.binding is None:
        return More()
    if ranking.unit == "repeat":
        return More(seeds=ranking.n_needed)
    leader, rival = ranking.standings[0].index, ranking.of(ranking.binding).index
    n_open = sum(not s.is_behind for s in ranking.standings[1:])
    alpha = (1 - confidence) / max(1, n_open)
    seeds = _seeds_needed(judged.values[:, [leader, rival]], alpha)
    return More(problems=ranking.n_needed, seeds=seeds.n, why_no_seeds=seeds.why_none)


def _seeds_needed(pair: Floats, alpha: float) -> Needed:
    """Return how many seeds tell two optimizers apart on these problems."""
    import numpy as np

    from hpbridge.analysis.statistics.power import seeds_needed

    first, second = pair[:, 0], pair[:, 1]
    lost = (first > second) + 0.5 * (first == second) - 0.5
    there = ~np.isnan(first) & ~np.isnan(second)
    return seeds_needed(np.where(there, lost, np.nan), alpha=alpha)
