"""Pruners: what one is, what it knows of a trial, and how it is offered by name.

A pruner decides whether running trials go on. It is a pure function of the record: told
what every trial reports and what it comes to, it answers each report. It knows neither
the optimizer nor the place where trials run, and is often asked in a process apart from
both.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.contract.attempt import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hpbridge.contract.promoting import Promotions
    from hpbridge.contract.rungs import Schedule
    from hpbridge.space.budget import Budget
    from hpbridge.trial import State


@dataclass(slots=True)
class Curve:
    """What one trial has reported.

    Attributes:
        values: By step; of one step the first counts.
        newest: The last report that came in, (step, value), though it was late or of a
            step that had one.
        last: The greatest step; -1 before any.
        before_last: The greatest step but that; -1 without one.
        best: The best of the values that are numbers; NaN without one.
    """

    values: dict[int, float] = field(default_factory=dict)
    newest: tuple[int, float] = (-1, math.nan)
    last: int = -1
    before_last: int = -1
    best: float = math.nan

    def add(self, step: int, value: float, *, maximizes: bool) -> None:
        """Take a report."""
        self.newest = step, value
        if step in self.values:
            return
        self.values[step] = value
        if step > self.last:
            self.last, self.before_last = step, self.last
        elif step > self.before_last:
            self.before_last = step
        # What is compared with NaN is not better.
        is_better = value > self.best if maximizes else value < self.best
        if is_better or math.isnan(self.best):
            self.best = value


class Pruner(ABC):
    """Decides whether running trials go on.

    Values are in the metric's own unit and direction: what is computed of them is what
    the library that a pruner restates computes, to the last bit.

    Args:
        maximizes: Whether greater values of the first metric are better.

    Attributes:
        notes_running: Whether `is_to_end` takes note of the trial that it is asked of.
            One that decides by trials that have ended alone says False: what is
            recorded need not be replayed then.
    """

    notes_running: ClassVar[bool] = True

    def __init__(self, *, maximizes: bool) -> None:
        self.maximizes = maximizes
        self._running: dict[int, Curve] = {}

    def report(self, trial: int, step: int, value: float) -> Reply:
        """Take a report of a running trial, and answer it.

        Args:
            trial: Its number.
            step: How far it is, from 0.
            value: Of the first metric there.
        """
        curve = self._running.get(trial)
        if curve is None:
            curve = self._running[trial] = Curve()
        curve.add(step, value, maximizes=self.maximizes)
        return Reply.STOP if self.is_to_end(trial, curve) else Reply.GO_ON

    def begin_again(self, trial: int) -> None:
        """Forget what a trial reported that runs again.

        Whoever takes note of running trials forgets that too.
        """
        self._running.pop(trial, None)

    def go_on(self, trial: int, reports: Iterable[tuple[int, float]]) -> None:
        """Take what a trial had reported at the checkpoint from which it goes on.

        Args:
            trial: Its number; nothing is known of it.
            reports: In the order of reporting.
        """
        curve = self._running[trial] = Curve()
        for step, reported in reports:
            curve.add(step, reported, maximizes=self.maximizes)
            if self.notes_running:
                self.is_to_end(trial, curve)

    def end(self, trial: int, state: State, value: float | None) -> None:
        """Take the end of a trial.

        Args:
            trial: Its number.
            state: What it came to.
            value: Of the first metric, where it is complete.
        """
        curve = self._running.pop(trial, None) or Curve()
        self.learn(trial, curve, state, value)

    def know(
        self,
        trial: int,
        reports: Iterable[tuple[int, float]],
        state: State,
        value: float | None,
    ) -> None:
        """Take a trial that ended before this pruner was made, as if it ran now.

        Args:
            trial: Its number.
            reports: In the order of reporting.
            state: What it came to.
            value: Of the first metric, where it is complete.
        """
        self.go_on(trial, reports)
        self.end(trial, state, value)

    def promote(self, trial: int, step: int) -> None:
        """Let a trial go on that paused.

        Args:
            trial: Its number.
            step: The last that it had reported, at which it does not pause again.
        """
        del trial, step

    def promotions(self) -> Promotions | None:
        """Return what says which paused trials go on; None of one that pauses none."""
        return None

    @abstractmethod
    def is_to_end(self, trial: int, curve: Curve) -> bool:
        """Say whether a trial is to end, whose last report has just come in."""

    @abstractmethod
    def learn(
        self, trial: int, curve: Curve, state: State, value: float | None
    ) -> None:
        """Take a trial that has ended."""

    def is_better(self, one: float, other: float) -> bool:
        """Say whether a value is better than another; NaN is better than none."""
        return one > other if self.maximizes else one < other


def is_due(curve: Curve, warmup: int, interval: int) -> bool:
    """Say whether a trial is at the first report of an interval.

    Args:
        curve: Of the trial.
        warmup: Steps before which nothing is decided.
        interval: Steps between two decisions.

    Source:
        Optuna 5.0.0, ``_is_first_in_interval_step``.
    """
    if curve.last < warmup:
        return False
    begin = (curve.last - warmup) // interval * interval + warmup
    return curve.before_last < begin


@dataclass(frozen=True, slots=True)
class Pruning:
    """What ends the trials of a study early, for an optimizer that looks at it.

    Attributes:
        name: Of the pruner, as in ``asha:optuna``.
        options: All of them.
        study: The study's name, by which some pruners deal with a trial.
    """

    name: str
    options: Mapping[str, Any]
    study: str


@dataclass(frozen=True, slots=True)
class Watched:
    """The study that a pruner is made for.

    Attributes:
        study: Its name.
        maximizes: Whether greater values of its first metric are better.
        seed: Of the study.
        n_trials: Its budget.
    """

    study: str
    maximizes: bool
    seed: int = 0
    n_trials: int = 0


@dataclass(frozen=True)
class NoOptions:
    """Of a pruner that has none."""


@dataclass(frozen=True)
class PrunerSpec:
    """A pruner, by name.

    Attributes:
        name: Lower-case; of several variants ``name:variant``, of which the first that
            is registered is what the name alone means.
        summary: One sentence.
        make: ``make(options, watched)`` returns a `Pruner` that goes through
            `cloudpickle`.
        options: A frozen dataclass; it raises `ValueError` for values out of range.
        source: The library's class with its version, or the paper.
        requires: Requirements beyond hpbridge's own.
        of_folds: Whether it is for steps that are folds: parts of the data, or
            instances, in the same order in every trial, whose mean is the value.
        pauses: Whether its trials pause and go on, so that they are pending meanwhile.
        rungs: ``rungs(options, budget)`` returns the `hpbridge.contract.rungs.Schedule`
            by which it gives budgets to the trials of an experiment that has a
            `hpbridge.Budget`, in place of ending them; it raises `ValueError` for
            options that say nothing then. None where it ends trials in any case.
    """

    name: str
    summary: str
    make: Callable[[Any, Watched], Pruner]
    options: type = NoOptions
    source: str = ""
    requires: tuple[str, ...] = ()
    of_folds: bool = False
    pauses: bool = False
    rungs: Callable[[Any, Budget], Schedule] | None = None
