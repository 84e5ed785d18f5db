"""Messages through a socket between two processes of ours: pickles with a length."""

from __future__ import annotations

import contextlib
import pickle
import struct
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

_LENGTH = struct.Struct("<Q")
_MOST = 1 << 18


class Pipe:
    """One end of a socket; it reads without waiting, and writes what is taken.

    Args:
        end: The socket, in whatever mode.
    """

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self.is_dead = False
        self._received = bytearray()
        self._unsent: deque[memoryview] = deque()

    def put(self, *message: Any) -> None:
        """Queue a message, to be sent by `flush`."""
        data = pickle.dumps(message)
        self._unsent.append(memoryview(_LENGTH.pack(len(data)) + data))

    def flush(self) -> bool:
        """Send what the other side takes; say whether something is left."""
        while self._unsent and not self.is_dead:
            try:
                n_sent = self.socket.send(self._unsent[0])
            except (BlockingIOError, InterruptedError):
                return True
            except OSError:
                self.is_dead = True
                break
            rest = self._unsent.popleft()[n_sent:]
            if rest:
                self._unsent.appendleft(rest)
        return False

    def take(self) -> list[tuple[Any, ...]]:
        """Return the messages that are there; `is_dead` says that none will come."""
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while not self.is_dead:
                try:
                    data = self.socket.recv(_MOST)
                except ConnectionError:
                    data = b""
                self.is_dead = not data
                self._received += data
        return list(self._messages())

    def _messages(self) -> list[tuple[Any, ...]]:
        found = []
        while len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            end = _LENGTH.size + length
            if len(self._received) < end:
                break
            found.append(pickle.loads(bytes(self._received[_LENGTH.size : end])))
            del self._received[:end]
        return found
