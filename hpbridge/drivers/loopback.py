"""Processes that meet by loopback connections, where sockets cannot be handed over.

One listens at a free port of 127.0.0.1 and starts another, which learns the port and a
secret from its standard input, since everybody may read a command line. It connects
and sends the secret first; whoever else connects is sent away.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import socket
import subprocess
import time
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from hpbridge.drivers.system import end_tree
from hpbridge.drivers.zygote import command

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "127.0.0.1"
SECRET_SIZE = 32
# How long a process may take until it has connected: an interpreter starts meanwhile.
_START_SECONDS = 60.0
# How long one that has connected may take to say the secret.
_SAY_SECONDS = 1.0
_LOOK_SECONDS = 0.05


class Address(NamedTuple):
    """Where to connect, and what to say there first.

    Attributes:
        secret: Hexadecimal, `SECRET_SIZE` digits.
    """

    port: int
    secret: str


def new_secret() -> str:
    """Return a secret that nobody guesses."""
    return secrets.token_hex(SECRET_SIZE // 2)


def listening() -> socket.socket:
    """Return a socket that listens at a free port of this machine alone."""
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Windows would let another process listen at the same port, too.
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        if exclusive is not None:
            door.setsockopt(socket.SOL_SOCKET, exclusive, 1)
        door.bind((HOST, 0))
        door.listen(128)
    except OSError:
        door.close()
        raise
    return door


def connected(address: Address) -> socket.socket:
    """Return a connection to an address, where the secret was said.

    Raises:
        OSError: If nobody is there.
    """
    connection = socket.create_connection((HOST, address.port), _START_SECONDS)
    try:
        connection.settimeout(None)
        say_at_once(connection)
        connection.sendall(address.secret.encode("ascii"))
    except OSError:
        connection.close()
        raise
    return connection


def say_at_once(connection: socket.socket) -> None:
    """Let what is short not wait for more."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def is_secret(said: bytes | bytearray, secret: str) -> bool:
    """Say whether this is the secret, in a time that does not depend on it."""
    return hmac.compare_digest(bytes(said), secret.encode("ascii"))


def invitation() -> dict[str, Any]:
    """Return what this process was told on standard input, which it reads no more.

    Raises:
        EOFError: If who has started it is gone.
    """
    line = b""
    while not line.endswith(b"\n"):
        data = os.read(0, 1)
        if not data:
            raise EOFError
        line += data
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    told: dict[str, Any] = json.loads(line)
    return told


class Started:
    """A fresh interpreter that connects to this process.

    Args:
        module: Whose `main` it runs.
        variables: Of its environment, beside ours or instead.
        told: What it is told beside where to connect: JSON data.
    """

    def __init__(
        self, module: str, variables: Mapping[str, str], told: Mapping[str, Any]
    ) -> None:
        self._door = listening()
        self._secret = new_secret()
        try:
            self._process = subprocess.Popen(
                command(module),
                stdin=subprocess.PIPE,
                # Ctrl-C is our business; each does something where the other does not.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                env={**os.environ, **variables},
            )
        except OSError:
            self._door.close()
            raise
        self.pid = self._process.pid
        address = Address(self._door.getsockname()[1], self._secret)
        data = json.dumps({"address": address, **told}).encode("ascii") + b"\n"
        with (
            contextlib.suppress(OSError),
            cast("IO[bytes]", self._process.stdin) as file,
        ):
            file.write(data)

    def connection(self) -> socket.socket | None:
        """Wait for its connection; return None where it ends, or takes too long."""
        deadline = time.monotonic() + _START_SECONDS
        self._door.settimeout(_LOOK_SECONDS)
        with self._door:
            while time.monotonic() < deadline:
                has_ended = self.is_dead()  # first: it may have connected before
                came = self._came()
                if came is not None or has_ended:
                    return came
        return None

    def _came(self) -> socket.socket | None:
        """Return the connection of who has come and knows the secret, if any has."""
        with contextlib.suppress(OSError):  # nobody yet
            came, _ = self._door.accept()
            if self._knows(came):
                return came
            came.close()
        return None

    def _knows(self, came: socket.socket) -> bool:
        came.settimeout(_SAY_SECONDS)
        said = b""
        try:
            while len(said) < SECRET_SIZE:
                data = came.recv(SECRET_SIZE - len(said))
                if not data:
                    return False
                said += data
            say_at_once(came)
        except OSError:
            return False
        return is_secret(said, self._secret)

    def is_dead(self) -> bool:
        """Say whether it has ended."""
        return self._process.poll() is not None

    def ends_within(self, seconds: float) -> bool:
        """Wait so long for its end; say whether it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.is_dead()

    def end(self) -> int:
        """End it, and what it has started; return its exit code."""
        self._door.close()
        if not self.is_dead():
            end_tree(self.pid)
        return self._process.wait()
