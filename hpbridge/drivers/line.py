"""A worker's line to the desk; see `hpbridge.drivers.desk`."""

from __future__ import annotations

import _thread
import os
import select
import struct

from hpbridge.drivers.desk import GO_ON, REPORT

# A desk that for so long says nothing is as good as dead.
_PATIENCE_SECONDS = 30.0


def called(door: str) -> Line:
    """Return a new line to a desk that listens at a path.

    Raises:
        OSError: If nobody does.
    """
    import socket  # workers, which inherit theirs, start faster without

    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(door)
    except OSError:
        line.close()
        raise
    return Line(line.detach())


class Line:
    """A worker's end of its socket to the desk.

    Args:
        number: Of the socket.
    """

    def __init__(self, number: int) -> None:
        os.set_inheritable(number, False)  # not for what an objective starts
        self._number: int | None = number
        self._lock = _thread.allocate_lock()
        self._process = os.getpid()
        self._poll = select.poll()
        self._poll.register(number, select.POLLIN)

    def report(self, job: int, step: int, value: float) -> int:
        """Return the answer to a report; to go on where nobody answers any more."""
        with self._lock:
            if self._number is None or os.getpid() != self._process:
                return GO_ON  # what an objective forks has no line of its own
            try:
                os.write(self._number, REPORT.pack(job, step, value))
                may_read = self._poll.poll(1000 * _PATIENCE_SECONDS)
                answer = os.read(self._number, 1) if may_read else b""
            except struct.error:
                return GO_ON  # a step beyond 64 bits: it comes with the result
            except OSError:
                answer = b""
            if not answer:  # the desk died: reports come with the results
                os.close(self._number)
                self._number = None
                return GO_ON
            return answer[0]
