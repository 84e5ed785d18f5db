"""What the ranks but the first do: they start an agent for each study, in turn."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from hpbridge_mpi.driver.launch import without_mpi

if TYPE_CHECKING:
    from hpbridge_mpi.driver.line import Line

HIRED, DISMISSED, FREE, OVER = "hired", "dismissed", "free", "over"
"""What goes over a line: rank 0 says the first two and the last, others the third."""

# What an agent may take to leave, with all that its trial has started.
_LEAVE_SECONDS = 10.0


def serve(line: Line) -> bool:
    """Do what rank 0 says until it is over; say whether rank 0 ended as it should.

    The process waits, and keeps no core busy.
    """
    # Ctrl-C is for rank 0, which lets the others leave.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rank = _Rank(line)
    try:
        while not line.is_over and not rank.is_over:
            rank.wait()
        return rank.is_over
    finally:
        rank.dismiss()


class _Rank:
    """One rank, and the agent that it has, if it has one.

    Attributes:
        is_over: Whether rank 0 said so.
    """

    def __init__(self, line: Line) -> None:
        self.is_over = False
        self._line = line
        self._agent: _Agent | None = None

    def wait(self) -> None:
        """Wait until something happens, and see to it."""
        ended = [] if self._agent is None else [self._agent.ended]
        readable = select.select([self._line.fileno(), *ended], [], [])[0]
        if ended and ended[0] in readable:
            self.dismiss()
        if self._line.fileno() in readable:
            for said in self._line.take():
                self._obey(said)

    def _obey(self, said: dict[str, Any]) -> None:
        self.is_over |= said["what"] == OVER
        self.dismiss()
        if said["what"] == HIRED:
            self._agent = _Agent(said["invitation"], said["number"])

    def dismiss(self) -> None:
        """Let the agent leave, if there is one, and say that it has."""
        agent, self._agent = self._agent, None
        if agent is not None:
            code = agent.close()
            self._line.put(FREE, number=agent.number, code=code)


class _Agent:
    """An agent, from its start to its end.

    Attributes:
        ended: Readable when it has ended.
        number: Of its hiring.
    """

    def __init__(self, invitation: dict[str, Any], number: int) -> None:
        self.number = number
        self.ended, theirs = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hpbridge_mpi.driver.agent"],
            stdin=subprocess.PIPE,
            pass_fds=[theirs],
            start_new_session=True,
            env=without_mpi(),
        )
        os.close(theirs)
        self._put(json.dumps(invitation) + "\n")

    def _put(self, text: str) -> None:
        stdin = self._process.stdin
        if stdin is not None:
            with contextlib.suppress(OSError):
                stdin.write(text.encode())
                stdin.flush()

    def close(self) -> int:
        """Let it leave, and see that it does; return its exit code."""
        stdin = self._process.stdin
        if stdin is not None:
            with contextlib.suppress(OSError):
                stdin.close()
        try:
            code = self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        os.close(self.ended)
        return code
