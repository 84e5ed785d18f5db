"""Trials in worker processes. POSIX only.

Each worker is a fresh interpreter at the other end of a socket of its own: nothing is
shared between workers, so none that dies, at whatever moment, can block another. It is
not a fork, since an optimizer's threads (OpenMP, Ray) do not survive one, and not a
`multiprocessing` child, since that runs the user's script again. Each leads a process
group, so that what an objective starts ends with it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from hpbridge.drivers.interrupts import Interrupts
from hpbridge.drivers.objective import describe_error
from hpbridge.drivers.worker import BROKEN, DONE, READY
from hpbridge.errors import ExperimentError, StoreError
from hpbridge.learning.session import Run, failed
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.experiment import Experiment
    from hpbridge.learning.session import Ask, Session
    from hpbridge.store.settings import Settings
    from hpbridge.trial import Result

# How often workers may die while they load the experiment, one after the other.
_MOST_FAILED_STARTS = 3
# A worker's death closes its socket, unless a child of the objective holds it open.
_LOOK_SECONDS = 1.0
# A worker that for so long neither reads nor finishes writing is as good as dead.
_STUCK_SECONDS = 60.0
# What an idle worker may take to run its `atexit` functions.
_EXIT_SECONDS = 2.0


def pack_experiment(experiment: Experiment) -> bytes:
    """Return an experiment as bytes that another process can read.

    Functions of importable modules go by name, all others by value (cloudpickle).

    Raises:
        ExperimentError: If it holds something that cannot be sent.
    """
    if experiment.reference:
        return pickle.dumps(experiment.reference)
    import cloudpickle

    try:
        return cast("bytes", cloudpickle.dumps(experiment))
    except Exception as error:
        problem = f"it cannot be sent to a worker process: {describe_error(error)}"
        raise ExperimentError.invalid(experiment.name, [problem]) from error


@dataclass(slots=True)
class _Task:
    """A trial in a worker."""

    ask: Ask
    started_at: float
    deadline: float


class _Worker:
    """A worker process, seen from here."""

    def __init__(self) -> None:
        path = [entry for entry in sys.path if isinstance(entry, str)]
        code = (
            f"import sys; sys.path[:] = {path!r}; sys.argv[:] = {sys.argv!r}; "
            "from hpbridge.drivers.worker import main; main()"
        )
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(_STUCK_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *flags, "-c", code],
                stdin=theirs.fileno(),
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._messages = self.socket.makefile("rb")
        self.is_ready = False
        self.task: _Task | None = None

    def send(self, message: Any) -> bool:
        """Send an object; say whether the worker lives to read it."""
        try:
            self.socket.sendall(pickle.dumps(message))
        except OSError:
            return False
        return True

    def receive(self) -> tuple[Any, ...] | None:
        """Return the next message; None when the worker is dead."""
        try:
            return cast("tuple[Any, ...]", pickle.load(self._messages))
        except (EOFError, OSError, pickle.UnpicklingError):
            return None

    def is_dead(self) -> bool:
        """Say whether the process has ended, and leave its exit code to be read."""
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, options) is not None

    def hang_up(self) -> None:
        """Let an idle worker end by itself."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def end(self, grace: float = 0.0) -> str:
        """End the process and all that it has started; return how it ended."""
        self.hang_up()
        if grace:
            # Its end of the socket closes with it; `Popen.wait` looks more seldom.
            self.socket.settimeout(grace)
            with contextlib.suppress(OSError):
                self.socket.recv(1)
        self._messages.close()
        self.socket.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"


