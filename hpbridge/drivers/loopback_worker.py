"""Inside a worker that connects by itself; see `hpbridge.drivers.worker`."""

from __future__ import annotations

import _thread
import contextlib
import os
import select
import signal
import socket
import struct
import time
from typing import Any

from hpbridge.drivers import marked
from hpbridge.drivers.desk import GO_ON, REPORT
from hpbridge.drivers.loopback import Address, connected, invitation
from hpbridge.drivers.outlets import take_over
from hpbridge.drivers.system import end_tree
from hpbridge.drivers.worker import LOST_CHANNEL, Worker

# A desk that for so long says nothing is as good as dead.
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.05


def main() -> None:
    """Serve the process that has started this one until that closes the connection."""
    # Ctrl-C is the parent's business; it decides what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        told = invitation()
        take_over()
        connection = connected(Address(*told["address"]))
    except (EOFError, OSError):
        return  # the study has ended, or its process was killed
    worker = _LoopbackWorker(connection, _line_to(told["desk"]))
    _thread.start_new_thread(worker.watch, ())
    with contextlib.suppress(EOFError, ConnectionError):
        worker.serve()


def _line_to(desk: list[Any] | None) -> LoopbackLine | None:
    """Return a line to the desk; None where it is dead, or there is none."""
    if desk is None:
        return None
    with contextlib.suppress(OSError):
        return LoopbackLine(Address(*desk))
    return None


class LoopbackLine:
    """A line to a desk of `hpbridge.drivers.loopback_desk`.

    Args:
        desk: Where it is.

    Raises:
        OSError: If nobody is there.
    """

    def __init__(self, desk: Address) -> None:
        self._lock = _thread.allocate_lock()
        self._process = os.getpid()
        self._socket: socket.socket | None = connected(desk)
        if not self._answer(self._socket):
            self._socket.close()
            raise ConnectionAbortedError

    def report(self, job: int, step: int, value: float) -> int:
        """Return the answer to a report; to go on where nobody answers any more."""
        with self._lock:
            if self._socket is None or os.getpid() != self._process:
                return GO_ON  # what an objective forks has no line of its own
            try:
                self._socket.sendall(REPORT.pack(job, step, value))
                answer = self._answer(self._socket)
            except struct.error:
                return GO_ON  # a step beyond 64 bits: it comes with the result
            except (OSError, ValueError):  # or the objective closed it
                answer = b""
            if not answer:  # the desk died: reports come with the results
                self._socket.close()
                self._socket = None
                return GO_ON
            return answer[0]

    @staticmethod
    def _answer(connection: socket.socket) -> bytes:
        may_read = select.select([connection], [], [], _PATIENCE_SECONDS)[0]
        return connection.recv(1) if may_read else b""


class _LoopbackWorker(Worker):
    def __init__(self, connection: socket.socket, line: LoopbackLine | None) -> None:
        self._socket = connection
        connection.dup().detach()  # never closed: the parent sees when we have ended
        self._peer = connection.getpeername()
        tasks = connection.makefile("rb")
        results = connection.makefile("wb", buffering=0)
        super().__init__(tasks, results, None if line is None else line.report)

    def watch(self) -> None:
        """End the running trial, and what it has started, with our parent."""
        with contextlib.suppress(OSError):
            while self._socket.recv(1, socket.MSG_PEEK):
                time.sleep(
                    _LOOK_SECONDS
                )  # a task, for when one has loaded what it needs
        marked.end_marked(os.environ.get(marked.NAME, ""))
        if self._is_busy:
            end_tree(os.getpid())
            os._exit(1)

    def _send(self, *message: Any) -> None:
        # Who hears the last of a trial may hang up at once, and that ends no trial.
        self._is_busy = False
        super()._send(*message)

    def _see_that_it_is_ours(self) -> None:
        try:
            is_ours = self._socket.getpeername() == self._peer
        except OSError:
            is_ours = False
        if not is_ours:
            os._exit(LOST_CHANNEL)
