"""Agents in the other ranks."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

from hpbridge.plugin import ExecutorError
from hpbridge_mpi.driver.rank import DISMISSED, FREE, HIRED

if TYPE_CHECKING:
    from hpbridge.plugin import Invitation
    from hpbridge_mpi.driver.world import World

# What ranks may take to say that their agents have left.
_LEAVE_SECONDS = 10.0

_numbers = itertools.count(1)


class RankCrew:
    """Lets each rank start an agent.

    Args:
        world: The other ranks.

    Attributes:
        per_trial: An agent stays for the whole study.
    """

    per_trial = False

    def __init__(self, world: World) -> None:
        self._world = world
        self._busy: dict[int, int] = {}

    @property
    def n_alive(self) -> int:
        """How many ranks have an agent."""
        return len(self._busy)

    def hire(self, invitation: Invitation, count: int) -> None:
        """Let so many ranks start an agent, as far as there are free ones."""
        free = [rank for rank in self._world.lines if rank not in self._busy]
        for rank in sorted(free)[:count]:
            number = self._busy[rank] = next(_numbers)
            data = invitation.to_json()
            self._world.lines[rank].put(HIRED, number=number, invitation=data)

    def look(self) -> list[str]:
        """Return which ranks, or their agents, have died.

        Raises:
            ExecutorError: If no other rank is left.
        """
        gone: list[str] = []
        for rank in [*self._world.lines]:
            gone += self._look_at(rank)
        if not self._world.lines:
            headline = "All other MPI ranks are gone"
            raise ExecutorError(headline, gone, "start the job again, with --resume")
        return gone

    def _look_at(self, rank: int) -> list[str]:
        gone = []
        line, where = self._world.lines[rank], f"MPI rank {rank}"
        where += f" on {self._world.hosts[rank]}"
        code = self._freed(rank)
        if code:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            gone.append(f"the agent of {where} ended: {how}")
        if line.is_over:
            self._busy.pop(rank, None)
            del self._world.lines[rank]
            gone.append(f"{where} is gone")
        return gone

    def _freed(self, rank: int, seconds: float = 0.0) -> int | None:
        """Return the exit code of a rank's agent, where it says that it has ended."""
        for said in self._world.lines[rank].take(seconds):
            if said["what"] == FREE and said["number"] == self._busy.get(rank):
                del self._busy[rank]
                return int(said["code"])
        return None

    def close(self) -> None:
        """Let all agents leave, and wait until they have."""
        for rank in self._busy:
            self._world.lines[rank].put(DISMISSED)
        deadline = time.monotonic() + _LEAVE_SECONDS
        for rank in [*self._busy]:
            line = self._world.lines[rank]
            while rank in self._busy and time.monotonic() < deadline:
                self._freed(rank, 0.5)
                if line.is_over:
                    break
        self._busy.clear()
