"""Agents as long-lived tasks of a Dask cluster."""

from __future__ import annotations

import contextlib
import time
import uuid
from typing import TYPE_CHECKING, Any

from distributed import wait

from hpbridge.plugin import ExecutorError, describe_error
from hpbridge_dask.driver.agent import run_agent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from distributed import Client, Future

    from hpbridge.plugin import Invitation
    from hpbridge_dask.driver.own import OwnCluster

# A scheduler that is away for so long is gone; a connection may break and come back.
_AWAY_SECONDS = 10.0
_LEAVE_SECONDS = 3.0
_HINT = "the same command with --resume goes on, or `hpbridge.resume`"


class DaskCrew:
    """Brings agents to a Dask cluster.

    A task whose worker died is run again by Dask, elsewhere: its agent comes back.

    Args:
        client: Of the cluster.
        words: How tasks are submitted: ``resources``, ``workers`` ...
        own: The cluster, where it is ours.

    Attributes:
        per_trial: Whether agents come for one trial each.
    """

    def __init__(
        self,
        client: Client,
        words: Mapping[str, Any],
        own: OwnCluster | None = None,
    ) -> None:
        self._client, self._words, self._own = client, words, own
        self._tasks: list[Future] = []
        self.per_trial = False
        self._away_since: float | None = None

    @property
    def n_alive(self) -> int:
        """How many agents are there, or will come."""
        return sum(task.status == "pending" for task in self._tasks)

    def hire(self, invitation: Invitation, count: int) -> None:
        """Submit so many agents."""
        self._check()
        for _ in range(count):
            task = self._client.submit(
                run_agent,
                invitation,
                key=f"hpbridge-agent-{uuid.uuid4().hex}",
                pure=False,
                **self._words,
            )
            self._tasks.append(task)

    def look(self) -> list[str]:
        """Return what became of agents that have died.

        Raises:
            ExecutorError: If the cluster is gone.
        """
        self._check()
        said = []
        for task in [task for task in self._tasks if task.status != "pending"]:
            self._tasks.remove(task)
            if task.status == "error":
                said.append(describe_error(task.exception()))
            elif task.status != "finished":
                said.append(f"Dask {task.status} its agent")
        return said

    def _check(self) -> None:
        """See that the scheduler is there.

        Raises:
            ExecutorError: If it is not.
        """
        if self._own is not None and self._own.is_dead:
            headline = "Dask is gone: its cluster has ended"
            raise ExecutorError(headline, hint=_HINT)
        status = self._client.status
        if status == "running":
            self._away_since = None
            return
        self._away_since = self._away_since or time.monotonic()
        seconds = time.monotonic() - self._away_since
        if status == "closed" or seconds >= _AWAY_SECONDS:
            why = "the client is closed"
            if status != "closed":
                why = f"its scheduler has not answered for {seconds:.0f} s"
            headline = f"Dask is gone: {why}"
            raise ExecutorError(headline, hint=_HINT)

    def close(self) -> None:
        """Wait until agents have left, and cancel those that do not."""
        if self._client.status != "running" or not self._tasks:
            return
        with contextlib.suppress(Exception):  # of many kinds; and they are cancelled
            wait(self._tasks, timeout=_LEAVE_SECONDS)
        with contextlib.suppress(Exception):  # the scheduler may be gone by now
            self._client.cancel(self._tasks, asynchronous=False)
        self._tasks.clear()
