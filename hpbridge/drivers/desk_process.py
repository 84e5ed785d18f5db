"""The desk, seen from the process that started it; see `hpbridge.drivers.desk`."""

from __future__ import annotations

import contextlib
import itertools
import pickle
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from hpbridge.contract.execution import Refused
from hpbridge.drivers import desk
from hpbridge.drivers.desk import (
    ANSWER,
    DOOR,
    FAULT,
    JOB,
    LENGTH,
    OVER,
    POLICY,
    REPORT,
    SYNC,
    SYNCED,
    TELL,
    WORKER,
)
from hpbridge.errors import PrunerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.contract.attempt import Reply
    from hpbridge.contract.execution import Job, Policy

# How long the desk may take to hand over what is there, or to end.
_PATIENCE_SECONDS = 5.0
_MOST = 1 << 16

_Report = tuple[int, int, float]


def of_faults(desk: DeskProcess, jobs: Iterable[Job]) -> list[Refused]:
    """Return that jobs cannot run on whose studies' policies have raised."""
    faults = desk.faults()
    return [
        Refused(job, PrunerError.failed(job.study))
        for job in list(jobs)
        if job.study in faults
    ]


class DeskProcess:
    """The desk, from its start to its end. When it dies, studies go on without it.

    Attributes:
        socket: Readable when it has handed on a report, and when it is dead.
        is_dead: Whether it was seen to be.
    """

    def __init__(self) -> None:
        self.socket, self._theirs = socket.socketpair()
        self.socket.settimeout(_PATIENCE_SECONDS)
        self._process: subprocess.Popen[bytes] | None = None
        self._begin()

    def _begin(self) -> None:
        """Be what each is at its start."""
        self.is_dead = False
        self._received = bytearray()
        self._of_policies: dict[str, None] = {}
        self._faults: list[str] = []
        self._questions = itertools.count(1)

    def start(self) -> None:
        """Start it, unless it was. What it was told before waits for it."""
        if self._process is not None:
            return
        # As a program, without site-packages and its own folder: nothing is imported
        # that it does not need.
        with self._theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-P", desk.__file__],
                stdin=self._theirs.fileno(),
                start_new_session=True,  # Ctrl-C is our business
            )

    def line(self) -> socket.socket | None:
        """Return a worker's end of a new socket to the desk; None if it is dead."""
        ours, theirs = socket.socketpair()
        with ours:
            self._tell(WORKER, sockets=[ours.fileno()])
        if self.is_dead:
            theirs.close()
            return None
        return theirs

    def open_door(self, path: str) -> None:
        """Let processes that it did not start come to it by a socket at a path."""
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(path)
            door.listen(128)
            self._tell(DOOR, sockets=[door.fileno()])

    def expect(self, job: Job) -> None:
        """Let it know of a job, if its study has a policy."""
        if job.study in self._of_policies:
            self._tell(JOB, job.id, job.study, job.number)

    def forget(self, job: Job) -> None:
        """Let it know that a job is over."""
        if job.study in self._of_policies:
            self._tell(OVER, job.id)

    def answer(self, job: Job, reply: Reply) -> None:
        """Let it answer a job so."""
        self._tell(ANSWER, job.id, reply.value)

    def decide_by(self, study: str, policy: Policy, jobs: Iterable[Job]) -> None:
        """Let it answer a study's reports by a policy; `jobs` are those that run."""
        import cloudpickle

        self._of_policies[study] = None
        path = [entry for entry in sys.path if isinstance(entry, str)]
        self._tell(POLICY, study, cloudpickle.dumps(policy), path)
        for job in jobs:
            self.expect(job)

    def tell(self, study: str, what: str, *about: Any) -> None:
        """Let it call a study's policy, where that has one."""
        if study in self._of_policies:
            self._tell(TELL, study, what, pickle.dumps(about))

    def _tell(self, *message: Any, sockets: Iterable[int] = ()) -> None:
        if self.is_dead:
            return
        data = pickle.dumps(message)
        data = LENGTH.pack(len(data)) + data
        try:
            self._send(data, list(sockets))
        except OSError:
            self.is_dead = True

    def _send(self, data: bytes, sockets: list[int]) -> None:
        sent = socket.send_fds(self.socket, [data], sockets)
        self.socket.sendall(data[sent:])

    def reports(self) -> list[_Report]:
        """Return the reports (job, step, value) that it has handed on, without wait."""
        return [report for report in self._read(0) if report[0] != SYNCED]

    def sync(self) -> list[_Report]:
        """Return all reports that workers have sent until now."""
        question = next(self._questions)
        self._tell(SYNC, question)
        found: list[_Report] = []
        while not self.is_dead:
            read = self._read(_PATIENCE_SECONDS)
            found += [report for report in read if report[0] != SYNCED]
            if any(report[:2] == (SYNCED, question) for report in read):
                break
        return found

    def _receive(self, *, wait: bool) -> bytes:
        return self.socket.recv(_MOST, 0 if wait else socket.MSG_DONTWAIT)

    def _read(self, seconds: float) -> list[_Report]:
        """Read what is there, or wait so long for something."""
        if self.is_dead:
            return []
        try:
            data = self._receive(wait=seconds > 0)
            self.is_dead = not data
        except BlockingIOError:
            return []
        except OSError:  # or it takes too long
            self.is_dead = True
            return []
        self._received += data
        whole = len(self._received) // REPORT.size * REPORT.size
        reports = list(REPORT.iter_unpack(bytes(self._received[:whole])))
        del self._received[:whole]
        for report in reports:
            if report[0] == FAULT:
                self._faults.append(list(self._of_policies)[report[1]])
        return [report for report in reports if report[0] != FAULT]

    def faults(self) -> list[str]:
        """Return the studies whose policies have raised since the last call."""
        faults, self._faults = self._faults, []
        return faults

    def hang_up(self) -> None:
        """Let it end by itself."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End it."""
        self.hang_up()
        self._theirs.close()
        self._hear_its_end()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _hear_its_end(self) -> None:
        # Its end of the socket closes with it; `Popen.wait` looks more seldom.
        with contextlib.suppress(OSError):
            while self.socket.recv(_MOST):
                pass
        self.socket.close()
