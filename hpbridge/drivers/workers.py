"""An executor of worker processes of our own; see `hpbridge.drivers.worker_process`."""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from collections import deque
from typing import TYPE_CHECKING

from hpbridge.contract.attempt import Run
from hpbridge.contract.execution import Ended, Lost, Paused, Refused, Reported
from hpbridge.drivers.deaths import Deaths, with_memory
from hpbridge.drivers.desk_process import DeskProcess
from hpbridge.drivers.logs import RunningLogs
from hpbridge.drivers.memory import held_by
from hpbridge.drivers.worker import BROKEN, DONE, READY, Task
from hpbridge.drivers.worker_process import WorkerProcess, pack_experiment
from hpbridge.errors import ExperimentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hpbridge.contract.attempt import Reply
    from hpbridge.contract.execution import Job, Message, Policy
    from hpbridge.experiment import Experiment
    from hpbridge.store.settings import Settings

# How often workers may die while they load the experiment, one after the other.
_MOST_FAILED_STARTS = 3
# A worker's death closes its socket, unless a child of the objective holds it open.
_LOOK_SECONDS = 1.0
_GARBLED = "it wrote into the channel of its worker process, or closed it"
_NOT_LOADED = "it cannot be loaded in a worker process"
# What an idle worker may take to run its `atexit` functions.
_EXIT_SECONDS = 2.0


class _Packed:
    """Experiments as bytes, each packed once and numbered from 0."""

    def __init__(self) -> None:
        self._known: list[tuple[Experiment, bytes]] = []

    def key_of(self, experiment: Experiment) -> int:
        """Return the number of an experiment, which is packed if it is new.

        Raises:
            ExperimentError: If it cannot be sent.
        """
        for key, (known, _) in enumerate(self._known):
            if known is experiment:
                return key
        self._known.append((experiment, pack_experiment(experiment)))
        return len(self._known) - 1

    def bytes_of(self, key: int) -> bytes:
        """Return a packed experiment."""
        return self._known[key][1]


