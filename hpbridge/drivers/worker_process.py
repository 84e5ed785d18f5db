"""A worker process, seen from the process that started it. POSIX only.

It is a fresh interpreter at the other end of a socket of its own: nothing is shared
between workers, so none that dies, at whatever moment, can block another. It is not a
fork, since an optimizer's threads (OpenMP, Ray) do not survive one, and not a
`multiprocessing` child, since that runs the user's script again. It leads a process
group, so that what an objective starts ends with it; on Linux also what left the group,
which `hpbridge.drivers.marked` finds.
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
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hpbridge.contract.files import is_file, module_name_of, split_reference
from hpbridge.drivers import marked
from hpbridge.drivers.worker import FRAME, LOST_CHANNEL, MARK
from hpbridge.errors import ExperimentError
from hpbridge.errors.foreign import describe_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.contract.execution import Job
    from hpbridge.drivers.worker import Task
    from hpbridge.experiment import Experiment

# A worker that for so long neither reads nor finishes writing is as good as dead.
_STUCK_SECONDS = 60.0


def pack_experiment(experiment: Experiment) -> bytes:
    """Return an experiment as bytes that another process can read.

    Functions of importable modules go by name, all others by value (cloudpickle). One
    that goes whole is not loaded from its file, so that neither is what it holds of it.

    Raises:
        ExperimentError: If it holds something that cannot be sent.
    """
    if experiment.reference and not experiment.goes_whole:
        return pickle.dumps(experiment.reference)
    import cloudpickle

    try:
        with _by_value(experiment.reference):
            return cast("bytes", cloudpickle.dumps(experiment))
    except Exception as error:  # an object's own pickling
        problem = f"it cannot be sent to a worker process: {describe_error(error)}"
        raise ExperimentError.invalid(experiment.name, [problem]) from error


@contextlib.contextmanager
def _by_value(reference: str) -> Iterator[None]:
    """Let what the file of a reference defines be packed by value."""
    import cloudpickle

    place, _ = split_reference(reference)
    module = sys.modules.get(module_name_of(Path(place))) if is_file(place) else None
    if module is None:
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)


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


class WorkerProcess:
    """A worker process, from its start to its end.

    Args:
        line: Its end of a socket to the desk, if there is one; closed here.

    Attributes:
        has: The numbers of the experiments that it was sent.
        is_ready: Whether it has loaded the first one.
        running: What it runs, or will as soon as it is ready; None when it is idle.
        n_run: Trials that it has ended.
        is_garbled: Whether something else than messages came from it.
    """

    def __init__(self, line: socket.socket | None = None) -> None:
        lines = [] if line is None else [line.fileno()]
        path = [entry for entry in sys.path if isinstance(entry, str)]
        code = (
            f"import sys; sys.path[:] = {path!r}; sys.argv[:] = {sys.argv!r}; "
            f"from hpbridge.drivers.worker import main; main(*{lines})"
        )
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(_STUCK_SECONDS)
        self._mark = secrets.token_hex(16)
        with theirs, line or contextlib.nullcontext():
            self._process = subprocess.Popen(
                [sys.executable, *flags, "-c", code],
                stdin=theirs.fileno(),
                pass_fds=lines,
                start_new_session=True,
                env={**os.environ, marked.NAME: self._mark},
            )
        self.pid = self._process.pid
        self.has: set[int] = set()
        self.is_ready = False
        self.is_garbled = False
        self.n_run = 0
        self.running: RunningJob | None = None

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
            begin = self.socket.recv(len(MARK), socket.MSG_PEEK | socket.MSG_DONTWAIT)
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
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, options) is not None

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
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self._process.wait()
        marked.end_marked(self._mark)
        self.is_garbled |= code == LOST_CHANNEL
        return f"signal {-code}" if code < 0 else f"exit code {code}"
