"""A worker process, seen from the process that started it. POSIX only.

It is a fresh interpreter at the other end of a socket of its own: nothing is shared
between workers, so none that dies, at whatever moment, can block another. It is not a
fork, since an optimizer's threads (OpenMP, Ray) do not survive one, and not a
`multiprocessing` child, since that runs the user's script again. It leads a process
group, so that what an objective starts ends with it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from hpbridge.drivers.objective import describe_error
from hpbridge.errors import ExperimentError

if TYPE_CHECKING:
    from hpbridge.contract.execution import Job
    from hpbridge.drivers.worker import Task
    from hpbridge.experiment import Experiment

# A worker that for so long neither reads nor finishes writing is as good as dead.
_STUCK_SECONDS = 60.0


def pack_experiment(experiment: Experiment) -> bytes:
    """Return an experiment as bytes that another process can read.

    Functions of importable modules go by name, all others by value (cloudpickle).

    Raises:
        ExperimentError: If it holds something that cannot be sent.
    """
    if experiment.reference:
        return pickle.dumps(experiment.reference)
    import cloudpickle

    try:
        return cast("bytes", cloudpickle.dumps(experiment))
    except Exception as error:
        problem = f"it cannot be sent to a worker process: {describe_error(error)}"
        raise ExperimentError.invalid(experiment.name, [problem]) from error


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

    @classmethod
    def starting(cls, job: Job) -> RunningJob:
        """Return a job that begins now."""
        limit = float("inf") if job.timeout is None else job.timeout
        return cls(job, time.time(), time.monotonic() + limit)


class WorkerProcess:
    """A worker process, from its start to its end.

    Attributes:
        has: The numbers of the experiments that it was sent.
        is_ready: Whether it has loaded the first one.
        running: What it runs; None when it is idle.
    """

    def __init__(self) -> None:
        path = [entry for entry in sys.path if isinstance(entry, str)]
        code = (
            f"import sys; sys.path[:] = {path!r}; sys.argv[:] = {sys.argv!r}; "
            "from hpbridge.drivers.worker import main; main()"
        )
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(_STUCK_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *flags, "-c", code],
                stdin=theirs.fileno(),
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._messages = self.socket.makefile("rb")
        self.has: set[int] = set()
        self.is_ready = False
        self.running: RunningJob | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it may be given a job."""
        return self.is_ready and self.running is None

    def send(self, task: Task) -> bool:
        """Send a task; say whether the worker lives to read it."""
        try:
            self.socket.sendall(pickle.dumps(task))
        except OSError:
            return False
        self.has.add(task.key)
        return True

    def receive(self) -> tuple[Any, ...] | None:
        """Return the next message; None when the worker is dead."""
        try:
            return cast("tuple[Any, ...]", pickle.load(self._messages))
        except (EOFError, OSError, pickle.UnpicklingError):
            return None

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
        self._messages.close()
        self.socket.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"
