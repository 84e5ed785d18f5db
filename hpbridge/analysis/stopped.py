"""What it bought a study to stop trials early, in steps that were not run."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.summary import by_optimizer
from hpbridge.trial import Origin, State, by_step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial


@dataclass(frozen=True)
class Stopped:
    """How many trials were stopped early, and how many steps that saved.

    A reported step counts as many steps as lie between it and the one before it that
    any trial reported: a trial that reports at 1, 3 and 9 has run 9, and one of folds 7
    and 2 has run two. A stopped trial would have run as many as complete ones: their
    median, where they differ. Failed and imported trials count nowhere.

    Attributes:
        pruner: Its name; empty where the objective itself stopped its trials.
        n_stopped: Trials that were stopped.
        n_trials: All that the study ran.
        steps_run: By complete and stopped trials.
        steps_saved: By how much stopped trials fell short of complete ones.
        steps_of_complete: The fewest, the median and the most of a complete trial;
            None where none is complete that reported, so that nothing is known of what
            was saved.
    """

    pruner: str
    n_stopped: int
    n_trials: int
    steps_run: float
    steps_saved: float
    steps_of_complete: tuple[float, float, float] | None

    @property
    def share(self) -> float | None:
        """The part of all steps, those not run included, that was saved."""
        total = self.steps_run + self.steps_saved
        if self.steps_of_complete is None or not total:
            return None
        return self.steps_saved / total

    @property
    def sentence(self) -> str:
        """In words, without a name and a full stop.

        Example:
            >>> Stopped("median", 41, 60, 290, 710, (50, 50, 50)).sentence
            'stopped 41 of 60 trials, saved 71 % of the steps'
        """
        said = f"stopped {self.n_stopped} of {self.n_trials} trials"
        if not self.n_stopped:
            return said
        if self.share is None:
            return f"{said}; no trial is complete that reports, to compare with"
        percent = _percent(self.steps_saved, self.steps_run)
        said = f"{said}, saved {percent} % of the steps"
        fewest, median, most = self.steps_of_complete or (0, 0, 0)
        if fewest == most:
            return said
        return (
            f"{said} (complete trials ran {fewest:g} to {most:g}; a stopped one is "
            f"taken to have had {median:g} before it)"
        )

    @property
    def line(self) -> str:
        """The sentence, and who stopped them.

        Example:
            >>> Stopped("", 1, 2, 6, 4, (5, 5, 5)).line
            'The objective stopped 1 of 2 trials, saved 40 % of the steps'
        """
        who = f"Pruner {self.pruner}" if self.pruner else "The objective"
        return f"{who} {self.sentence}"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {**asdict(self), "share": self.share, "sentence": self.sentence}


def stopped_of(study: Study) -> Stopped | None:
    """Return what stopping trials early bought; None where nothing could stop any.

    Args:
        study: With or without a pruner: an objective may stop its trials by itself.
    """
    chosen = study.settings.budget.pruner
    if any(trial.rung is not None for trial in study.trials):
        chosen = None  # it gave budgets, and ended nothing
    ran = [t for t in study.trials if t.origin is not Origin.IMPORTED]
    stopped = [t for t in ran if t.state is State.PRUNED]
    if chosen is None and not any(t.reports for t in stopped):
        return None
    complete = [t for t in ran if t.state is State.COMPLETE and t.reports]
    counted = _steps_of([*complete, *stopped])
    full = sorted(counted[t.number] for t in complete)
    median = statistics.median(full) if full else 0.0
    saved = (max(0.0, median - counted[t.number]) for t in stopped)
    return Stopped(
        "" if chosen is None else chosen["name"],
        len(stopped),
        len(ran),
        math.fsum(counted.values()),
        math.fsum(saved),
        (full[0], median, full[-1]) if full else None,
    )


def stopped_by_optimizer(studies: Sequence[Study]) -> list[str]:
    """Return a sentence for each optimizer whose trials could be stopped.

    Args:
        studies: Of one experiment; those of one optimizer are added up.
    """
    found: list[str] = []
    for name, repeats in by_optimizer(studies).items():
        each = [s.stopped for s in repeats if s.stopped is not None]
        if not each:
            continue
        known = [one for one in each if one.share is not None]
        run = math.fsum(one.steps_run for one in known)
        saved = math.fsum(one.steps_saved for one in known)
        share = f", saved {_percent(saved, run)} % of the steps" if known else ""
        told = f"{sum(e.n_stopped for e in each)} of {sum(e.n_trials for e in each)}"
        found.append(f"{name}: stopped {told} trials{share}")
    return found


def _percent(saved: float, run: float) -> int:
    """Return a share in whole percent, rounded down: what is told was saved."""
    return math.floor(100 * saved / (run + saved))


def _steps_of(trials: Iterable[FinishedTrial]) -> dict[int, float]:
    """Return how many steps each trial ran, by its number."""
    reported = {t.number: by_step(t.reports) for t in trials}
    known = sorted({step for steps in reported.values() for step in steps})
    # Steps count from 0 or from 1: step 0 is one step too.
    before = [-1 if 0 in known else 0, *known]
    size = {step: step - last for last, step in zip(before, known, strict=False)}
    return {
        number: float(sum(size[step] for step in steps))
        for number, steps in reported.items()
    }
