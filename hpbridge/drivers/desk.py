"""The desk: a small process that answers reports of running trials.

The process that thinks cannot answer at once: a thread beside an optimizer that
computes Python waits for the interpreter. So each worker has a socket to the desk,
which answers by its policy, in microseconds, and streams the reports to the process
that records them when it has the time. It waits at no cost, and ends with that process.

What goes through the sockets: a worker sends `REPORT` (job, step, value) and reads one
byte, a `Reply`. The desk sends the same `REPORT` on, and one with `SYNCED` in place of
a job when it has sent all that workers had said. It is told what to do by pickled
tuples, each preceded by its length.

It runs as a program of its own and imports little of the standard library, so that it
is there in milliseconds; the rest, and `sys.path`, come with a policy.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import struct
import sys
from collections import deque

TYPE_CHECKING = False  # to import `typing` would take half of the time to start
if TYPE_CHECKING:
    import socket
    from typing import Any

    from hpbridge.contract.execution import Policy

REPORT = struct.Struct("<qqd")
LENGTH = struct.Struct("<q")
SYNCED = -1
"""In place of a job; the step is the number of the question."""
GO_ON = 0
"""The value of `Reply.GO_ON`, which is not imported."""

WORKER, JOB, OVER, ANSWER, POLICY, SYNC = (
    "worker",
    "job",
    "over",
    "answer",
    "policy",
    "sync",
)
"""What the desk is told: a worker's socket comes with this; the study and number of a
job; that it is over; how it is answered; a policy; to say when all is sent."""

_MOST = 1 << 16


def main() -> None:
    """Serve the process at the other end of standard input until it closes it."""
    with contextlib.suppress(EOFError, ConnectionError):
        Desk(0).serve()
    os._exit(0)  # nothing is left to be done, and somebody waits for it


class Desk:
    """Answers reports, and hands them on.

    Args:
        connection: The number of the socket to the process that records.
    """

    def __init__(self, connection: int) -> None:
        import socket  # workers import this module too, for the forms alone

        self._library = socket
        self._main = socket.socket(fileno=connection)
        self._said = bytearray()  # by the main process, in parts
        self._unsent = bytearray()  # to the main process
        self._sockets: deque[int] = deque()  # that came, and were not spoken of yet
        self._workers: dict[int, tuple[socket.socket, bytearray]] = {}
        self._jobs: dict[int, tuple[str, int]] = {}
        self._answers: dict[int, int] = {}
        self._policy: Policy | None = None
        self._poll = select.poll()
        self._listen()

    def serve(self) -> None:
        """Answer until the main process is gone.

        Raises:
            EOFError: When it is.
        """
        main = self._main.fileno()
        while True:
            ready = dict(self._poll.poll())
            if main in ready:  # first: it may speak of what workers then ask
                self._obey()
            for number in ready:
                if number != main and number in self._workers:
                    self._answer(number)
            self._flush()

    def _listen(self) -> None:
        wanted = select.POLLIN | (select.POLLOUT if self._unsent else 0)
        self._poll.register(self._main, wanted)

    def _obey(self) -> None:
        with contextlib.suppress(BlockingIOError):
            flags = self._library.MSG_DONTWAIT
            data, sockets, _, _ = self._library.recv_fds(self._main, _MOST, 64, flags)
            if not data:
                raise EOFError
            self._sockets.extend(sockets)
            self._said += data
        while len(self._said) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._said)
            end = LENGTH.size + length
            if len(self._said) < end:
                return
            message = pickle.loads(bytes(self._said[LENGTH.size : end]))
            del self._said[:end]
            self._do(*message)

    def _do(self, what: str, *about: Any) -> None:
        if what == WORKER:
            worker = self._library.socket(fileno=self._sockets.popleft())
            self._workers[worker.fileno()] = worker, bytearray()
            self._poll.register(worker, select.POLLIN)
        elif what == JOB:
            self._jobs[about[0]] = about[1:]
        elif what == OVER:
            self._jobs.pop(about[0], None)
            self._answers.pop(about[0], None)
        elif what == ANSWER:
            self._answers[about[0]] = about[1]
        elif what == POLICY:
            sys.path[:] = about[1]
            self._policy = pickle.loads(about[0])
        elif what == SYNC:
            for number in list(self._workers):
                self._answer(number)
            self._unsent += REPORT.pack(SYNCED, about[0], 0.0)

    def _answer(self, number: int) -> None:
        """Take what a worker reports: hand it on, then answer."""
        worker, said = self._workers[number]
        try:
            data = worker.recv(_MOST, self._library.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        said += data
        while len(said) >= REPORT.size:
            report = bytes(said[: REPORT.size])
            del said[: REPORT.size]
            about = REPORT.unpack(report)
            if about[0] != SYNCED:  # an objective may write here whatever it wants
                self._unsent += report
                self._flush()
            with contextlib.suppress(OSError):  # it may have died meanwhile
                worker.send(bytes([self._reply(*about)]))
        if not data:
            self._poll.unregister(worker)
            del self._workers[number]
            worker.close()

    def _reply(self, job: int, step: int, value: float) -> int:
        answer = self._answers.get(job)
        if answer is not None:
            return answer
        if self._policy is None or job not in self._jobs:
            return GO_ON
        reply = self._policy.reported(*self._jobs[job], step, value)
        return int(reply.value)

    def _flush(self) -> None:
        """Send what the main process takes; it may be busy for long."""
        was_waiting = bool(self._unsent)
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                n_sent = self._main.send(self._unsent, self._library.MSG_DONTWAIT)
                del self._unsent[:n_sent]
        if was_waiting:
            self._listen()


if __name__ == "__main__":
    main()