class Workers:
    """Worker processes; those that die are replaced as jobs need them."""

    def __init__(
        self,
        experiment: Experiment,
        slots: int,
        *,
        trials_each: int | None = None,
        memory: int | None = None,
    ) -> None:
        self.slots = slots
        self._trials_each = trials_each
        self._deaths = Deaths(memory)
        self._first = experiment
        self._packed = _Packed()
        self._workers: list[WorkerProcess] = []
        self._todo: deque[Job] = deque()
        self._refused: list[Refused] = []
        # Why jobs of an experiment cannot run, by the experiment's number.
        self._broken: dict[int, ExperimentError] = {}
        self._failed_starts = 0
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, Job] = {}
        self._logs = RunningLogs()
        self._desk = DeskProcess()
        self._selector.register(self._desk.socket, selectors.EVENT_READ, self._desk)

    def prepare(self, count: int) -> None:
        """Start workers until there are so many.

        Raises:
            ExperimentError: If the first experiment cannot be sent to them.
        """
        new = []
        for _ in range(count - len(self._workers)):
            new.append(worker := WorkerProcess(self._desk.line()))
            self._workers.append(worker)
            self._selector.register(worker.socket, selectors.EVENT_READ, worker)
        self._desk.start()  # after the first workers, which take longer
        # While the first ones start: it takes time, and they need it only then.
        key = self._packed.key_of(self._first)
        packed = None if key in self._broken else self._packed.bytes_of(key)
        for worker in new:
            worker.send(Task(0, key, packed, {}, 0, 0))

    def start(self, job: Job) -> None:
        """Hand a job to the next free worker."""
        try:
            broken = self._broken.get(self._packed.key_of(job.experiment))
        except ExperimentError as error:
            broken = error
        if broken is not None:
            self._refused.append(Refused(job, broken))
            return
        self._todo.append(job)
        self._dispatch()

    def _dispatch(self) -> None:
        free = [worker for worker in self._workers if worker.is_ready]
        # While all still load the experiment, the first has a job waiting when it is
        # ready, even if this process thinks by then; the others wait for no slow start.
        for worker in free or self._workers[:1]:
            if self._todo and worker.running is None:
                job = self._todo.popleft()
                self._desk.expect(job)  # before its first report can come
                self._running[job.id] = job
                self._logs.begin(job.id, self._log_of(job))
                worker.begin(job)
                if worker.is_ready:
                    self._deaths.begin(worker.pid)
                if not worker.send(self._task(job, worker)):
                    # It died before it had the trial, which costs nothing.
                    worker.running = None
                    self._todo.appendleft(job)
        n_busy = sum(worker.running is not None for worker in self._workers)
        self.prepare(min(n_busy + len(self._todo), self.slots))

    def _task(self, job: Job, worker: WorkerProcess) -> Task:
        key = self._packed.key_of(job.experiment)
        packed = None if key in worker.has else self._packed.bytes_of(key)
        point = dict(job.params), job.number, job.seed
        return Task(job.id, key, packed, *point, job.checkpoint, self._log_of(job))

    def _log_of(self, job: Job) -> str | None:
        """Return where a job prints; one that is alone prints as this process does."""
        return job.log if self.slots > 1 else None

    def wait(self, seconds: float) -> None:
        """Wait until there is something to take."""
        if self._refused:
            return
        self._dispatch()
        deadlines = [w.running.deadline for w in self._workers if w.running is not None]
        left = min(deadlines, default=float("inf")) - time.monotonic()
        self._selector.select(max(0.0, min(left, seconds, _LOOK_SECONDS)))

    def messages(self) -> Iterable[Message]:
        """Return what workers said, and which of them died or were late."""
        self._logs.look()
        readable = {key.data for key, _ in self._selector.select(0)}
        messages: list[Message] = []
        if self._desk in readable:
            messages += self._reported(self._desk.reports())
            if self._desk.is_dead:
                self._selector.unregister(self._desk.socket)
        for worker in list(self._workers):
            if worker in readable:
                messages += self._read(worker)
            elif worker.is_dead() and not worker.has_said():
                messages += self._bury(worker)
            elif worker.running and time.monotonic() >= worker.running.deadline:
                limit = worker.running.job.timeout
                why = f"took longer than {limit:g} seconds; ended"
                messages += self._bury(worker, why)
        messages += self._refused
        self._refused = []
        return messages

    def _reported(self, reports: list[tuple[int, int, float]]) -> list[Message]:
        return [
            Reported(self._running[job], step, value)
            for job, step, value in reports
            if job in self._running
        ]

    def _read(self, worker: WorkerProcess) -> list[Message]:
        message = worker.receive()
        if message is None:
            return self._bury(worker)
        kind, number, *content = message
        if kind == READY or not number:
            worker.is_ready = True
            if worker.running is not None:
                since, held = content if kind == READY else (time.time(), None)
                worker.begin(worker.running.job, since)
                self._deaths.begin(worker.pid, held)
            self._failed_starts = 0
            if kind == BROKEN:
                self._refuse(self._first, f"{_NOT_LOADED}: {content[0]}")
            return []
        running = worker.running
        if running is None or running.job.id != number:
            return []
        worker.running = None
        use = self._deaths.end(worker.pid)
        self._forget(running.job)
        if kind == BROKEN:
            self._todo.appendleft(running.job)
            self._refuse(running.job.experiment, f"{_NOT_LOADED}: {content[0]}")
            return []
        worker.n_run += 1
        if worker.n_run == self._trials_each:
            self._take_leave(worker)
        if kind == DONE:
            result, started_at, seconds = content
            result = with_memory(result, use)
            run = Run(result, started_at, seconds, str(worker.pid))
            return [Ended(running.job, run)]
        return [Paused(running.job, content[1], content[0])]

    def _refuse(self, experiment: Experiment, problem: str) -> None:
        """Refuse the jobs of an experiment, from now on."""
        error = ExperimentError.invalid(experiment.name, [problem])
        self._broken[self._packed.key_of(experiment)] = error
        refused = [job for job in self._todo if job.experiment is experiment]
        self._todo = deque(job for job in self._todo if job not in refused)
        self._refused += [Refused(job, error) for job in refused]

    def _bury(self, worker: WorkerProcess, why: str = "") -> list[Message]:
        """End a worker that is dead or late; return what is lost with it."""
        use = self._deaths.end(worker.pid)
        how = self._take_leave(worker, 0.0)
        running = worker.running
        if not worker.is_ready:
            if running is not None:  # it never began, which costs nothing
                self._todo.appendleft(running.job)
            self._failed_starts += 1
            if self._failed_starts == _MOST_FAILED_STARTS:
                problem = f"loading it ends a worker process ({how})"
                self._refuse(self._first, problem)
            return []
        if running is None:
            return []
        if worker.is_garbled:
            why = _GARBLED
        why = why or self._deaths.why(how, use)
        job, started_at = running.job, running.started_at
        seconds = time.time() - started_at
        # All that it reported while it lived is at the desk.
        reported = self._reported(self._desk.sync())
        self._forget(job)
        return [*reported, Lost(job, why, started_at, seconds, str(worker.pid))]

    def _take_leave(self, worker: WorkerProcess, grace: float = _EXIT_SECONDS) -> str:
        """End a worker; return how it ended. Another one comes when it is needed."""
        self._workers.remove(worker)
        self._selector.unregister(worker.socket)
        return worker.end(grace)

    def _forget(self, job: Job) -> None:
        del self._running[job.id]
        self._logs.end(job.id)
        self._desk.forget(job)

    def answer(self, job: Job, reply: Reply) -> None:
        """Answer the job's reports so from now on."""
        self._desk.answer(job, reply)

    def decide_by(self, policy: Policy) -> None:
        """Let a policy answer reports."""
        self._desk.decide_by(policy, self._running.values())

    def cancel(self, job: Job) -> None:
        """End the worker that runs a job, or forget a job that none runs."""
        for worker in self._workers:
            if worker.running is not None and worker.running.job is job:
                worker.running = None
                self._bury(worker)
                self._forget(job)
                return
        if job in self._todo:
            self._todo.remove(job)

    def close(self) -> None:
        """End every worker, running ones too."""
        self._deaths.close()
        self._selector.close()
        self._desk.hang_up()
        for worker in self._workers:
            worker.hang_up()
        for worker in self._workers:
            is_idle = worker.is_ready and worker.running is None
            worker.end(_EXIT_SECONDS if is_idle else 0.0)
        self._desk.close()


@contextlib.contextmanager
def open_workers(experiment: Experiment, settings: Settings) -> Iterator[Workers]:
    """Start workers, all at once, and end them when the context ends.

    Raises:
        ExperimentError: If the experiment cannot be sent to them.
    """
    limit = settings.memory_trial
    if limit is not None and held_by(os.getpid()) is None:
        problem = "memory_trial must be None: this system tells no process's memory"
        raise ExperimentError.invalid(experiment.name, [problem])
    workers = Workers(
        experiment,
        settings.workers,
        trials_each=settings.trials_per_worker,
        memory=limit,
    )
    try:
        workers.prepare(min(settings.workers, settings.n_trials))
        yield workers
    finally:
        workers.close()
