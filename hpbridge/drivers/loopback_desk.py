"""The desk where sockets cannot be handed over: workers come to its door by themselves.

It listens at a free port of the loopback address, and says at which; who comes there
and does not say the secret is sent away. See `hpbridge.drivers.desk`.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import struct
from typing import TYPE_CHECKING, Any

from hpbridge.drivers.desk import IN, OUT, Desk
from hpbridge.drivers.loopback import (
    SECRET_SIZE,
    Address,
    connected,
    invitation,
    is_secret,
    listening,
    say_at_once,
)
from hpbridge.drivers.outlets import take_over

if TYPE_CHECKING:
    import socket

PORT = struct.Struct("<q")
"""What it says first: the port of its door."""

WELCOME = b"\0"
"""What it says to who has said the secret."""

_MOST = 1 << 16


def main() -> None:
    """Serve the process that has started this one until that closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        told = invitation()
        take_over()
        connection = connected(Address(*told["address"]))
        door = listening()
        connection.sendall(PORT.pack(door.getsockname()[1]))
        _LoopbackDesk(connection, door, told["secret"]).serve()
    os._exit(0)


class _LoopbackDesk(Desk):
    def __init__(
        self, connection: socket.socket, door: socket.socket, secret: str
    ) -> None:
        super().__init__(connection.detach())
        self._main.setblocking(False)
        self._secret = secret
        self._strangers: dict[int, tuple[socket.socket, bytearray]] = {}
        self._door = door
        door.setblocking(False)
        self._poll.register(door, IN)

    def _poller(self) -> Any:
        return _Poll()

    def _receive(self) -> bytes:
        return self._main.recv(_MOST)

    def _let_in(self, door: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it may have left again
            came, _ = door.accept()
            came.setblocking(False)
            self._strangers[came.fileno()] = came, bytearray()
            self._poll.register(came, IN)

    def _doubt(self, number: int) -> None:
        if number not in self._strangers:
            return
        stranger, said = self._strangers[number]
        try:
            # What follows the secret is a worker's.
            data = stranger.recv(SECRET_SIZE - len(said))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        said += data
        if data and len(said) < SECRET_SIZE:
            return
        del self._strangers[number]
        self._poll.unregister(stranger)
        if not is_secret(said, self._secret):
            stranger.close()
            return
        with contextlib.suppress(OSError):
            say_at_once(stranger)
            stranger.send(WELCOME)
        self._take_in(stranger)


class _Poll:
    """What `select.poll` is elsewhere."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def register(self, file: Any, wanted: int) -> None:
        """Wait for this file from now on, or for something else of it."""
        events = selectors.EVENT_READ if wanted & IN else 0
        events |= selectors.EVENT_WRITE if wanted & OUT else 0
        if file in self._selector.get_map():
            self._selector.modify(file, events)
        else:
            self._selector.register(file, events)

    def unregister(self, file: Any) -> None:
        """Wait for this file no more."""
        self._selector.unregister(file)

    def poll(self) -> list[tuple[int, int]]:
        """Wait until some are ready; return them."""
        return [(key.fd, events) for key, events in self._selector.select()]
