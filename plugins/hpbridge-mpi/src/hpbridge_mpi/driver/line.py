"""The line between rank 0 and another rank: lines of JSON over a socket.

MPI's own receive keeps a core busy while it waits, and does not tell that rank 0 is
gone; reading a socket does neither and both.
"""

from __future__ import annotations

import contextlib
import json
import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket


class Line:
    """One end of it.

    Attributes:
        is_over: Whether the other end is gone.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._read = b""
        self.is_over = False

    def fileno(self) -> int:
        """Return its number, to wait for it among others."""
        return self._end.fileno()

    def put(self, what: str, **about: Any) -> None:
        """Say something; an end that is gone is noticed."""
        text = json.dumps({"what": what, **about}) + "\n"
        try:
            self._end.sendall(text.encode())
        except OSError:
            self.is_over = True

    def take(self, seconds: float | None = 0.0) -> list[dict[str, Any]]:
        """Return what the other end has said, after so many seconds at most."""
        if self.is_over or not select.select([self._end], [], [], seconds)[0]:
            return []
        try:
            read = self._end.recv(1 << 16)
        except OSError:
            read = b""
        self.is_over = not read
        *lines, self._read = (self._read + read).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Let the other end know that this one is gone."""
        self.is_over = True
        with contextlib.suppress(OSError):
            self._end.close()
