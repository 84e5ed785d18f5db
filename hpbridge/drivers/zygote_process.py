"""The zygote, seen from the process that started it; see `hpbridge.drivers.zygote`."""

from __future__ import annotations

import contextlib
import os
import pickle
import secrets
import select
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from hpbridge.drivers import marked
from hpbridge.drivers.zygote import (
    LENGTH,
    LOAD,
    REAP,
    REAPED,
    SAID,
    START,
    STARTED,
    command,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# How long it may take to say how a worker has ended, which it knows at once.
_PATIENCE_SECONDS = 10.0


def can_fork() -> bool:
    """Say whether this system forks, and shows whether that is safe."""
    return sys.platform == "linux" and hasattr(os, "fork") and hasattr(os, "pidfd_open")


class Zygote:
    """The zygote, from its start to its end.

    Args:
        environment: Variables that it and its workers get beside ours, or instead.

    Attributes:
        socket: Readable when it has said something, and when it is dead.
        is_over: Whether it was seen to be dead.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(_PATIENCE_SECONDS)
        self._mark = secrets.token_hex(16)
        with theirs:
            self._process = subprocess.Popen(
                command("hpbridge.drivers.zygote"),
                stdin=theirs.fileno(),
                start_new_session=True,  # Ctrl-C is our business
                env={**os.environ, **environment, marked.NAME: self._mark},
            )
        self.is_over = False
        self._said = bytearray()
        self._unborn: list[Child] = []
        self._codes: dict[int, int] = {}

    def load(self, key: int, packed: bytes) -> None:
        """Let it load an experiment, whose number is `key`."""
        self._tell(LOAD, key, packed)

    def start(
        self, sockets: Iterable[socket.socket], variables: Mapping[str, str]
    ) -> Child:
        """Let it start a worker as soon as it has loaded the experiment.

        Args:
            sockets: That the worker gets: to this process and to the desk.
            variables: Of its environment.
        """
        child = Child(self)
        self._unborn.append(child)
        self._tell(START, dict(variables), sockets=[each.fileno() for each in sockets])
        return child

    def _tell(self, *message: Any, sockets: Iterable[int] = ()) -> None:
        data = pickle.dumps(message)
        data = LENGTH.pack(len(data)) + data
        try:
            sent = socket.send_fds(self.socket, [data], list(sockets))
            self.socket.sendall(data[sent:])
        except OSError:
            self.is_over = True

    def look(self, *, wait: bool = False) -> None:
        """Take what it has said, or wait for something."""
        try:
            data = self.socket.recv(1 << 16, 0 if wait else socket.MSG_DONTWAIT)
            self.is_over |= not data
        except BlockingIOError:
            return
        except OSError:  # or it takes too long
            self.is_over = True
            return
        self._said += data
        while len(self._said) >= SAID.size:
            what, pid, code = SAID.unpack(self._said[: SAID.size])
            del self._said[: SAID.size]
            if what == STARTED:
                self._unborn.pop(0).pid = pid
            elif what == REAPED:
                self._codes[pid] = code

    def is_dead(self) -> bool:
        """Say whether its process has ended."""
        return self._process.poll() is not None

    def code_of(self, pid: int) -> int | None:
        """Return the exit code of a worker that is ended; None where nobody knows."""
        if not self.is_dead():
            self._tell(REAP, pid)
            while pid not in self._codes and not self.is_dead():
                if not select.select([self.socket], [], [], _PATIENCE_SECONDS)[0]:
                    break
                self.look()
        return self._codes.pop(pid, None)

    def close(self) -> None:
        """End it, with what loading the experiment has started."""
        self.socket.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        marked.end_marked(self._mark)


class Child:
    """The process of a worker that a zygote starts.

    Attributes:
        pid: 0 before it lives.
    """

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote
        self._pid = 0
        self._handle: int | None = None

    @property
    def pid(self) -> int:
        """Its number; 0 before it is known."""
        if not self._pid and not self._zygote.is_over:
            self._zygote.look()
        return self._pid

    @pid.setter
    def pid(self, pid: int) -> None:
        self._pid = pid
        with contextlib.suppress(ProcessLookupError):
            self._handle = os.pidfd_open(pid)

    def is_dead(self) -> bool:
        """Say whether it has lived, and has ended."""
        if not self.pid:
            return False
        return self._handle is None or bool(select.select([self._handle], [], [], 0)[0])

    def end(self) -> int | None:
        """End it and its group; return its exit code, None where nobody knows it."""
        if not self.pid:
            return None  # if it comes to live, its socket is closed
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self._zygote.code_of(self.pid)
        if self._handle is not None:
            os.close(self._handle)
        return code
