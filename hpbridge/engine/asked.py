"""A trial that was asked for, in the hands of a loop of the caller's own."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import STOP_AT, Reply, Run
from hpbridge.drivers.judging import judge
from hpbridge.trial import Result, State, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.experiment import Experiment
    from hpbridge.learning.around import AroundTrial
    from hpbridge.learning.ask import Ask
    from hpbridge.space.parameters import Label


class AskedTrial(Trial):
    """A trial of `hpbridge.open_study`: what an objective gets, and its parameters.

    Args:
        ask: What was asked for.
        experiment: Of its study.
        around: What it can see of its study.
        answer: ``answer(trial, step, value) -> Reply`` to a report; None goes on
            always.
        asked_before: Whether another process asked for it.
    """

    __slots__ = ("_answer", "_goes_on", "_started", "_stop_at", "ask", "started_at")

    def __init__(
        self,
        ask: Ask,
        experiment: Experiment,
        around: AroundTrial,
        answer: Callable[[int, int, float], Reply] | None,
        *,
        asked_before: bool = False,
    ) -> None:
        budget = None if ask.stage is None else ask.stage.budget
        super().__init__(
            experiment.space.to_objects(ask.params),
            number=ask.number,
            seed=ask.seed,
            listen=None if answer is None else self._hear,
            budget=experiment.budget_of(budget),
            study=around,
        )
        self.ask = ask
        self.started_at = ask.asked_at if asked_before else time.time()
        self._started = None if asked_before else time.perf_counter()
        self._answer = answer
        self._stop_at: int | None = None
        self._goes_on = False

    @property
    def params(self) -> Mapping[str, Label]:
        """Its parameters in plain values: labels for choices, as they are recorded."""
        return dict(self.ask.params)

    def _hear(self, step: int, value: float) -> bool:
        if self._answer is None:
            return False
        self._goes_on = self._stop_at is not None
        is_to_end = self._answer(self.number, step, value) is not Reply.GO_ON
        if is_to_end and self._stop_at is None:
            self._stop_at = step
        return is_to_end

    def run_of(self, result: Result) -> Run:
        """Return the run that came to a result, with what was noted meanwhile."""
        native = self.native
        was_told = self._stop_at is not None
        if self._goes_on or (was_told and result.state is not State.PRUNED):
            native[STOP_AT] = self._stop_at
        result = replace(
            result,
            reports=tuple(self.reports),
            attributes=self.attributes,
            as_text=self.as_text,
            constraints=self.constraints,
            native=native,
        )
        if self._started is None:
            return Run(result, self.started_at, max(time.time() - self.started_at, 0))
        return Run(result, self.started_at, time.perf_counter() - self._started)


def result_of_value(experiment: Experiment, value: object) -> tuple[Result, list[str]]:
    """Return what a value is as the result of a trial, and what is wrong with it.

    A trial whose metric is NaN has failed, as it has when an objective returns that;
    whatever else is no result is a mistake of the caller's.
    """
    result = judge(experiment, value, ())
    text = result.error or ""
    if result.state is State.COMPLETE or _has_diverged(experiment, result):
        return result, []
    problems = text.split("; ")
    return result, [each.replace("returned ", "told ", 1) for each in problems]


def _has_diverged(experiment: Experiment, result: Result) -> bool:
    """Say whether there is a number for every metric, and all that is wrong is NaN."""
    metrics: Mapping[str, Any] = result.metrics
    n_nan = sum(math.isnan(metrics.get(name, 0.0)) for name in experiment.metrics)
    return n_nan > 0 and len((result.error or "").split("; ")) == n_nan
