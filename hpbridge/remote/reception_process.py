"""The reception, seen from the process that started it."""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from hpbridge.errors import DriverError
from hpbridge.remote import book
from hpbridge.remote.pipe import Pipe

if TYPE_CHECKING:
    from collections.abc import Mapping

# How long the reception may take to read, or to end.
_PATIENCE_SECONDS = 10.0
_LAST_PORT = 65535


class ReceptionProcess:
    """The reception, from its start to its end.

    Args:
        door: A socket that listens; closed here.
        token: That agents must have; None for none.
        welcome: What an agent is told when it joins: JSON data.
        tls: How uvicorn is to speak TLS, in its own words; empty for not.

    Attributes:
        socket: Readable when it has said something, and when it is dead.
    """

    def __init__(
        self,
        door: socket.socket,
        token: str | None,
        welcome: Mapping[str, Any],
        tls: Mapping[str, str],
    ) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._pipe = Pipe(ours)
        self.socket = ours
        path = [entry for entry in sys.path if isinstance(entry, str)]
        code = (
            f"import sys; sys.path[:] = {path!r}; "
            "from hpbridge.remote.reception import main; main()"
        )
        with theirs, door:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=theirs.fileno(),
                pass_fds=[door.fileno()],
                start_new_session=True,  # Ctrl-C is our business
            )
            # Not on its command line, where everybody reads: through the socket.
            self.tell(token, dict(welcome), door.fileno(), dict(tls), book.GONE_SECONDS)

    @property
    def is_dead(self) -> bool:
        """Whether it was seen to be."""
        return self._pipe.is_dead

    def tell(self, *message: Any) -> None:
        """Tell it something. It reads at once, whatever else it does."""
        self._pipe.put(*message)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._pipe.flush():
            left = deadline - time.monotonic()
            if left < 0:
                self._pipe.is_dead = True
                return
            select.select([], [self.socket], [], left)

    def wait(self, seconds: float) -> None:
        """Wait until it says something, for so long at most."""
        if not self.is_dead:
            select.select([self.socket], [], [], max(seconds, 0.0))

    def said(self) -> list[tuple[Any, ...]]:
        """Return what it has said since the last call, without waiting."""
        return self._pipe.take()

    def close(self) -> None:
        """Let agents leave, and end it."""
        if not self.is_dead:
            self.tell(book.CLOSE)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self.is_dead and time.monotonic() < deadline:
            self.wait(deadline - time.monotonic())
            self.said()
        self.socket.close()
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()


def listen(place: str) -> socket.socket:
    """Return a socket that listens at ``host:port``; port 0 is any that is free.

    Raises:
        DriverError: If it cannot be.
    """
    host, _, port = place.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal() or int(port) > _LAST_PORT:
        headline = f"listen must be HOST:PORT, got {place!r}"
        raise DriverError(headline, hint="for instance `127.0.0.1:8765`")
    try:
        return socket.create_server(
            (host, int(port)),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            backlog=1024,
        )
    except OSError as error:
        headline = f"Cannot listen at {place}: {error.strerror or error}"
        raise DriverError(headline, hint="take another port, or 0 for any") from error
