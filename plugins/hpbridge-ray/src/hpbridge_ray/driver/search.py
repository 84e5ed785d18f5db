"""A study's session as Tune's search algorithm, for the driver ``tune``."""

from __future__ import annotations

import base64
import dataclasses
import json
import pickle
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ray.exceptions import RayError
from ray.tune.search import Searcher

from hpbridge.plugin import (
    INTERRUPTED,
    Result,
    Run,
    RunningLogs,
    Saved,
    State,
    failed,
)
from hpbridge_ray._upstream import actor_id_of
from hpbridge_ray.driver.actor import why_lost
from hpbridge_ray.driver.missing import refusal
from hpbridge_ray.driver.one_step import METRIC
from hpbridge_ray.driver.output import what_is_lost
from hpbridge_ray.driver.stepped import STEP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Ask, Session, Settings
    from hpbridge_ray.driver.desk import DeskActor
    from hpbridge_ray.driver.watch import Watch


@dataclass
class _Task:
    """A trial on its way through Tune."""

    ask: Ask
    started_at: float
    attempts: int
    trial: Any = None  # Tune's, when it has begun
    actor: str | None = None


class SessionSearch(Searcher):  # type: ignore[misc]
    """A session as Tune's search algorithm.

    Errors are kept, not raised: Tune would wrap them, or only log them.

    Args:
        session: That proposes.
        settings: Of the study.
        watch: Whether Ray is there.
        words: The folder of `LastWords`.
        desk: That answers reports; None without a pruner.

    Attributes:
        error: The first one; no further trial starts.
        saved: The checkpoints of the trials.
        may_end: Whether a signal came, and nothing runs any more.
        logs: Of the running trials.
        gates: Whether it counts the running trials itself, since Tune would count
            those that a scheduler has paused, and wait for them for ever.
    """

    gates = False

    def __init__(
        self,
        session: Session,
        settings: Settings,
        watch: Watch,
        words: str,
        desk: DeskActor | None = None,
    ) -> None:
        super().__init__(metric=METRIC, mode=mode_of(session))
        self._desk = desk
        self._reported: dict[int, list[tuple[int, float]]] = {}
        self._session = session
        self._settings = settings
        self.saved = Saved(session)
        self.watch, self._words = watch, words
        self._tasks: dict[str, _Task] = {}
        self._again: deque[_Task] = deque()
        self.error: Exception | None = None
        self.may_end = False
        self.logs = RunningLogs()

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune saves its search algorithm, and the store has it all."""
        return {}

    @property
    def is_interrupted(self) -> bool:
        """Whether a signal ended the study: what still runs is to end too."""
        return self._session.stop_reason == INTERRUPTED

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return the next trial; None when one may come after a running one ends."""
        if self.gates and self._n_active() >= self._settings.workers:
            return None
        try:
            task = self._next()
        except Exception as error:  # noqa: BLE001 - raised after the Tuner's end
            self._fail(error)
            task = None
        if task is None:
            is_over = self.error is not None or not self._session.running
            return Searcher.FINISHED if is_over else None
        self._tasks[trial_id] = task
        ask = task.ask
        limit = self._settings.timeout_trial
        log = self._session.writer.log_of(ask.number)
        self.logs.begin(ask.number, log)
        checkpoint = self._begin_or_go_on(task)
        return {"task": json.dumps([ask.point, limit, log, checkpoint])}

    def _n_active(self) -> int:
        """Return how many trials run, or are to."""
        trials = [task.trial for task in self._tasks.values()]
        return sum(trial is None or trial.status != "PAUSED" for trial in trials)

    def _begin_or_go_on(self, task: _Task) -> Any:
        """Return where a trial goes on from, as JSON data; the pruner hears of it."""
        number = task.ask.number
        checkpoint = self.saved.start(task.ask, task.attempts, None)
        if checkpoint.reports:
            self._tell("go_on", number, checkpoint.reports)
            self._reported[number] = list(checkpoint.reports)
        return dataclasses.astuple(checkpoint)

    def _next(self) -> _Task | None:
        if self.error is not None:
            return None
        if self._again:
            task = self._again.popleft()
            return _Task(task.ask, time.time(), task.attempts + 1)
        ask = self._session.next()
        return None if ask is None else _Task(ask, time.time(), 1)

    def _fail(self, error: Exception) -> None:
        self.error = self.error or error
        self._session.stop("failed")

    def note_start(self, trial: Any) -> None:
        """Note that the actor is there and the trial begins."""
        task = self._tasks[trial.trial_id]
        task.started_at, task.trial = time.time(), trial
        task.actor = actor_id_of(trial)

    def on_trial_result(self, trial_id: str, result: Mapping[str, Any]) -> None:
        """Take a report that a scheduler has judged; the end brings the last one."""
        if STEP in result:
            number = self._tasks[trial_id].ask.number
            report = result[STEP], result[METRIC]
            self._reported.setdefault(number, []).append(report)

    def on_trial_complete(
        self,
        trial_id: str,
        result: Mapping[str, Any] | None = None,
        error: bool = False,  # noqa: ARG002 - Ray's signature
    ) -> None:
        """Hand what a trial came to, or that its actor died, to the session."""
        if result is not None:
            self.on_trial_result(trial_id, result)
        task = self._tasks.pop(trial_id)
        problem = (result or {}).get("problem")
        if problem is not None:
            name = self._session.experiment.name
            self._fail(refusal(name, problem))
            return
        is_ended = self.is_interrupted or self.watch.why() is not None
        if result is None and is_ended:
            return  # it did not end, it was ended; resuming runs it again
        run, printed = self._ended(task, result or {})
        run.attempts = task.attempts
        self.logs.end(task.ask.number, printed)
        is_failed = run.result.state is State.FAILED
        is_failed = is_failed and not self._session.is_mismatch(run.result)
        has_tries = task.attempts <= self._settings.retries
        if is_failed and has_tries and self._session.stop_reason is None:
            self._again.append(task)
            self._tell("begin_again", task.ask.number)
            return
        try:
            trial = self._session.finish(task.ask, run)
        except Exception as failure:  # noqa: BLE001 - raised after the Tuner's end
            self._fail(failure)
            return
        is_complete = trial.state is State.COMPLETE
        main = self._session.experiment.main_metric
        value = trial.metrics[main] if is_complete else None
        self._tell("end", trial.number, trial.state, value)
        self.saved.end(trial)

    def _tell(self, what: str, number: int, *about: Any) -> None:
        """Tell the pruner what becomes of a trial."""
        self._reported.pop(number, None)
        if self._desk is None:
            return
        try:
            self._desk.tell(self._session.writer.name, what, number, *about)
        except RayError:
            self._desk = None  # it died: nothing is ended early any more

    def _ended(self, task: _Task, result: Mapping[str, Any]) -> tuple[Run, bytes]:
        """Return what a trial came to, and what its log has to say."""
        if "run" in result:
            return _read(result["run"])
        if STEP not in result:
            return self._lost(task)
        # A scheduler has ended it at a report.
        found = Result(State.PRUNED, reports=self._reports_of(task.ask.number))
        seconds = time.time() - task.started_at
        return Run(found, task.started_at, seconds, str(result.get("pid", ""))), b""

    def _lost(self, task: _Task) -> tuple[Run, bytes]:
        """Return what a trial came to whose actor died, and what its log has to say."""
        seconds = time.time() - task.started_at
        error = None if task.trial is None else task.trial.get_pickled_error()
        limit = self._settings.timeout_trial
        why = why_lost(seconds, limit, error, self._words, task.actor)
        reports = self._reports_of(task.ask.number)
        run = failed(
            why,
            task.started_at,
            run_seconds=seconds,
            worker="lost",
            reports=reports,
        )
        return run, what_is_lost(self._words, task.actor)

    def _reports_of(self, number: int) -> tuple[tuple[int, float], ...]:
        """Return what a trial had reported whose actor died."""
        if self._desk is not None:
            for job, step, value in self._desk.sync():
                self._reported.setdefault(job, []).append((step, value))
        return tuple(self._reported.pop(number, ()))

    def save(self, checkpoint_path: str) -> None:
        """Save nothing."""


def _read(text: str) -> tuple[Run, bytes]:
    found: tuple[Run, bytes] = pickle.loads(base64.b64decode(text))
    return found


def mode_of(session: Session) -> str:
    """Return what Tune is to do with the first metric."""
    maximizes = next(iter(session.experiment.metrics.values())) == "maximize"
    return "max" if maximizes else "min"
