"""What the trials of a study took of its budget: how many at each, and in all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import EVALUATION
from hpbridge.trial import Origin

if TYPE_CHECKING:
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial


@dataclass(frozen=True)
class AtBudget:
    """The trials at one budget.

    Attributes:
        best: The best feasible value there; None where there is none.
    """

    budget: float
    n_trials: int
    best: float | None


@dataclass(frozen=True)
class Spent:
    """What the trials of a study took of its budget.

    Attributes:
        name: What it is counted in.
        at: By budget, the smallest first.
        anew: Of all trials, had each begun anew.
        going_on: The same where a trial took only what its parent had not; where each
            is fitted anew, as in an `hpbridge.Evaluation`, what it is `anew`.
    """

    name: str
    at: tuple[AtBudget, ...]
    anew: float
    going_on: float

    @property
    def sentence(self) -> str:
        """In words, without a full stop.

        Example:
            >>> at = (AtBudget(1, 9, 0.5), AtBudget(3, 3, 0.25))
            >>> Spent("epochs", at, 18, 15).sentence
            '12 trials at budgets 1 to 3 epochs: 18 epochs, 15 from checkpoints'
        """
        n_trials = sum(each.n_trials for each in self.at)
        first, last = self.at[0].budget, self.at[-1].budget
        range_ = f"{first:g}" if first == last else f"{first:g} to {last:g}"
        plural = "" if first == last else "s"
        said = f"{n_trials} trials at budget{plural} {range_} {self.name}"
        said = f"{said}: {self.anew:,.10g} {self.name}"
        if self.going_on == self.anew:
            return f"{said} in all"
        return f"{said}, {self.going_on:,.10g} from checkpoints"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "name": self.name,
            "at": [vars(each) for each in self.at],
            "anew": self.anew,
            "going_on": self.going_on,
            "sentence": self.sentence,
        }


def spent_by(study: Study) -> Spent | None:
    """Return what the trials of a study took; None where it gave them no budgets."""
    budget = study.settings.range
    ran = [t for t in study.trials if t.origin is not Origin.IMPORTED and t.budget]
    if budget is None or not ran:
        return None
    of = {t.number: t.budget or 0 for t in study.trials}
    by_budget: dict[float, list[FinishedTrial]] = defaultdict(list)
    for trial in ran:
        by_budget[trial.budget or 0].append(trial)
    found = tuple(
        AtBudget(number, len(trials), _best(study, trials))
        for number, trials in sorted(by_budget.items())
    )
    after = [] if EVALUATION in study.attributes else ran
    before = sum(of.get(t.parent, 0) for t in after if t.parent is not None)
    anew = sum(t.budget or 0 for t in ran)
    return Spent(budget.name, found, anew, anew - before)


def _best(study: Study, trials: list[FinishedTrial]) -> float | None:
    metric, sign = study.main_metric, study.sign
    values = [t.metrics[metric] for t in trials if study.is_feasible(t)]
    return min(values, key=lambda v: sign * v, default=None)
