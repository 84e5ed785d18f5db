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
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from hpbridge.drivers.objective import Attempt, describe_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from hpbridge.contract.execution import Checkpoint
    from hpbridge.experiment import Experiment
    from hpbridge.space.parameters import Label

READY, BROKEN, DONE, PAUSED = "ready", "broken", "done", "paused"
"""What a worker says: that it has the first experiment, why it cannot load one, what a
trial came to, where one goes on from. What is of a trial is followed by its job."""


class Task(NamedTuple):
    """A trial for a worker.

    Attributes:
        job: The number of the job; 0 for none: only load the experiment.
        key: The experiment's number.
        packed: The experiment, where the worker does not have it yet.
    """

    job: int
    key: int
    packed: bytes | None
    params: Mapping[str, Label]
    number: int
    seed: int
    checkpoint: Checkpoint | None = None


def main() -> None:
    """Serve the process at the other end of standard input until it closes it."""
    connection = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # the objective must not read our tasks
    os.close(nothing)
    os.dup(connection)  # never closed: the parent sees when we have really ended
    # Ctrl-C is the parent's business; it decides what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = _Worker(connection)
    _thread.start_new_thread(worker.watch, ())
    # Nobody listens any more: the study has ended, or its process was killed.
    with contextlib.suppress(EOFError, ConnectionError):
        worker.serve()


class _Worker:
    def __init__(self, connection: int) -> None:
        self._connection = connection
        self._tasks: BinaryIO = os.fdopen(connection, "rb")
        self._results: BinaryIO = os.fdopen(os.dup(connection), "wb")
        self._experiments: dict[int, Experiment] = {}
        self._is_busy = False

    def watch(self) -> None:
        """End the running trial, and all that it has started, with our parent.

        A parent that was killed cannot; and nobody would store the result.
        """
        poller = select.poll()
        poller.register(self._connection, select.POLLHUP)
        poller.poll()
        if self._is_busy:
            os.killpg(0, signal.SIGKILL)

    def serve(self) -> None:
        while True:
            task: Task = pickle.load(self._tasks)
            if task.packed is not None:
                try:
                    self._experiments[task.key] = unpack_experiment(task.packed)
                except BaseException as error:  # noqa: BLE001 - a module may raise any
                    self._send(BROKEN, task.job, describe_error(error))
                    continue
            if task.job:
                self._run(task)
            else:
                self._send(READY, 0)

    def _run(self, task: Task) -> None:
        self._is_busy = True
        attempt = Attempt(None, task.checkpoint)
        run = attempt.run(
            self._experiments[task.key],
            task.params,
            task.number,
            task.seed,
            str(os.getpid()),
        )
        checkpoint = attempt.pause(run)
        if checkpoint is None:
            self._send(DONE, task.job, run)
        else:
            self._send(PAUSED, task.job, run, checkpoint)
        self._is_busy = False

    def _send(self, *message: Any) -> None:
        pickle.dump(message, self._results)
        self._results.flush()


def unpack_experiment(data: bytes) -> Experiment:
    """Return the experiment that `hpbridge.drivers.packing.pack_experiment` packed."""
    loaded = pickle.loads(data)
    if isinstance(loaded, str):
        from hpbridge.contract.references import load_experiment

        return load_experiment(loaded)
    return cast("Experiment", loaded)
