"""A running study: the one place where optimizer, store and limits meet.

A driver asks the session for trials with `Session.next`, runs them where it likes, and
hands every result to `Session.finish`. The session is what makes a record that can be
replayed: it numbers asks, counts tells, commits a trial before its optimizer hears of
it, and flips metrics that are maximized - here and nowhere else.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Run
from hpbridge.contract.backend import ExhaustedError, Outcome, Suggestion
from hpbridge.errors import ObjectiveError
from hpbridge.learning.around import AroundTrial
from hpbridge.learning.bounds import Bounds
from hpbridge.learning.growing import Asked, objects_of
from hpbridge.space.plain_data import note_of_text
from hpbridge.trial import FinishedTrial, Origin, Result, State, trial_seed

if TYPE_CHECKING:
    from hpbridge.experiment import Experiment
    from hpbridge.learning.learner import Learner
    from hpbridge.space.parameters import Label
    from hpbridge.store import StudyWriter
    from hpbridge.store.settings import Settings, StudySettings

GIVEN = "given"
"""In `FinishedTrial.native`: the parameters whose values were given, if any were."""

# Of an error or a traceback, in characters.
LONGEST_TEXT = 1_000_000


@dataclass(slots=True)
class Ask:
    """A trial to run: plain data, may be sent to another process."""

    number: int
    params: Mapping[str, Label]
    seed: int
    origin: Origin = Origin.ASKED
    tells_before: int = 0
    asked_at: float = 0.0
    ask_seconds: float = 0.0
    suggestion: Suggestion | None = None
    given: Mapping[str, object] = field(default_factory=dict)
    """What was given for it, as written, where the space is defined by running."""


Listener = Callable[["Session", FinishedTrial], None]


@dataclass
class Session:
    """One study while it runs.

    Its methods may be called from any thread; one lock is around the optimizer.

    Attributes:
        finished: Trials in the order of telling, those of earlier runs included.
        best: The best feasible complete trial so far, by the first metric.
        stop_reason: Why it ended; None while it runs and when the budget is used up.
        recorded: How its record says that it is run; None where it has none.
    """

    experiment: Experiment
    learner: Learner
    seed: int
    settings: Settings
    writer: StudyWriter
    listeners: tuple[Listener, ...] = ()
    finished: list[FinishedTrial] = field(default_factory=list)
    best: FinishedTrial | None = None
    stop_reason: str | None = None
    error: BaseException | None = None
    recorded: StudySettings | None = None

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._running: dict[int, Ask] = {}
        self._again: deque[Ask] = deque()
        self._waiting: deque[Ask] = deque()
        self._n_asked = 0
        self._n_imported = 0
        self._started_at = time.monotonic()
        self._sign = {
            m: -1.0 if way == "maximize" else 1.0
            for m, way in self.experiment.metrics.items()
        }
        self._main, self._main_sign = next(iter(self._sign.items()))
        self._bounds = Bounds(self.experiment, self.recorded)
        self._kept: dict[str, Any] = {}
        # With several workers, what was asked cannot be told from what was finished.
        self._announces = self.settings.workers > 1

    @property
    def optimizer_name(self) -> str:
        """Backend and algorithm, as in ``optuna:tpe``."""
        return self.learner.name

    @property
    def notes(self) -> list[str]:
        """What was said before and while it ran, of the optimizer too."""
        return self.learner.notes

    def learn_anew(self, learner: Learner) -> None:
        """Take another learner, and empty the history: it observes it anew."""
        learner.notes[:0] = self.notes
        self.learner = learner
        self.finished.clear()
        self._n_imported = 0
        self.best = None

    def enqueue(self, points: Iterable[Mapping[str, Label]], origin: Origin) -> None:
        """Add points that run before the optimizer is asked.

        Where the space is defined by running, they may be parts of points.
        """
        for point in points:
            if self.experiment.is_growing:
                ask = self._number({}, origin)
                ask.given = dict(point)
                self.learner.reserve(1)
            else:
                self.learner.expect(point)
                ask = self._number(dict(point), origin)
            self._waiting.append(ask)

    def _number(self, params: dict[str, Label], origin: Origin) -> Ask:
        number = self._n_asked
        self._n_asked += 1
        seed = trial_seed(self.seed, number)
        return Ask(number, params, seed, origin, len(self.finished), time.time())

    @property
    def n_running(self) -> int:
        """How many trials were asked for and have not ended."""
        return len(self._running)

    @property
    def n_done(self) -> int:
        """How many trials of this study ended, those imported not counted."""
        return len(self.finished) - self._n_imported

    @property
    def seconds(self) -> float:
        """Seconds since the session began."""
        return time.monotonic() - self._started_at

    def stop(self, reason: str) -> None:
        """End the study: no new trial starts. The first reason counts."""
        with self._lock:
            self.stop_reason = self.stop_reason or _writable(reason)

    def interrupt(self, reason: str) -> None:
        """End the study, which waits for nothing any more: `stop`, by a signal."""
        self.writer.stop_waiting()
        self.stop(reason)

    def next(self) -> Ask | None:
        """Return the next trial to run; None when no further one is to start.

        Raises:
            ContractError: If the optimizer proposes a point outside the space.
            SpaceError: If it proposes nothing but forbidden points.
        """
        with self._lock:
            if self._is_over():
                return None
            try:
                ask = self._next_ask()
            except ExhaustedError as end:
                self.stop(f"exhausted: {end}")
                return None
            self._running[ask.number] = ask
            if self._announces:
                self.writer.announce(self._trial(ask, Run(Result(State.FAILED), 0, 0)))
            return ask

    def _is_over(self) -> bool:
        if self.stop_reason is not None:
            return True
        if self.n_done + len(self._running) >= self.settings.n_trials:
            return True
        timeout = self.settings.timeout
        if timeout is not None and self.seconds >= timeout:
            self.stop(f"timeout of {timeout:g} seconds")
        return self.stop_reason is not None

    def _next_ask(self) -> Ask:
        if self._again:
            return self._again.popleft()
        if self._waiting:
            ask = self._waiting.popleft()
            ask.tells_before, ask.asked_at = len(self.finished), time.time()
            if self.learner.defines:
                ask.suggestion = self.learner.ask(ask.number)
            return ask
        started = time.perf_counter()
        suggestion = self.learner.ask(self._n_asked)
        seconds = time.perf_counter() - started
        ask = self._number(dict(suggestion.params), Origin.ASKED)
        ask.suggestion, ask.ask_seconds = suggestion, seconds
        return ask

    def around(self, ask: Ask) -> AroundTrial:
        """Return what a trial can see of the study, in this process."""
        return AroundTrial(self, ask, self._kept)

    def finish(self, ask: Ask, run: Run) -> FinishedTrial:
        """Take a result: to disk, then to the optimizer, then to the listeners.

        Raises:
            StoreError: If it cannot be written. The message holds the trial.
        """
        with self._lock:
            constraints = run.result.constraints
            if constraints and self._bounds.add(constraints, self.learner, self.writer):
                self._find_best()
            trial = self._trial(ask, run)
            self.writer.add(trial)
            self._running.pop(ask.number, None)
            started = time.perf_counter()
            self.tell(ask, trial, run.result.asked)
            seconds = time.perf_counter() - started
            self.writer.note_tell(trial.number, seconds)
            # Frozen for its readers, and none has seen it yet; a copy costs more than
            # all the rest of this method but the disk.
            object.__setattr__(trial, "tell_seconds", seconds)
            self._apply_mend(trial, run.result)
            self.remember(trial)
            self._apply_limits(trial)
        for listener in self.listeners:
            listener(self, trial)
        return trial

    def _trial(self, ask: Ask, run: Run) -> FinishedTrial:
        result = run.result
        for name, types in result.as_text.items():
            self.learner.note(note_of_text(name, types))
        metrics = result.metrics
        if metrics and next(iter(metrics)) != self._main:
            names = [*self.experiment.metrics, *metrics]
            metrics = {n: metrics[n] for n in dict.fromkeys(names) if n in metrics}
        if result.constraints:
            metrics = {**metrics, **self._bounds.metrics_of(result.constraints)}
        params, native = ask.params, result.native
        if result.asked is not None:
            params = {name: value for name, (_, value) in result.asked.items()}
            values = objects_of(result.asked)
            native = {**native, **self.learner.ranges_of(result.asked)}
            if ask.given:
                native[GIVEN] = list(ask.given)
        else:
            values = self.experiment.space.to_objects(params)
        return FinishedTrial(
            number=ask.number,
            state=result.state,
            params=params,
            values=self.experiment.space.to_objects(params)
            if values is None
            else values,
            metrics=metrics,
            origin=ask.origin,
            tells_before=ask.tells_before,
            told=len(self.finished),
            reports=result.reports,
            error=result.error and _writable(result.error),
            traceback=result.traceback and _writable(result.traceback),
            seed=ask.seed,
            worker=run.worker,
            attempts=run.attempts,
            asked_at=ask.asked_at,
            started_at=run.started_at,
            ask_seconds=ask.ask_seconds,
            run_seconds=run.run_seconds,
            attributes=result.attributes,
            native=native,
        )

    def tell(self, ask: Ask, trial: FinishedTrial, asked: Asked | None = None) -> None:
        """Tell the optimizer of a trial: its own, or one that it never proposed.

        Args:
            ask: With the suggestion, where it was the optimizer's.
            trial: What became of it.
            asked: What it asked for, where the space is defined by running.
        """
        grew = self.learner.learn(
            ask.suggestion,
            trial.params,
            self.outcome(trial),
            number=trial.number,
            asked=self.learner.recall(trial) if asked is None else asked,
        )
        if grew:
            self.experiment = self.experiment.over(self.learner.space)
            self.writer.update(space=self.learner.space)

    def outcome(self, trial: FinishedTrial) -> Outcome:
        """Return what the optimizer is told of a trial: everything minimized."""
        metrics, sign = trial.metrics, self._main_sign
        values: tuple[float, ...] = ()
        if trial.state is State.PRUNED:
            values = (sign * trial.reports[-1][1],) if trial.reports else ()
        elif trial.state is State.COMPLETE or all(m in metrics for m in self._sign):
            values = tuple([s * metrics[m] for m, s in self._sign.items()])
        bounds = self._bounds.of(self.learner)
        constraints = tuple([b.violation(metrics) for b in bounds])
        if any(map(math.isnan, constraints)):
            constraints = ()
        reports = tuple([(step, sign * value) for step, value in trial.reports])
        return Outcome(trial.state, values, constraints, reports)

    def remember(self, trial: FinishedTrial) -> None:
        """Add a trial to the history, and see whether it is the best."""
        self.finished.append(trial)
        self._n_imported += trial.origin is Origin.IMPORTED
        if self.is_better(trial, self.best):
            self.best = trial

    def _find_best(self) -> None:
        self.best = None
        for trial in self.finished:
            if self.is_better(trial, self.best):
                self.best = trial

    def is_better(self, trial: FinishedTrial, than: FinishedTrial | None) -> bool:
        """Say whether a trial is complete, feasible and better by the first metric."""
        if trial.state is not State.COMPLETE:
            return False
        if any(b.violation(trial.metrics) > 0 for b in self._bounds.all):
            return False
        if than is None:
            return True
        main, sign = self._main, self._main_sign
        return sign * trial.metrics[main] < sign * than.metrics[main]

    def _apply_limits(self, trial: FinishedTrial) -> None:
        if trial.state is State.FAILED and self.settings.on_error == "stop":
            error = ObjectiveError.stopped(trial.number, trial.error or "failed")
            self.error = self.error or error
            self.stop(f"trial {trial.number} failed")
        self.apply_target()

    def is_mismatch(self, result: Result) -> bool:
        """Say whether no trial could be complete, as a result shows.

        What the objective returned has other metrics than are declared, and it has not
        returned those in a trial before.
        """
        if result.mend is None:
            return False
        return not any(
            trial.state is State.COMPLETE and trial.origin is not Origin.IMPORTED
            for trial in self.finished
        )

    def _apply_mend(self, trial: FinishedTrial, result: Result) -> None:
        if result.mend is not None and self.is_mismatch(result):
            reason = trial.error or "returned other metrics than are declared"
            error = ObjectiveError.other_metrics(trial.number, reason, result.mend)
            self.error = self.error or error
            self.stop(f"trial {trial.number} {reason}")

    def apply_target(self) -> None:
        """End the study if its best trial has reached the target."""
        target = self.settings.target
        if target is not None and self.best is not None:
            sign = self._main_sign
            if sign * self.best.metrics[self._main] <= sign * target:
                self.stop(f"target {target:g} reached")

    def continue_numbers(self, n_asked: int, pending: Iterable[Ask]) -> None:
        """Go on after a record: the next number, and asks that never finished.

        Those run first, as the trials that they are: asked when they were asked.
        """
        self._n_asked = n_asked
        self._again.extend(pending)


def _writable(text: str) -> str:
    """Return text that every database and file takes.

    No NUL, no half of a surrogate pair, and no more megabytes than anybody reads.
    """
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]} … ({len(text)} characters)"
    plain = text.replace("\0", "\\x00")
    return plain.encode("utf-8", "backslashreplace").decode("utf-8")
