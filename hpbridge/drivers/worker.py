"""Inside a worker process: load experiments, run one trial after the other.

Tasks come in and results go out through one socket, as pickles. What is imported here
is what a worker waits for before its first trial, so it is little.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import pickle
import select
import signal
import struct
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from hpbridge.contract.attempt import Reply
from hpbridge.drivers import marked
from hpbridge.drivers.line import Line
from hpbridge.drivers.memory import held_by
from hpbridge.drivers.objective import Attempt
from hpbridge.drivers.outlets import led_to, take_over
from hpbridge.errors.foreign import describe_error

if TYPE_CHECKING:
    import io
    from collections.abc import Callable
    from typing import BinaryIO

    from hpbridge.contract.attempt import Checkpoint, Point
    from hpbridge.experiment import Experiment

READY, BROKEN, DONE, PAUSED = "ready", "broken", "done", "paused"
"""What a worker says: since when it has the first experiment, why it cannot load one,
what a trial came to, where one goes on from. Each is followed by the job, or by 0."""

FRAME = struct.Struct("<8sq")
"""What precedes a message of a worker: `MARK`, and its length."""
MARK = b"\x93hpb\r\n\x1a\n"
"""What an objective that writes into the channel of its worker does not begin with."""

LOST_CHANNEL = 71
"""The exit code of a worker whose channel was closed, or taken by another file."""


class Task(NamedTuple):
    """A trial for a worker.

    Attributes:
        job: The number of the job; 0 for none: only load the experiment.
        key: The experiment's number.
        packed: The experiment, where the worker does not have it yet.
        log: The file for what the trial prints; None where it prints as the process.
    """

    job: int
    key: int
    packed: bytes | None
    point: Point
    checkpoint: Checkpoint | None = None
    log: str | None = None


Loaded: TypeAlias = "tuple[int, Experiment | None, str | None]"
"""An experiment that was loaded before: its number, itself, or why it cannot be."""


def main(
    line: int | None = None,
    loaded: Loaded | None = None,
    key: int | None = None,
    memory: int = -1,
) -> None:
    """Serve the process at the other end of standard input until it closes it.

    Args:
        line: The number of the socket to the desk, where there is one.
        loaded: What is loaded already.
        key: The number of an experiment that is to be loaded before.
        memory: The number of the file that holds it.
    """
    take_over()
    connection = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # the objective must not read our tasks
    os.close(nothing)
    os.dup(connection)  # never closed: the parent sees when we have really ended
    # Ctrl-C is the parent's business; it decides what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = _Inheritor(connection, None if line is None else Line(line))
    if loaded is not None:
        worker.take(*loaded)
    _thread.start_new_thread(worker.watch, ())
    if key is not None:
        # By its name, since its position is that of all who have the file.
        with open(f"/proc/self/fd/{memory}", "rb") as file:  # noqa: PTH123 - no pathlib
            packed = file.read()
        os.close(memory)
        worker.load(key, packed)
    # Nobody listens any more: the study has ended, or its process was killed.
    with contextlib.suppress(EOFError, ConnectionError):
        worker.serve()


class Worker:
    """Takes tasks and gives results, by whatever connection.

    Args:
        tasks: Where tasks come from.
        results: Where results go.
        report: Returns the answer to a report; None where nobody answers.
    """

    def __init__(
        self,
        tasks: BinaryIO,
        results: io.RawIOBase,
        report: Callable[[int, int, float], int] | None,
    ) -> None:
        self._tasks, self._results, self._report = tasks, results, report
        self._experiments: dict[int, Experiment] = {}
        self._broken: dict[int, str] = {}
        self._is_busy = False

    def take(self, key: int, loaded: Experiment | None, broken: str | None) -> None:
        """Take an experiment that is loaded, or why it cannot be."""
        if loaded is not None:
            self._experiments[key] = loaded
        if broken is not None:
            self._broken[key] = broken

    def serve(self) -> None:
        """Run what comes, until nothing will any more."""
        while True:
            task = Task(*pickle.load(self._tasks))
            if task.packed is not None:
                self.load(task.key, task.packed)
            if task.key in self._broken:
                self._send(BROKEN, task.job, self._broken[task.key])
            elif task.job:
                self._run(task)
            else:
                self._send(READY, 0, time.time(), held_by(os.getpid()))

    def load(self, key: int, packed: bytes) -> None:
        """Load an experiment, or keep why it cannot be."""
        try:
            self._experiments[key] = unpack_experiment(packed)
        except BaseException as error:  # noqa: BLE001 - a module may raise anything
            self._broken[key] = describe_error(error)

    def _run(self, task: Task) -> None:
        self._is_busy = True
        attempt = Attempt(self._answer_of(task.job), task.checkpoint)
        with led_to(task.log):
            run = attempt.run(self._experiments[task.key], task.point, str(os.getpid()))
        checkpoint = attempt.pause(run)
        if checkpoint is None:
            self._send(DONE, task.job, run.result, run.started_at, run.run_seconds)
        else:
            self._send(PAUSED, task.job, run, checkpoint)
        self._is_busy = False

    def _answer_of(self, job: int) -> Callable[[int, float], Reply] | None:
        report = self._report
        if report is None:
            return None
        return lambda step, value: Reply(report(job, step, value))

    def _send(self, *message: Any) -> None:
        data = pickle.dumps(message)
        rest = memoryview(FRAME.pack(MARK, len(data)) + data)
        self._see_that_it_is_ours()
        while rest:
            rest = rest[self._results.write(rest) :]

    def _see_that_it_is_ours(self) -> None:
        """End where the objective closed the channel, or put something in its place."""


class _Inheritor(Worker):
    """A worker that got its sockets from the one that started it. POSIX only."""

    def __init__(self, connection: int, line: Line | None) -> None:
        tasks = os.fdopen(connection, "rb")
        results = os.fdopen(os.dup(connection), "wb", buffering=0)
        super().__init__(tasks, results, None if line is None else line.report)
        self._connection = connection
        self._channel = os.fstat(connection)

    def watch(self) -> None:
        """End the running trial, and all that it has started, with our parent.

        A parent that was killed cannot; and nobody would store the result.
        """
        poller = select.poll()
        poller.register(self._connection, select.POLLHUP)
        poller.poll()
        marked.end_marked(os.environ.get(marked.NAME, ""))
        if self._is_busy:
            os.killpg(0, signal.SIGKILL)

    def _see_that_it_is_ours(self) -> None:
        """End where the objective closed the channel: its number may be a file's."""
        try:
            now = os.fstat(self._results.fileno())
        except OSError:
            os._exit(LOST_CHANNEL)
        if not os.path.samestat(now, self._channel):
            os._exit(LOST_CHANNEL)


_loads: ContextVar[bool] = ContextVar("loads", default=False)


def is_loading() -> bool:
    """Say whether this is what runs while a worker loads an experiment.

    A module that runs a study of its own when it is imported would start workers in
    each worker, which import it in turn, without end.
    """
    return _loads.get()


def unpack_experiment(data: bytes) -> Experiment:
    """Return what `hpbridge.drivers.packing.pack_experiment` packed."""
    token = _loads.set(True)
    try:
        loaded = pickle.loads(data)
        if isinstance(loaded, str):
            from hpbridge.contract.references import load_experiment

            return load_experiment(loaded)
        return cast("Experiment", loaded)
    finally:
        _loads.reset(token)
