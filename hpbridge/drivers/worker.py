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
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from hpbridge.contract.attempt import Reply
from hpbridge.drivers import marked
from hpbridge.drivers.line import Line
from hpbridge.drivers.memory import held_by
from hpbridge.drivers.objective import Attempt
from hpbridge.drivers.outlets import led_to, take_over
from hpbridge.errors.foreign import describe_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from hpbridge.contract.attempt import Checkpoint
    from hpbridge.experiment import Experiment
    from hpbridge.space.parameters import Label

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
    params: Mapping[str, Label]
    number: int
    seed: int
    checkpoint: Checkpoint | None = None
    log: str | None = None


def main(line: int | None = None) -> None:
    """Serve the process at the other end of standard input until it closes it.

    Args:
        line: The number of the socket to the desk, where there is one.
    """
    take_over()
    connection = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # the objective must not read our tasks
    os.close(nothing)
    os.dup(connection)  # never closed: the parent sees when we have really ended
    # Ctrl-C is the parent's business; it decides what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = _Worker(connection, None if line is None else Line(line))
    _thread.start_new_thread(worker.watch, ())
    # Nobody listens any more: the study has ended, or its process was killed.
    with contextlib.suppress(EOFError, ConnectionError):
        worker.serve()


class _Worker:
    def __init__(self, connection: int, line: Line | None) -> None:
        self._connection, self._line = connection, line
        self._tasks: BinaryIO = os.fdopen(connection, "rb")
        self._results: BinaryIO = os.fdopen(os.dup(connection), "wb", buffering=0)
        self._channel = os.fstat(connection)
        self._experiments: dict[int, Experiment] = {}
        self._broken: dict[int, str] = {}
        self._is_busy = False

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

    def serve(self) -> None:
        while True:
            task = Task(*pickle.load(self._tasks))
            if task.packed is not None:
                self._load(task.key, task.packed)
            if task.key in self._broken:
                self._send(BROKEN, task.job, self._broken[task.key])
            elif task.job:
                self._run(task)
            else:
                self._send(READY, 0, time.time(), held_by(os.getpid()))

    def _load(self, key: int, packed: bytes) -> None:
        try:
            self._experiments[key] = unpack_experiment(packed)
        except BaseException as error:  # noqa: BLE001 - a module may raise anything
            self._broken[key] = describe_error(error)

    def _run(self, task: Task) -> None:
        self._is_busy = True
        attempt = Attempt(self._answer_of(task.job), task.checkpoint)
        with led_to(task.log):
            run = attempt.run(
                self._experiments[task.key],
                task.params,
                task.number,
                task.seed,
                str(os.getpid()),
            )
        checkpoint = attempt.pause(run)
        if checkpoint is None:
            self._send(DONE, task.job, run.result, run.started_at, run.run_seconds)
        else:
            self._send(PAUSED, task.job, run, checkpoint)
        self._is_busy = False

    def _answer_of(self, job: int) -> Callable[[int, float], Reply] | None:
        line = self._line
        if line is None:
            return None
        return lambda step, value: Reply(line.report(job, step, value))

    def _send(self, *message: Any) -> None:
        data = pickle.dumps(message)
        rest = memoryview(FRAME.pack(MARK, len(data)) + data)
        self._see_that_it_is_ours()
        while rest:
            rest = rest[self._results.write(rest) :]

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
    """Return what `hpbridge.drivers.worker_process.pack_experiment` packed."""
    token = _loads.set(True)
    try:
        loaded = pickle.loads(data)
        if isinstance(loaded, str):
            from hpbridge.contract.references import load_experiment

            return load_experiment(loaded)
        return cast("Experiment", loaded)
    finally:
        _loads.reset(token)
