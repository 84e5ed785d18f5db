"""Trials of a recorded study, in place of running an objective."""

from __future__ import annotations

import copy
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from hpbridge.errors import DriverError
from hpbridge.trial import State, TrialPruned

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from hpbridge.contract.execution import Job
    from hpbridge.experiment import Experiment
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial, Trial


class Replay:
    """What a recorded study has to say of trials.

    A trial comes to what the recorded one came to, and takes as long; when it reported
    is not recorded, so its reports come in proportion to their steps. It goes on from
    where it was paused.

    Args:
        study: That was recorded.
        by_number: Whether a trial is that with the same number, whatever its
            parameters; otherwise it is that with the same parameters and budget.
    """

    def __init__(self, study: Study, *, by_number: bool) -> None:
        self._name, self._by_number = study.name, by_number
        self._known: dict[Hashable, list[FinishedTrial]] = defaultdict(list)
        for trial in study.trials:
            key = trial.number if by_number else _key(trial.params, trial.budget)
            self._known[key].append(trial)

    def experiment_of(self, job: Job) -> Experiment:
        """Return an experiment whose objective does as the recorded trial did.

        Raises:
            DriverError: If the study has no such trial.
        """
        budget = None if job.stage is None else job.stage.budget
        key = job.number if self._by_number else _key(job.params, budget)
        found = self._known.get(key)
        if not found:
            raise self._without(job, budget)
        same = (trial for trial in found if trial.number == job.number)
        experiment = copy.copy(job.experiment)
        experiment.objective = partial(act, next(same, found[0]))
        return experiment

    def _without(self, job: Job, budget: float | None) -> DriverError:
        about = f" at budget {budget:g}" if budget is not None else ""
        what = f"parameters {dict(job.params)!r:.200}{about}"
        what = f"number {job.number}" if self._by_number else what
        headline = f"Trial {job.number} cannot be replayed"
        problem = f"study {self._name!r} has no trial with {what}"
        hint = "record a study that has it, or run without replay"
        if not self._by_number:
            hint += "; match=number takes trials by their number"
        return DriverError(headline, [problem], hint)


def _key(params: Mapping[str, Any], budget: float | None) -> Hashable:
    return budget, frozenset(params.items())


def act(recorded: FinishedTrial, trial: Trial) -> dict[str, float]:
    """Do as a recorded trial did: an objective.

    Raises:
        TrialPruned: If that was pruned, or this one is to end.
        Exception: If that failed: with its words.
    """
    done: int = trial.load(-1)
    total, before = recorded.run_seconds, 0.0
    steps = [step for step, _ in recorded.reports]
    unit = max(min(steps, default=1), 1)
    whole = max(steps, default=0) - min(steps, default=0) + unit
    for step, value in recorded.reports:
        until = max(before, total * (step - min(steps) + unit) / whole)
        if step > done:
            trial.report(value, step, seconds=until - before)
            _end_if_told(trial, step)
        before = until
    trial.took(max(total - before, 0.0))
    for name, noted in recorded.attributes.items():
        trial.set_attribute(name, noted)
    if recorded.state is State.PRUNED:
        raise TrialPruned(*filter(None, [recorded.error]))
    if recorded.state is State.FAILED and not recorded.metrics:
        raise _error_of(recorded.error or "failed")
    return dict(recorded.metrics)


def _end_if_told(trial: Trial, step: int) -> None:
    if not trial.should_prune():
        return
    if trial.keeper is not None and trial.keeper.is_to_pause:
        trial.save(step)
    raise TrialPruned


def _error_of(line: str) -> Exception:
    """Return an exception that is described by a line: its type, and its text."""
    kind, _, text = line.partition(": ")
    made: type[Exception] = type(kind, (Exception,), {})
    return made(text) if text else made()
