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
    from collections.abc import Iterator
    from typing import Any

    from hpbridge.contract.execution import Policy

REPORT = struct.Struct("<qqd")
LENGTH = struct.Struct("<q")
SYNCED = -1
"""In place of a job; the step is the number of the question."""
FAULT = -2
"""In place of a job: a policy raised; the step is its place in the order of coming."""
GO_ON = 0
"""The value of `Reply.GO_ON`, which is not imported."""

WORKER, DOOR, JOB, OVER, ANSWER, POLICY, TELL, SYNC = (
    "worker",
    "door",
    "job",
    "over",
    "answer",
    "policy",
    "tell",
    "sync",
)
"""What the desk is told: a worker's socket comes with this; a listening socket, to
which workers come by themselves; the study and number of a job; that it is over; how
it is answered; a study's policy; what that is told; to say when all is sent."""

_MOST = 1 << 16

# Windows has no such names.
IN: int = getattr(select, "POLLIN", 1)
OUT: int = getattr(select, "POLLOUT", 4)


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
        self._at_once: int = getattr(socket, "MSG_DONTWAIT", 0)
        self._main = socket.socket(fileno=connection)
        self._said = bytearray()  # by the main process, in parts
        self._unsent = bytearray()  # to the main process
        self._sockets: deque[int] = deque()  # that came, and were not spoken of yet
        self._workers: dict[int, tuple[socket.socket, bytearray]] = {}
        self._jobs: dict[int, tuple[str, int]] = {}
        self._answers: dict[int, int] = {}
        self._policies: dict[str, Policy | None] = {}
        self._door: socket.socket | None = None
        self._poll = self._poller()
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
                if number in self._workers:
                    self._answer(number)
                elif self._door is not None and number == self._door.fileno():
                    self._let_in(self._door)
                else:
                    self._doubt(number)
            self._flush()

    def _listen(self) -> None:
        wanted = IN | (OUT if self._unsent else 0)
        self._poll.register(self._main, wanted)

    def _poller(self) -> Any:
        """Return what waits for sockets."""
        return select.poll()

    def _receive(self) -> bytes:
        """Return what the main process says; keep the sockets that come with it."""
        data, sockets, _, _ = self._library.recv_fds(
            self._main, _MOST, 64, self._at_once
        )
        self._sockets.extend(sockets)
        return data

    def _obey(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = self._receive()
            if not data:
                raise EOFError
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
            self._take_in(worker)
        elif what == DOOR:
            self._door = self._library.socket(fileno=self._sockets.popleft())
            self._poll.register(self._door, IN)
        elif what == JOB:
            self._jobs[about[0]] = about[1:]
        elif what == OVER:
            self._jobs.pop(about[0], None)
            self._answers.pop(about[0], None)
        elif what == ANSWER:
            self._answers[about[0]] = about[1]
        elif what == POLICY:
            sys.path[:] = about[2]
            self._policies[about[0]] = pickle.loads(about[1])
        elif what == TELL:
            self._tell_policy(*about)
        elif what == SYNC:
            for number in list(self._workers):
                self._answer(number)
            self._unsent += REPORT.pack(SYNCED, about[0], 0.0)

    def _tell_policy(self, study: str, call: str, arguments: bytes) -> None:
        policy = self._policies[study]
        if policy is not None:
            with self._guarded(study):
                getattr(policy, call)(*pickle.loads(arguments))

    def _let_in(self, door: socket.socket) -> None:
        """Take in who is at the door; its path is known to our processes alone."""
        self._take_in(door.accept()[0])

    def _doubt(self, number: int) -> None:
        """Hear somebody who is no worker yet."""

    def _take_in(self, worker: socket.socket) -> None:
        self._workers[worker.fileno()] = worker, bytearray()
        self._poll.register(worker, IN)

    def _answer(self, number: int) -> None:
        """Take what a worker reports: hand it on, then answer."""
        worker, said = self._workers[number]
        try:
            data = worker.recv(_MOST, self._at_once)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        said += data
        while len(said) >= REPORT.size:
            report = bytes(said[: REPORT.size])
            del said[: REPORT.size]
            about = REPORT.unpack(report)
            if about[0] >= 0:  # an objective may write here whatever it wants
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
        study, number = self._jobs.get(job, ("", 0))
        policy = self._policies.get(study)
        if policy is None:
            return GO_ON
        with self._guarded(study):
            return int(policy.report(number, step, value).value)
        return GO_ON

    @contextlib.contextmanager
    def _guarded(self, study: str) -> Iterator[None]:
        """Do without a policy that raises, and say so."""
        try:
            yield
        except Exception:  # noqa: BLE001 - it may be anybody's
            sys.excepthook(*sys.exc_info())
            self._policies[study] = None
            place = list(self._policies).index(study)
            self._unsent += REPORT.pack(FAULT, place, 0.0)

    def _flush(self) -> None:
        """Send what the main process takes; it may be busy for long."""
        was_waiting = bool(self._unsent)
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                n_sent = self._main.send(self._unsent, self._at_once)
                del self._unsent[:n_sent]
        if was_waiting:
            self._listen()


if __name__ == "__main__":
    main()