class _Pool:
    """Worker processes that run one session's trials."""

    def __init__(self, experiment: Experiment, settings: Settings) -> None:
        self._settings = settings
        self._experiment = experiment
        self._packed = b""
        self._workers: list[_Worker] = []
        self._todo: deque[Ask] = deque()
        self._attempts: dict[int, int] = {}
        self._failed_starts = 0
        self._selector = selectors.DefaultSelector()

    def start(self, count: int) -> None:
        """Start workers until there are so many."""
        new = []
        for _ in range(count - len(self._workers)):
            new.append(worker := _Worker())
            self._workers.append(worker)
            self._selector.register(worker.socket, selectors.EVENT_READ, worker)
        # While the first ones start: it takes time, and they need it only then.
        self._packed = self._packed or pack_experiment(self._experiment)
        for worker in new:
            worker.send(self._packed)

    def submit(self, ask: Ask) -> None:
        """Hand a trial to the next free worker."""
        self._attempts[ask.number] = self._attempts.get(ask.number, 0) + 1
        self._todo.append(ask)
        self._dispatch()

    def _dispatch(self) -> None:
        for worker in self._workers:
            if self._todo and worker.is_ready and worker.task is None:
                ask = self._todo.popleft()
                limit = self._settings.timeout_trial or float("inf")
                worker.task = _Task(ask, time.time(), time.monotonic() + limit)
                if not worker.send((dict(ask.params), ask.number, ask.seed)):
                    # It died before it had the trial, which costs nothing.
                    worker.task = None
                    self._todo.appendleft(ask)
        n_busy = sum(worker.task is not None for worker in self._workers)
        self.start(min(n_busy + len(self._todo), self._settings.workers))

    def wait(self) -> None:
        """Wait until there is something to take. Takes nothing: may be interrupted."""
        deadlines = [w.task.deadline for w in self._workers if w.task is not None]
        left = min(deadlines, default=float("inf")) - time.monotonic()
        self._selector.select(max(0.0, min(left, _LOOK_SECONDS)))

    def take_ended(self) -> list[tuple[Ask, Run]]:
        """Return the trials that have ended since the last call.

        Raises:
            ExperimentError: If the experiment cannot be loaded in a worker.
        """
        ended = []
        readable = {key.data for key, _ in self._selector.select(0)}
        for worker in list(self._workers):
            if worker in readable:
                ended += self._read(worker)
            elif worker.is_dead():
                ended += self._bury(worker)
            elif worker.task and time.monotonic() >= worker.task.deadline:
                limit = self._settings.timeout_trial
                ended += self._bury(
                    worker, f"took longer than {limit:g} seconds; ended"
                )
        self._dispatch()
        return ended

    def take_results(self) -> list[tuple[Ask, Run]]:
        """Return the trials that have ended well, and start none: the last call."""
        ended = []
        for key, _ in self._selector.select(0):
            worker = key.data
            message = worker.receive()
            if message is not None and message[0] == DONE:
                ended.append(self._result(worker, *message[1:]))
        return ended

    def _read(self, worker: _Worker) -> list[tuple[Ask, Run]]:
        message = worker.receive()
        if message is None:
            return self._bury(worker)
        kind, *content = message
        if kind == BROKEN:
            problem = f"it cannot be loaded in a worker process: {content[0]}"
            raise ExperimentError.invalid(self._experiment.name, [problem])
        if kind == READY:
            worker.is_ready = True
            self._failed_starts = 0
            return []
        return [self._result(worker, *content)]

    def _result(
        self, worker: _Worker, result: Result, started_at: float, seconds: float
    ) -> tuple[Ask, Run]:
        ask = cast("_Task", worker.task).ask
        worker.task = None
        attempts = self._attempts[ask.number]
        return ask, Run(result, started_at, seconds, str(worker.pid), attempts)

    def _bury(self, worker: _Worker, error: str = "") -> list[tuple[Ask, Run]]:
        """End a worker that is dead or late; return the trial that it costs, if any."""
        self._workers.remove(worker)
        self._selector.unregister(worker.socket)
        how = worker.end()
        if not worker.is_ready:
            self._failed_starts += 1
            if self._failed_starts == _MOST_FAILED_STARTS:
                problem = f"loading it ends a worker process ({how})"
                raise ExperimentError.invalid(self._experiment.name, [problem])
        if worker.task is None:
            return []
        ask, started_at = worker.task.ask, worker.task.started_at
        times = {
            "run_seconds": time.time() - started_at,
            "worker": str(worker.pid),
            "attempts": self._attempts[ask.number],
        }
        error = error or f"the worker process died ({how})"
        return [(ask, failed(error, started_at, **times))]

    def may_retry(self, ask: Ask, run: Run) -> bool:
        """Say whether a trial failed and has tries left."""
        if run.result.state is not State.FAILED:
            return False
        return self._attempts[ask.number] <= self._settings.retries

    def close(self) -> None:
        """End every worker, running ones too."""
        self._selector.close()
        for worker in self._workers:
            worker.hang_up()
        for worker in self._workers:
            is_idle = worker.is_ready and worker.task is None
            worker.end(_EXIT_SECONDS if is_idle else 0.0)


_prepared: ContextVar[_Pool | None] = ContextVar("_prepared", default=None)


@contextlib.contextmanager
def prepare_workers(experiment: Experiment, settings: Settings) -> Iterator[None]:
    """Start workers for the session that `run_in_workers` runs in this context."""
    with _started(experiment, settings, settings.n_trials) as pool:
        token = _prepared.set(pool)
        try:
            yield
        finally:
            _prepared.reset(token)


@contextlib.contextmanager
def _started(
    experiment: Experiment, settings: Settings, n_trials: int
) -> Iterator[_Pool]:
    pool = _Pool(experiment, settings)
    try:
        # All at once, and before the first proposal, which may take its time.
        pool.start(min(settings.workers, n_trials))
        yield pool
    finally:
        pool.close()


def run_in_workers(session: Session, settings: Settings) -> None:
    """Run a session to its end in worker processes.

    Raises:
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    prepared = _prepared.get()
    token = _prepared.set(None)  # a listener may run another study
    try:
        if prepared is not None:
            _loop(session, settings, prepared)
            return
        left = settings.n_trials - session.n_done
        with _started(session.experiment, settings, left) as pool:
            _loop(session, settings, pool)
    finally:
        _prepared.reset(token)


def _loop(session: Session, settings: Settings, pool: _Pool) -> None:
    with Interrupts(session) as interrupts:
        try:
            while _run_some(session, settings, pool, interrupts):
                pass
        except BaseException:
            _take(session, pool, pool.take_results())
            raise


def _run_some(
    session: Session, settings: Settings, pool: _Pool, interrupts: Interrupts
) -> bool:
    """Start what may start, and take what has ended; say whether anything ran."""
    with interrupts.allowed():
        _start_all(session, settings, pool)
        if session.n_running == 0:
            return False
        pool.wait()
    _take(session, pool, pool.take_ended())
    return True


def _start_all(session: Session, settings: Settings, pool: _Pool) -> None:
    while session.n_running < settings.workers:
        ask = session.next()
        if ask is None:
            return
        pool.submit(ask)


def _take(session: Session, pool: _Pool, ended: list[tuple[Ask, Run]]) -> None:
    """Hand results to the session: each of them, whatever becomes of another."""
    errors: list[Exception] = []
    for ask, run in ended:
        if pool.may_retry(ask, run) and session.stop_reason is None:
            pool.submit(ask)
            continue
        try:
            session.finish(ask, run)
        except Exception as error:  # noqa: BLE001 - raised below
            errors.append(error)
    unsaved = [error for error in errors if isinstance(error, StoreError)]
    if len(unsaved) > 1:
        raise StoreError("\n".join(map(str, unsaved))) from unsaved[0]
    if errors:
        raise (unsaved or errors)[0]
