"""Workers and the desk that connect by themselves, seen from what started them."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import TYPE_CHECKING, Any

from hpbridge.drivers.desk_process import DeskProcess
from hpbridge.drivers.loopback import Address, Started, new_secret
from hpbridge.drivers.loopback_desk import PORT
from hpbridge.drivers.worker_process import STUCK_SECONDS, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

# How long the desk may take to say where its door is.
_PATIENCE_SECONDS = 5.0
# How long a worker that has closed its connection may take to end.
_END_SECONDS = 2.0
_MOST = 1 << 16


class LoopbackWorkerProcess(WorkerProcess):
    """A worker process that is a fresh interpreter; `connect` comes first.

    Args:
        desk: Where the desk is, if it is there.
        environment: Variables that it gets beside ours, or instead.
        device: As of `hpbridge.drivers.devices.Devices.take`.
    """

    def __init__(
        self,
        desk: Address | None,
        environment: Mapping[str, str],
        device: dict[str, str],
    ) -> None:
        self._begin(device)
        self.socket = socket.socket()  # of nobody, if it never connects
        self._started = Started(
            "hpbridge.drivers.loopback_worker",
            self._variables(environment),
            {"desk": desk},
        )
        self._process = self._started

    def connect(self) -> None:
        """Wait until it has connected, or has ended before."""
        connection = self._started.connection()
        if connection is not None:
            self.socket.close()
            self.socket = connection
        self.socket.settimeout(STUCK_SECONDS)

    def receive(self) -> tuple[Any, ...] | None:
        """Return the next message; None when the worker is dead, or is to be."""
        message = super().receive()
        if message is None and not self.is_garbled:
            # Its process ends, and tells how, unless the objective closed the channel.
            self.is_garbled = not self._started.ends_within(_END_SECONDS)
        return message


class LoopbackDeskProcess(DeskProcess):
    """The desk, where workers come to its door. It starts at once."""

    def __init__(self) -> None:
        self._begin()
        self._secret = new_secret()
        self._started = Started(
            "hpbridge.drivers.loopback_desk", {}, {"secret": self._secret}
        )
        self.socket = self._started.connection() or socket.socket()
        self.socket.settimeout(_PATIENCE_SECONDS)
        said = b""
        with contextlib.suppress(OSError):
            while len(said) < PORT.size and (data := self.socket.recv(PORT.size)):
                said += data
        self.is_dead = len(said) != PORT.size
        self._port: int = 0 if self.is_dead else PORT.unpack(said)[0]

    def start(self) -> None:
        """Do nothing: it was started."""

    def address(self) -> Address | None:
        """Return where workers find it; None if it is dead."""
        return None if self.is_dead else Address(self._port, self._secret)

    def _send(self, data: bytes, _sockets: list[int]) -> None:
        self.socket.sendall(data)

    def _receive(self, *, wait: bool) -> bytes:
        if not wait and not select.select([self.socket], [], [], 0)[0]:
            raise BlockingIOError
        return self.socket.recv(_MOST)

    def close(self) -> None:
        """End it."""
        self.hang_up()
        self._hear_its_end()
        self._started.end()
