"""Inside a worker process: load the experiment, run one trial after the other.

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
import time
from typing import TYPE_CHECKING, Any, cast

from hpbridge.drivers.objective import describe_error, evaluate

if TYPE_CHECKING:
    from typing import BinaryIO

    from hpbridge.experiment import Experiment

READY, BROKEN, DONE = "ready", "broken", "done"
"""What a worker says: that it takes trials, why it never will, what one came to."""


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
        data = pickle.load(self._tasks)
        try:
            experiment = unpack_experiment(data)
        except BaseException as error:  # noqa: BLE001 - a module may raise anything
            self._send(BROKEN, describe_error(error))
            return
        self._send(READY)
        while True:
            self._run_next(experiment)

    def _run_next(self, experiment: Experiment) -> None:
        params, number, seed = pickle.load(self._tasks)
        self._is_busy = True
        started_at, started = time.time(), time.perf_counter()
        result = evaluate(experiment, params, number, seed)
        self._send(DONE, result, started_at, time.perf_counter() - started)
        self._is_busy = False

    def _send(self, *message: Any) -> None:
        pickle.dump(message, self._results)
        self._results.flush()


def unpack_experiment(data: bytes) -> Experiment:
    """Return the experiment that `hpbridge.drivers.workers.pack_experiment` packed."""
    loaded = pickle.loads(data)
    if isinstance(loaded, str):
        from hpbridge.contract.references import load_experiment

        return load_experiment(loaded)
    return cast("Experiment", loaded)
