"""A running study: the one place where optimizer, store and limits meet.

A driver asks the session for trials with `Session.next`, runs them where it likes, and
hands every result to `Session.finish`. The session is what makes a record that can be
replayed: it numbers asks, counts tells, commits a trial before its optimizer hears of
it, and flips metrics that are maximized - here and nowhere else.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Run
from hpbridge.contract.backend import ExhaustedError, NotYetError
from hpbridge.contract.clock import REAL, Clock
from hpbridge.contract.stage import Stage
from hpbridge.errors import ContractError, ObjectiveError
from hpbridge.learning.around import AroundTrial
from hpbridge.learning.ask import Ask, outcome_of, recorded_text
from hpbridge.learning.bounds import Bounds
from hpbridge.learning.ended import trial_of
from hpbridge.learning.requested import take_requests
from hpbridge.store.settings import OWN_LOOP
from hpbridge.trial import FinishedTrial, Origin, Result, State, trial_seed

if TYPE_CHECKING:
    from hpbridge.contract.backend import Outcome
    from hpbridge.experiment import Experiment
    from hpbridge.learning.growing import Asked
    from hpbridge.learning.learner import Learner
    from hpbridge.space.parameters import Label
    from hpbridge.store import StudyWriter
    from hpbridge.store.requests import Request
    from hpbridge.store.settings import Settings, StudySettings

_EXHAUSTED = "exhausted:"
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
        parked: Trials that had paused when its process ended, as recorded.
        bounds: What makes its trials infeasible.
        queued: Points that were queued by hand, which run next.
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
        self.queued: deque[Request] = deque()
        self.parked: list[tuple[Ask, FinishedTrial]] = []
        self._n_asked = 0
        self._n_imported = 0
        self.run_by(REAL)
        self._sign = {
            m: -1.0 if way == "maximize" else 1.0
            for m, way in self.experiment.metrics.items()
        }
        self._main, self._main_sign = next(iter(self._sign.items()))
        self.bounds = Bounds(self.experiment, self.recorded)
        most = self.experiment.budget_of(None)
        self._whole = None if most is None else Stage(most)
        self._kept: dict[str, Any] = {}
        # With several workers, what was asked cannot be told from what was finished;
        # nor where whoever asks may be gone, and tell later.
        is_own = self.recorded is not None and self.recorded.driver == OWN_LOOP
        self._announces = is_own or self.settings.workers > 1

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
        told, now = len(self.finished), self._clock.time()
        return Ask(number, params, seed, origin, told, now, stage=self._whole)

    @property
    def n_done(self) -> int:
        """How many trials of this study ended, those imported not counted."""
        return len(self.finished) - self._n_imported

    @property
    def seconds(self) -> float:
        """Seconds since the session began."""
        return self._clock.seconds() - self._started_at

    def run_by(self, clock: Clock) -> None:
        """Let a clock say what time it is, from now on."""
        self._clock, self._started_at = clock, clock.seconds()

    def stop(self, reason: str) -> None:
        """End the study: no new trial starts. The first reason counts."""
        with self._lock:
            self.stop_reason = self.stop_reason or recorded_text(reason)

    def interrupt(self, reason: str) -> None:
        """End the study, which waits for nothing any more: `stop`, by a signal."""
        self.writer.stop_waiting()
        self.stop(reason)

    def next(self) -> Ask | None:
        """Return the next trial to run; None when no further one is to start now.

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
                self.stop(f"{_EXHAUSTED} {end}")
                return None
            except NotYetError:
                self._check_wait()
                return None
            self._running[ask.number] = ask
            if self._announces or ask.request is not None:
                trial = self._trial(ask, Run(Result(State.FAILED), 0, 0))
                self.writer.announce(trial, ask.request)
            return ask

    def take_back(self, ask: Ask) -> None:
        """Take back a trial that was asked for and never began: it is the next one."""
        with self._lock:
            del self._running[ask.number]
            self._again.appendleft(ask)

    def _check_wait(self) -> None:
        """Check that a trial runs whose end the optimizer can wait for."""
        if not self._running:
            rule = "it waits for a trial to end, and none runs"
            raise ContractError.broke(self.optimizer_name, rule)

    def _is_over(self) -> bool:
        if self.writer.inbox.waiting:
            take_requests(self)
        if self.stop_reason is not None:
            return True
        if self.n_done + len(self._running) >= self.settings.n_trials:
            return True
        self._apply_timeout()
        return self.stop_reason is not None

    def _apply_timeout(self) -> None:
        timeout = self.settings.timeout
        if timeout is not None and self.seconds >= timeout:
            self.stop(f"timeout of {timeout:g} seconds")

    def goes_on(self) -> bool:
        """Say whether paused trials may go on: not when a limit ended the study."""
        with self._lock:
            if self.writer.inbox.waiting:
                take_requests(self)
            self._apply_timeout()
            return (self.stop_reason or _EXHAUSTED).startswith(_EXHAUSTED)

    def pause(self, ask: Ask, run: Run) -> None:
        """Take a trial that has paused, to disk; its optimizer hears of its end."""
        with self._lock:
            if self.experiment.is_growing:  # its space is recorded with its end
                nothing = Run(Result(State.FAILED), 0, 0)
                self.writer.announce(self._trial(ask, nothing))
            else:
                self.writer.pause(self._trial(ask, run))

    def park(self, trials: Iterable[FinishedTrial]) -> None:
        """Take trials that had paused from those that are to run again."""
        for trial in trials:
            ask = next(ask for ask in self._again if ask.number == trial.number)
            self._again.remove(ask)
            self.parked.append((ask, trial))
            self._running[ask.number] = ask

    @property
    def running(self) -> dict[int, Ask]:
        """The trials that were asked for and have not ended, by number."""
        with self._lock:
            return dict(self._running)

    def adopt(self) -> None:
        """Take trials that were to run again for what they are: they still run."""
        self._running |= {ask.number: ask for ask in self._again}
        self._again.clear()

    def hear(self, ask: Ask, trial: FinishedTrial) -> None:
        """Take a trial that is on disk since another process was told of it."""
        del self._running[ask.number]
        self.tell(ask, trial)
        self.remember(trial)

    def _next_ask(self) -> Ask:
        if self._again:
            return self._again.popleft()
        if self._waiting:
            ask = self._waiting.popleft()
            ask.tells_before, ask.asked_at = len(self.finished), self._clock.time()
            if self.learner.defines:
                ask.suggestion = self.learner.ask(ask.number)
            return ask
        if self.queued:
            request = self.queued.popleft()
            self.learner.expect(request.data["params"])
            ask = self._number(dict(request.data["params"]), Origin.ENQUEUED)
            ask.request = request.id
            return ask
        started = time.perf_counter()
        suggestion = self.learner.ask(self._n_asked)
        seconds = time.perf_counter() - started
        ask = self._number(dict(suggestion.params), Origin.ASKED)
        ask.suggestion, ask.ask_seconds = suggestion, seconds
        ask.stage = suggestion.stage or ask.stage
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
            if constraints and self.bounds.add(constraints, self.learner, self.writer):
                self._find_best()
            trial = self._trial(ask, run)
            self.writer.add(trial)
            self._running.pop(ask.number, None)
            started = time.perf_counter()
            self.tell(ask, trial, run.result.asked)
            seconds = time.perf_counter() - started
            self.writer.note_tell(trial.number, seconds)
            # Frozen for its readers, and none has seen it yet; a copy costs much.
            object.__setattr__(trial, "tell_seconds", seconds)
            self._apply_mend(trial, run.result)
            self.remember(trial)
            self._apply_limits(trial)
        for listener in self.listeners:
            listener(self, trial)
        return trial

    def _trial(self, ask: Ask, run: Run) -> FinishedTrial:
        self.learner.note_result(ask.number, run.result)
        told, learner = len(self.finished), self.learner
        return trial_of(ask, run, told, self.experiment, learner, self.bounds)

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
        return outcome_of(trial, self._sign, self.bounds.of(self.learner))

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
        """Say if a trial is feasible, and better: at a larger budget in any case."""
        if trial.state is not State.COMPLETE:
            return False
        if any(b.violation(trial.metrics) > 0 for b in self.bounds.all):
            return False
        return than is None or self._rank(trial) < self._rank(than)

    def _rank(self, trial: FinishedTrial) -> tuple[float, float]:
        return -(trial.budget or 0), self._main_sign * trial.metrics[self._main]

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
