"""Whether the Ray that runs the trials is still there.

A process that has joined Ray depends on its node on this machine, the raylet, and on
its directory, the GCS. When one of them dies, Ray ends the process in C++, at once or
seconds later, without an exception and without a word that helps. So both are watched,
and Ray is left in time; and where Ray is quicker, a process of its own says what was.

Source:
    ray 2.60.0: what is lost with a raylet's object store ends the process
    (`connection.cc`), and so does a GCS that is away for a minute.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING

import ray

from hpbridge.plugin import ExecutorError
from hpbridge_ray.driver.witness import witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A GCS with a database comes back; for a minute Ray waits for it.
_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 2.0
_HINT = "the same command with --resume goes on, or `hpbridge.resume`"


class Watch:
    """What this process needs of the Ray that it has joined.

    Attributes:
        raylet: The process of Ray's node on this machine; None where it is not known.
    """

    def __init__(self) -> None:
        self.raylet: int | None = None
        self._line: socket.socket | None = None
        self._gone: str | None = None
        self._away_since: float | None = None
        self._is_closed = threading.Event()
        if not _is_by_client():
            self._connect()

    def _connect(self) -> None:
        address = ray.get_runtime_context().gcs_address
        if not _is_there(address):  # to ask it would take a minute
            self._gone = f"its GCS does not answer at {address}"
            return
        me = ray.get_runtime_context().get_node_id()
        path = next(n["RayletSocketName"] for n in ray.nodes() if n["NodeID"] == me)
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(path)
        except OSError:
            line.close()
            self._gone = "its node on this machine died"
            return
        self._line, self.raylet = line, _peer_of(line)

    def why(self) -> str | None:
        """Return why Ray is not there any more, in a sentence; None when it is."""
        if self._line is None:
            return self._gone
        # Its end closes with it, at once and whatever ended it.
        if select.select([self._line], [], [], 0)[0]:
            return f"its node on this machine died (raylet{_end_of(self.raylet)})"
        if self._away_since is not None:
            seconds = time.monotonic() - self._away_since
            if seconds >= _PATIENCE_SECONDS:
                return f"its GCS has not answered for {seconds:.0f} s"
        return None

    def check(self, leave: Callable[[], None]) -> None:
        """Make sure that Ray is there.

        Args:
            leave: Leaves Ray, before it ends this process.

        Raises:
            ExecutorError: If it is not.
        """
        why = self.why()
        if why is not None:
            leave()
            headline = f"Ray is gone: {why}"
            raise ExecutorError(headline, hint=_HINT)

    def close(self) -> None:
        """Watch no longer."""
        self._is_closed.set()
        if self._line is not None:
            self._line.close()
            self._line = None

    def _look(self, address: str) -> None:
        while not self._is_closed.wait(_LOOK_SECONDS):
            if _is_there(address):
                self._away_since = None
            else:
                self._away_since = self._away_since or time.monotonic()

    @contextlib.contextmanager
    def running(self) -> Iterator[Watch]:
        """Watch while the body runs."""
        if self._line is None:
            yield self
            return
        address = ray.get_runtime_context().gcs_address
        threading.Thread(target=self._look, args=(address,), daemon=True).start()
        text = (
            "Ray is gone, and has ended this process: its node on this machine died "
            f"(raylet, process {self.raylet}):\n"
            f"  - every finished trial is in the store\nHint: {_HINT}.\n"
        )
        with witness(text, self._line):
            try:
                yield self
            finally:
                self.close()


def _is_by_client() -> bool:
    """Say whether Ray was joined from afar, where there is nothing to watch."""
    client = sys.modules.get("ray.util.client")
    return client is not None and bool(client.ray.is_connected())


def _is_there(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _LOOK_SECONDS).close()
    except OSError:
        return False
    return True


def _peer_of(line: socket.socket) -> int | None:
    """Return the process at the other end, where the system tells."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    size = struct.calcsize("3i")
    found = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    pid: int = struct.unpack("3i", found)[0]
    return pid


def _end_of(pid: int | None) -> str:
    """Return which process it was, and how it ended where that is ours to see."""
    if pid is None:
        return ""
    found = None
    with contextlib.suppress(ChildProcessError):
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if found is None:
        return f", process {pid}"
    what = "exit code" if found.si_code == os.CLD_EXITED else "signal"
    return f", process {pid}: {what} {found.si_status}"
