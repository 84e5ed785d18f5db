"""A thread that runs a trial from one report to the next, and waits in between."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from hpbridge.contract.attempt import Reply
from hpbridge.drivers.objective import Attempt
from hpbridge.errors import DriverError

if TYPE_CHECKING:
    from hpbridge.contract.attempt import Checkpoint, Run
    from hpbridge.contract.execution import Job
    from hpbridge.experiment import Experiment


_LOOK_SECONDS = 0.5


class _CancelledError(BaseException):
    """Nobody waits for the trial any more."""


class StepwiseThread:
    """Runs trials, one after the other, each only while its owner waits for it.

    So an objective sees the answer to its report before it goes on, though its owner
    gives that whenever it likes; and of many trials that have begun, one runs at a
    time.

    Raises:
        DriverError: If there can be no further thread.

    Attributes:
        report: Step and value of the report that it waits with; None at a trial's end.
        run: What the trial came to, at its end.
        checkpoint: Where it goes on from, if it has paused.
        error: What ended it, where that was no matter of the objective's.
        seconds: How long the last part of the trial took: what it stated, or where it
            has stated nothing, what it really took.
        has_stated: Whether the trial has stated any time.
    """

    def __init__(self) -> None:
        self.report: tuple[int, float] | None = None
        self.run: Run | None = None
        self.checkpoint: Checkpoint | None = None
        self.error: BaseException | None = None
        self.seconds = 0.0
        self.has_stated = False
        self._stated = 0.0
        self._reply = Reply.GO_ON
        self._task: tuple[Job, Experiment] | None = None
        self._is_cancelled = self._is_away = False
        self._to_go, self._to_come = threading.Lock(), threading.Lock()
        self._to_go.acquire()
        self._to_come.acquire()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            n = threading.active_count()
            headline = f"This machine starts no further thread beside {n}: {error}"
            hint = "each trial that waits with a report has one: take fewer workers"
            raise DriverError(headline, hint=hint) from error

    def begin(self, job: Job, experiment: Experiment) -> None:
        """Run a job to its first report, or its end.

        Args:
            job: Of the executor.
            experiment: Whose objective it runs.
        """
        self._task, self.has_stated = (job, experiment), False
        self.run = self.checkpoint = self.error = None
        self._pass_on()

    def go_on(self, reply: Reply) -> None:
        """Run the trial on to its next report, or its end."""
        self._reply = reply
        self._pass_on()

    def cancel(self) -> None:
        """End the trial that waits with a report; what it does of that is ignored."""
        self._is_cancelled = True
        if not self._is_away:
            while self.report is not None:
                self._pass_on()
            self._is_cancelled = False

    def close(self) -> None:
        """End the thread; where its owner was interrupted while it ran, later."""
        self.cancel()
        self._is_cancelled, self._task = True, None
        if not self._is_away:
            self._to_go.release()
            self._thread.join()

    def _pass_on(self) -> None:
        """Let the thread run until it waits."""
        started, self._stated = time.perf_counter(), 0.0
        self._is_away = True
        self._to_go.release()
        # A signal that comes a moment before it waits does not wake it.
        while not self._to_come.acquire(timeout=_LOOK_SECONDS):
            pass
        self._is_away = False
        really = 0.0 if self.has_stated else time.perf_counter() - started
        self.seconds = self._stated if self.has_stated else really

    def _serve(self) -> None:
        while True:
            self._to_go.acquire()
            if self._task is None:
                return
            self._run(*self._task)
            self.report = None
            if self._task is None:
                return  # closed while it ran: nobody comes any more
            self._to_come.release()

    def _run(self, job: Job, experiment: Experiment) -> None:
        attempt = Attempt(self._answer, job.checkpoint, took=self._took)
        try:
            run = attempt.run(experiment, job.point, "", job.around)
            self.run, self.checkpoint = run, attempt.pause(run)
        except BaseException as error:  # noqa: BLE001 - its owner raises it, or says so
            self.error = error

    def _took(self, seconds: float) -> None:
        self._stated += seconds
        self.has_stated = True

    def _answer(self, step: int, value: float) -> Reply:
        if not self._is_cancelled:
            self.report = step, value
            self._to_come.release()
            self._to_go.acquire()
        if self._is_cancelled:
            raise _CancelledError
        return self._reply
