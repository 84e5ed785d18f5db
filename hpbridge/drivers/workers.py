"""An executor of worker processes of our own; see `hpbridge.drivers.worker_process`."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Point, Run
from hpbridge.contract.execution import Ended, Lost, Paused, Refused, Reported
from hpbridge.drivers.cores import limits_of, threads_of
from hpbridge.drivers.deaths import Deaths, with_memory
from hpbridge.drivers.desk_process import DeskProcess, of_faults
from hpbridge.drivers.devices import Devices, devices_of
from hpbridge.drivers.logs import RunningLogs
from hpbridge.drivers.loopback_process import LoopbackDeskProcess, LoopbackWorkerProcess
from hpbridge.drivers.memory import held_by
from hpbridge.drivers.packing import Packed
from hpbridge.drivers.system import hands_over_sockets
from hpbridge.drivers.worker import BROKEN, DONE, READY, Task
from hpbridge.drivers.worker_process import WorkerProcess
from hpbridge.drivers.zygote_process import Zygote, can_fork
from hpbridge.errors import ExperimentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hpbridge.contract.attempt import Reply
    from hpbridge.contract.execution import Job, Message, Policy
    from hpbridge.experiment import Experiment
    from hpbridge.store.settings import Settings

_log = logging.getLogger(__name__)


# How often workers may die while they load the experiment, one after the other.
_MOST_FAILED_STARTS = 3
# A worker's death closes its socket, unless a child of the objective holds it open.
_LOOK_SECONDS = 1.0
_GARBLED = "it wrote into the channel of its worker process, or closed it"
_NOT_LOADED = "it cannot be loaded in a worker process"
# What an idle worker may take to run its `atexit` functions.
_EXIT_SECONDS = 2.0


class Workers:
    """Worker processes; those that die are replaced as jobs need them.

    Args:
        experiment: That they load first.
        slots: How many run at once at most.
        trials_each: Trials after which one is renewed.
        memory: Bytes by which one may grow during a trial.
        logs_all: Whether a job that is alone prints to its log, too.
    """

    def __init__(  # noqa: PLR0913 - all but two have a default
        self,
        experiment: Experiment,
        slots: int,
        *,
        trials_each: int | None = None,
        memory: int | None = None,
        logs_all: bool = False,
        threads: int | None = None,
        devices: Devices | None = None,
    ) -> None:
        self.slots = slots
        self._logs_all = logs_all
        self._trials_each = trials_each
        share = threads_of(slots, threads)
        self._limits = limits_of(share, threads, os.environ)
        self._devices = devices or Devices()
        inherits = hands_over_sockets()
        self._may_fork = inherits and slots > 1 and memory is None and can_fork()
        self._zygote: Zygote | None = None
        self._past_zygotes: list[Zygote] = []
        self._deaths = Deaths(memory)
        self._first = experiment
        self._packed = Packed()
        self._workers: list[WorkerProcess] = []
        self._todo: deque[Job] = deque()
        self._refused: list[Refused] = []
        # Why jobs of an experiment cannot run, by the experiment's number.
        self._broken: dict[int, ExperimentError] = {}
        self._failed_starts = 0
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, Job] = {}
        self._logs = RunningLogs()
        self._desk = DeskProcess() if inherits else LoopbackDeskProcess()
        self._selector.register(self._desk.socket, selectors.EVENT_READ, self._desk)

    def prepare(self, count: int) -> None:
        """Start workers until there are so many.

        Raises:
            ExperimentError: If the first experiment cannot be sent to them.
        """
        new = []
        n_new = count - len(self._workers)
        if n_new > 1 and self._may_fork:
            self._open_zygote()
        for _ in range(n_new):
            worker = self._new_worker()
            new.append(worker)
            self._workers.append(worker)
        self._desk.start()  # after the first workers, which take longer
        # While the first ones start: it takes time, and they need it only then.
        key = self._packed.key_of(self._first)
        packed = None if key in self._broken else self._packed.bytes_of(key)
        for worker in new:
            worker.connect()
            self._selector.register(worker.socket, selectors.EVENT_READ, worker)
            sent = None if worker.is_of_zygote else packed
            worker.send(Task(0, key, sent, Point({}, 0, 0)))

    def _new_worker(self) -> WorkerProcess:
        desk, device = self._desk, self._devices.take()
        if isinstance(desk, LoopbackDeskProcess):
            return LoopbackWorkerProcess(desk.address(), self._limits, device)
        return WorkerProcess(desk.line(), self._limits, device, self._zygote)

    def _open_zygote(self) -> None:
        """Let the first experiment be loaded once, by what starts workers from now on.

        A limit on memory counts what a process holds, which forks share.
        """
        self._may_fork = False
        self._zygote = Zygote(self._limits)
        self._selector.register(self._zygote.socket, selectors.EVENT_READ, self._zygote)
        key = self._packed.key_of(self._first)
        self._zygote.load(key, self._packed.bytes_of(key))

    def _hear(self, zygote: Zygote) -> None:
        """Do without a zygote that is dead: workers load the experiment each."""
        zygote.look()
        if not zygote.is_over:
            return
        self._selector.unregister(zygote.socket)
        self._zygote = None
        self._past_zygotes.append(zygote)  # it may have started some before it died
        unborn = [worker for worker in self._workers if not worker.pid]
        for worker in unborn:
            if worker.running is not None:
                self._todo.appendleft(worker.running.job)
            self._take_leave(worker, 0.0)
        self.prepare(len(self._workers) + len(unborn))

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
        return Task(job.id, key, packed, job.point, job.checkpoint, self._log_of(job))

    def _log_of(self, job: Job) -> str | None:
        """Return where a job prints; one that is alone prints as this process does."""
        return job.log if self.slots > 1 or self._logs_all else None

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
        zygote = self._zygote
        if zygote is not None and (zygote in readable or zygote.is_over):
            self._hear(zygote)
        messages: list[Message] = []
        if self._desk in readable:
            messages += self._reported(self._desk.reports())
            messages += of_faults(self._desk, self._running.values())
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
            self._failed_starts += not worker.is_of_zygote or worker.pid > 0
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
        self._devices.give_back(worker.device)
        return worker.end(grace)

    def _forget(self, job: Job) -> None:
        del self._running[job.id]
        self._logs.end(job.id)
        self._desk.forget(job)

    def answer(self, job: Job, reply: Reply) -> None:
        """Answer the job's reports so from now on."""
        self._desk.answer(job, reply)

    def decide_by(self, study: str, policy: Policy) -> None:
        """Let a policy answer a study's reports."""
        running = [job for job in self._running.values() if job.study == study]
        self._desk.decide_by(study, policy, running)

    def tell(self, study: str, what: str, *about: Any) -> None:
        """Call a study's policy."""
        self._desk.tell(study, what, *about)

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
        for zygote in (*self._past_zygotes, self._zygote):
            if zygote is not None:
                zygote.close()
        self._desk.close()


@contextlib.contextmanager
def open_workers(experiment: Experiment, settings: Settings) -> Iterator[Workers]:
    """Start workers, all at once, and end them when the context ends.

    Raises:
        ExperimentError: If the experiment cannot be sent to them, or there can be
            none.
    """
    limit = settings.memory_trial
    if limit is not None and held_by(os.getpid()) is None:
        problem = "memory_trial must be None: this system tells no process's memory"
        raise ExperimentError.invalid(experiment.name, [problem])
    devices = Devices(devices_of(experiment, settings))
    workers = Workers(
        experiment,
        settings.workers,
        trials_each=settings.trials_per_worker,
        memory=limit,
        threads=settings.threads_per_worker,
        devices=devices,
    )
    try:
        n_first = min(settings.workers, settings.n_trials)
        if n_first > 1:
            _log.info("%d workers start", n_first)
        workers.prepare(n_first)
        yield workers
    finally:
        workers.close()
