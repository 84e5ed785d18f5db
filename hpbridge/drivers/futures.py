"""An executor on any `concurrent.futures.Executor`: threads, process pools, loky ...

The pool is its owner's: it is neither started nor shut down here, and nobody can end
what runs in it. A trial of a study that was interrupted runs on, to no effect; a trial
timeout is refused. In threads, a report is answered by a direct call. In processes of
this machine, a desk answers them for a study with a pruner, to which each process comes
by a socket; without one, reports come with the trial's end, and those of a process that
dies are lost. What several trials print goes to their logs
from the processes of a `ProcessPoolExecutor`; threads print where this process does.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import threading
import time
import uuid
from collections import deque
from concurrent.futures import (
    BrokenExecutor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Reply, failed
from hpbridge.contract.execution import (
    DriverSpec,
    Ended,
    Lost,
    Paused,
    Refused,
    Reported,
)
from hpbridge.drivers.desk_process import DeskProcess, of_faults
from hpbridge.drivers.line import Line, called
from hpbridge.drivers.logs import RunningLogs
from hpbridge.drivers.loopback_process import LoopbackDeskProcess
from hpbridge.drivers.loopback_worker import LoopbackLine
from hpbridge.drivers.objective import Attempt
from hpbridge.drivers.outlets import led_to
from hpbridge.drivers.packing import pack_experiment
from hpbridge.drivers.system import hands_over_sockets
from hpbridge.drivers.worker import unpack_experiment
from hpbridge.errors import (
    ExecutorError,
    ExperimentError,
    HpbridgeError,
    PrunerError,
)
from hpbridge.errors.foreign import describe_error

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Iterable, Iterator

    from hpbridge.contract.attempt import Checkpoint, Run
    from hpbridge.contract.execution import Job, Message, Policy
    from hpbridge.drivers.loopback import Address
    from hpbridge.experiment import Experiment
    from hpbridge.store.settings import Settings

# How often a process of a pool looks whether its pool is still there.
_LOOK_SECONDS = 1.0

# In a process of a pool: the experiment that it ran last, by its number there.
_loaded: dict[str, Experiment] = {}


# There too: its line to the desk, by the desk's door.
_lines: dict[str | Address, Line | LoopbackLine] = {}


class _NotLoadedError(Exception):
    """The experiment cannot be loaded in a process of the pool."""


class _NoDeskError(Exception):
    """A process of the pool cannot come to the desk: on another machine, perhaps."""


def _run_there(
    key: str, packed: bytes, task: tuple[Any, ...]
) -> tuple[Run, Checkpoint | None]:
    """Run a trial in a process of a pool."""
    _leave_with(task[-1])
    if key not in _loaded:
        try:
            experiment = unpack_experiment(packed)
        except BaseException as error:  # noqa: BLE001 - a module may raise anything
            raise _NotLoadedError(describe_error(error)) from None
        _loaded.clear()
        _loaded[key] = experiment
    point, checkpoint, log, door, _ = task
    attempt = Attempt(None if door is None else _answer_of(*door), checkpoint)
    with led_to(log):
        run = attempt.run(_loaded[key], point, str(os.getpid()))
    return run, attempt.pause(run)


@functools.cache
def _leave_with(owner: int) -> None:
    """End this process when the one that has the pool was killed, if that started it.

    Nobody else ends it, and what it runs is for nobody.
    """
    if os.getppid() == owner:
        threading.Thread(target=_watch, args=(owner,), daemon=True).start()


def _watch(owner: int) -> None:
    while os.getppid() == owner:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def _line_to(door: str | Address) -> Line | LoopbackLine:
    """Return a line to the desk: by the path of a socket, or by a loopback connection.

    Raises:
        OSError: If nobody is there.
    """
    return called(door) if isinstance(door, str) else LoopbackLine(door)


def _answer_of(door: str | Address, job: int) -> Callable[[int, float], Reply]:
    """Return what answers reports of a job in a process of a pool."""
    line = _lines.get(door)
    if line is None:
        _lines.clear()
        try:
            line = _lines[door] = _line_to(door)
        except OSError as error:
            raise _NoDeskError(describe_error(error)) from None
    return lambda step, value: Reply(line.report(job, step, value))


class Futures:
    """A pool of somebody else's, as a place to run jobs.

    Args:
        pool: Whose.
        slots: How many jobs it is given at the same time.
    """

    def __init__(self, pool: concurrent.futures.Executor, slots: int) -> None:
        self.slots = slots
        self._pool = pool
        self._is_here = isinstance(pool, ThreadPoolExecutor)
        self._has_logs = has_logs(pool) and slots > 1
        self._logs = RunningLogs()
        self._packed: list[tuple[Experiment, str, bytes]] = []
        self._futures: dict[int, Future[tuple[Run, Checkpoint | None]]] = {}
        self._messages: deque[Message] = deque()
        self._has_news = threading.Event()
        self._policies: dict[str, Policy] = {}
        self._replies: dict[int, Reply] = {}
        self._running: dict[int, Job] = {}
        self._desk: DeskProcess | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._door: str | Address = ""
        self._answering = threading.Lock()

    def pack(self, experiment: Experiment) -> tuple[str, bytes]:
        """Return the number of an experiment in the pool's processes, and its bytes.

        Raises:
            ExperimentError: If it cannot be sent.
        """
        for known, key, data in self._packed:
            if known is experiment:
                return key, data
        data = b"" if self._is_here else pack_experiment(experiment)
        self._packed.append((experiment, uuid.uuid4().hex, data))
        return self._packed[-1][1:]

    def start(self, job: Job) -> None:
        """Submit a job to the pool."""
        try:
            future = self._submit(job)
        except HpbridgeError as error:
            self._say(Refused(job, error))
            return
        except RuntimeError as error:  # BrokenExecutor, and after a shutdown
            self._say(Refused(job, ExecutorError.over(self._pool, error)))
            return
        self._futures[job.id] = future
        future.add_done_callback(partial(self._hear, job, time.time()))

    def _submit(self, job: Job) -> Future[tuple[Run, Checkpoint | None]]:
        if self._is_here:
            return self._pool.submit(self._run_here, job)
        key, packed = self.pack(job.experiment)
        log = job.log if self._has_logs else None
        self._logs.begin(job.id, log)
        door = None
        if self._desk is not None and not self._desk.is_dead:
            self._desk.expect(job)
            door = self._door, job.id
        self._running[job.id] = job
        task = job.point, job.checkpoint, log, door, os.getpid()
        return self._pool.submit(_run_there, key, packed, task)

    def _run_here(self, job: Job) -> tuple[Run, Checkpoint | None]:
        """Run a job in a thread of this process."""
        attempt = Attempt(partial(self._reply, job), job.checkpoint)
        thread = threading.current_thread().name[:100]
        run = attempt.run(job.experiment, job.point, thread)
        return run, attempt.pause(run)

    def _reply(self, job: Job, step: int, value: float) -> Reply:
        """Answer a report, in the trial's own thread."""
        self._say(Reported(job, step, value))
        with self._answering:
            if job.id in self._replies:
                return self._replies[job.id]
            policy = self._policies.get(job.study)
            if policy is None:
                return Reply.GO_ON
            try:
                return policy.report(job.number, step, value)
            except Exception as error:  # noqa: BLE001 - it may be anybody's
                self._say(Refused(job, PrunerError.failed(job.study, error)))
                return Reply.STOP

    def _hear(
        self,
        job: Job,
        started_at: float,
        future: Future[tuple[Run, Checkpoint | None]],
    ) -> None:
        """Take what became of a job, in whatever thread."""
        self._logs.end(job.id)
        if self._futures.pop(job.id, None) is None:
            return  # it was cancelled
        error = future.exception()
        if error is None:
            run, checkpoint = future.result()
            self._say(
                Ended(job, run) if checkpoint is None else Paused(job, checkpoint, run)
            )
            return
        if isinstance(error, BrokenExecutor):
            seconds = time.time() - started_at
            why = f"the pool's process died: {describe_error(error)}"
            self._say(Lost(job, why, started_at, seconds, "lost"))
        elif isinstance(error, _NotLoadedError):
            problem = f"it cannot be loaded in a process of the pool: {error}"
            refusal = ExperimentError.invalid(job.experiment.name, [problem])
            self._say(Refused(job, refusal))
        elif isinstance(error, _NoDeskError):
            problem = (
                "pruner must be None on this pool, whose processes cannot come to this "
                f"one to have their reports answered: {error}"
            )
            refusal = ExperimentError.invalid(job.experiment.name, [problem])
            self._say(Refused(job, refusal))
        elif isinstance(error, HpbridgeError):
            self._say(Refused(job, error))
        else:  # it, or its result, could not be sent
            self._say(Ended(job, failed(describe_error(error), started_at)))

    def _say(self, message: Message) -> None:
        self._messages.append(message)
        self._has_news.set()

    def wait(self, seconds: float) -> None:
        """Wait until there is something to take."""
        self._has_news.wait(seconds)

    def messages(self) -> Iterable[Message]:
        """Return what was said since the last call."""
        self._has_news.clear()
        self._logs.look()
        said = []
        while self._messages:
            said.append(self._messages.popleft())
        return said if self._desk is None else self._reported(self._desk, said)

    def _reported(self, desk: DeskProcess, said: list[Message]) -> list[Message]:
        """Return messages after what jobs have reported at the desk."""
        is_lost = any(isinstance(message, Lost) for message in said)
        reports = desk.sync() if is_lost else desk.reports()
        found: list[Message] = [
            Reported(self._running[job], step, value)
            for job, step, value in reports
            if job in self._running
        ]
        found += of_faults(desk, self._running.values())
        for message in said:
            self._running.pop(message.job.id, None)
            desk.forget(message.job)
        return found + said

    def answer(self, job: Job, reply: Reply) -> None:
        """Answer the job's reports so from now on."""
        self._replies[job.id] = reply
        if self._desk is not None:
            self._desk.answer(job, reply)

    def decide_by(self, study: str, policy: Policy) -> None:
        """Let a policy answer a study's reports: here, or at a desk for processes."""
        if self._is_here:
            self._policies[study] = policy
            return
        if self._desk is None:
            self._desk = self._open_desk()
        self._desk.decide_by(study, policy, ())

    def _open_desk(self) -> DeskProcess:
        if not hands_over_sockets():
            by_loopback = LoopbackDeskProcess()
            self._door = by_loopback.address() or ""
            return by_loopback
        desk = DeskProcess()
        desk.start()
        self._folder = tempfile.TemporaryDirectory(prefix="hpbridge-desk-")
        self._door = str(Path(self._folder.name) / "door")
        desk.open_door(self._door)
        return desk

    def tell(self, study: str, what: str, *about: Any) -> None:
        """Call a study's policy."""
        if self._desk is not None:
            self._desk.tell(study, what, *about)
        with self._answering:
            if study in self._policies:
                getattr(self._policies[study], what)(*about)

    def cancel(self, job: Job) -> None:
        """Forget a job; what has begun cannot be ended, and runs on."""
        future = self._futures.pop(job.id, None)
        if future is not None:
            future.cancel()

    def close(self) -> None:
        """Forget every job."""
        for future in list(self._futures.values()):
            future.cancel()
        self._futures.clear()
        if self._desk is not None:
            self._desk.close()
        if self._folder is not None:
            self._folder.cleanup()


@contextlib.contextmanager
def open_futures(
    pool: concurrent.futures.Executor, experiment: Experiment, settings: Settings
) -> Iterator[Futures]:
    """Run trials in a pool, as many at once as the settings say.

    Raises:
        ExperimentError: If it cannot be sent there, or a trial is to be ended.
    """
    if settings.timeout_trial is not None:
        kind = type(pool).__name__
        problem = f"timeout_trial must be None: a {kind} cannot end a running trial"
        raise ExperimentError.invalid(experiment.name, [problem])
    futures = Futures(pool, settings.workers)
    futures.pack(experiment)
    try:
        yield futures
    finally:
        futures.close()


def spec_of(pool: concurrent.futures.Executor) -> DriverSpec:
    """Return a pool that the caller brought as a driver."""
    return DriverSpec(
        type(pool).__name__,
        "A pool of the caller's.",
        partial(open_futures, pool),
        isolates=False,
        logs=has_logs(pool),
    )


def has_logs(pool: concurrent.futures.Executor) -> bool:
    """Say whether what a trial prints can be kept apart: one runs in each process."""
    return isinstance(pool, ProcessPoolExecutor)
