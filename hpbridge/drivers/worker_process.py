"""A worker process, seen from the process that started it.

It is at the other end of a socket of its own: nothing is shared between workers, so
none that dies, at whatever moment, can block another. It is a fresh interpreter, or a
fork of one that did nothing but load the experiment (`hpbridge.drivers.zygote`); not a
fork of this process, since an optimizer's threads (OpenMP, Ray) do not survive one, and
not a `multiprocessing` child, since that runs the user's script again. It leads a
process group, so that what an objective starts ends with it; on Linux also what left
the group, which `hpbridge.drivers.marked` finds. Where a system hands over no sockets,
it connects by itself (`hpbridge.drivers.loopback_process`).
"""

from __future__ import annotations

import contextlib
import os
import pickle
import secrets
import select
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from hpbridge.drivers import marked
from hpbridge.drivers.worker import FRAME, LOST_CHANNEL, MARK
from hpbridge.drivers.zygote import command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.execution import Job
    from hpbridge.drivers.loopback import Started
    from hpbridge.drivers.worker import Task
    from hpbridge.drivers.zygote_process import Child, Zygote

# A worker that for so long neither reads nor finishes writing is as good as dead.
STUCK_SECONDS = 60.0
# Elsewhere, what is known to be there is read as quickly.
_AT_ONCE: int = getattr(socket, "MSG_DONTWAIT", 0)


@dataclass(slots=True)
class RunningJob:
    """A job in a worker.

    Attributes:
        started_at: Unix time, seconds.
        deadline: On the monotonic clock, seconds; infinite without a timeout.
    """

    job: Job
    started_at: float
    deadline: float


class _Spawned:
    """The process of a worker that is a fresh interpreter.

    Args:
        sockets: That it gets: to this process and, if it is there, to the desk.
        variables: Of its environment, beside ours or instead.
    """

    def __init__(
        self, sockets: list[socket.socket], variables: Mapping[str, str]
    ) -> None:
        tasks, *lines = [each.fileno() for each in sockets]
        self._process = subprocess.Popen(
            command("hpbridge.drivers.worker", *lines),
            stdin=tasks,
            pass_fds=lines,
            start_new_session=True,
            env={**os.environ, **variables},
        )
        self.pid = self._process.pid

    def is_dead(self) -> bool:
        """Say whether it has ended, and leave its exit code to be read."""
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self._process.poll() is not None
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, options) is not None

    def end(self) -> int | None:
        """End it and its group; return its exit code."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait()


class WorkerProcess:
    """A worker process, from its start to its end.

    Args:
        line: Its end of a socket to the desk, if there is one; closed here.
        environment: Variables that it gets beside ours, or instead.
        device: As of `hpbridge.drivers.devices.Devices.take`.
        zygote: What starts it; None where this process does.

    Attributes:
        has: The numbers of the experiments that it was sent.
        is_ready: Whether it has loaded the first one.
        running: What it runs, or will as soon as it is ready; None when it is idle.
        n_run: Trials that it has ended.
        is_garbled: Whether something else than messages came from it.
        is_of_zygote: Whether a zygote starts it.
    """

    def __init__(
        self,
        line: socket.socket | None = None,
        environment: Mapping[str, str] | None = None,
        device: dict[str, str] | None = None,
        zygote: Zygote | None = None,
    ) -> None:
        self._begin(device)
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(STUCK_SECONDS)
        variables = self._variables(environment)
        self.is_of_zygote = zygote is not None
        with theirs, line or contextlib.nullcontext():
            sockets = [theirs] if line is None else [theirs, line]
            start = _Spawned if zygote is None else zygote.start
            self._process: _Spawned | Child | Started = start(sockets, variables)

    def _begin(self, device: dict[str, str] | None) -> None:
        """Be what each is at its start."""
        self._mark = secrets.token_hex(16)
        self.device = device or {}
        self.has: set[int] = set()
        self.is_of_zygote = False
        self.is_ready = False
        self.is_garbled = False
        self.n_run = 0
        self.running: RunningJob | None = None

    def _variables(self, environment: Mapping[str, str] | None) -> dict[str, str]:
        return {**(environment or {}), **self.device, marked.NAME: self._mark}

    def connect(self) -> None:
        """Wait until it can be told something, which it can from its start."""

    @property
    def pid(self) -> int:
        """The number of its process; 0 where it does not live yet."""
        return self._process.pid

    def begin(self, job: Job, since: float | None = None) -> None:
        """Take note that a job begins: now, or when it is ready.

        Args:
            job: That it was sent.
            since: When the worker was ready, Unix time in seconds, for a job that it
                was sent before we heard so. Its time begins then, but not before it
                was sent: this process may have been busy meanwhile, or before.
        """
        now = time.time()
        if since is None or self.running is None:
            since = now
        else:
            since = min(max(since, self.running.started_at), now)
        deadline = float("inf")
        if self.is_ready and job.timeout is not None:
            deadline = time.monotonic() + job.timeout - (now - since)
        self.running = RunningJob(job, since, deadline)

    def send(self, task: Task) -> bool:
        """Send a task; say whether the worker lives to read it."""
        try:
            self.socket.sendall(pickle.dumps(tuple(task)))
        except OSError:
            return False
        self.has.add(task.key)
        return True

    def receive(self) -> tuple[Any, ...] | None:
        """Return the next message; None when the worker is dead, or is to be.

        The objective can write into its worker's channel, or close it.
        """
        # One at a time and no byte more: what is read ahead, no selector sees.
        try:
            begin = self.socket.recv(len(MARK), socket.MSG_PEEK | _AT_ONCE)
            if not MARK.startswith(begin):  # at once: no more may come of it
                self.is_garbled = True
                return None
            mark, length = FRAME.unpack(self._read(FRAME.size))
            if mark == MARK and length >= 0:
                return cast("tuple[Any, ...]", pickle.loads(self._read(length)))
        except (EOFError, OSError):
            return None
        except Exception:  # noqa: BLE001 - bytes that no worker wrote raise anything
            pass
        self.is_garbled = True
        return None

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            n_read = self.socket.recv_into(view)
            if not n_read:
                raise EOFError
            view = view[n_read:]
        return data

    def has_said(self) -> bool:
        """Say whether there is something to receive, if only its end."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def is_dead(self) -> bool:
        """Say whether the process has ended, and leave its exit code to be read."""
        return self._process.is_dead()

    def hang_up(self) -> None:
        """Let an idle worker end by itself."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def end(self, grace: float = 0.0) -> str:
        """End the process and all that it has started; return how it ended.

        Args:
            grace: Seconds in which it may end by itself.
        """
        self.hang_up()
        if grace:
            # Its end of the socket closes with it; `Popen.wait` looks more seldom.
            self.socket.settimeout(grace)
            with contextlib.suppress(OSError):
                self.socket.recv(1)
        self.socket.close()
        code = self._process.end()
        marked.end_marked(self._mark)
        self.is_garbled |= code == LOST_CHANNEL
        if code is None:
            return "nobody knows how"
        return f"signal {-code}" if code < 0 else f"exit code {code}"
