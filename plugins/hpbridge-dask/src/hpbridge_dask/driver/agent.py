"""On a Dask worker: an agent, in a thread of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distributed import get_worker

from hpbridge.plugin import serve_agent
from hpbridge_dask._upstream import is_cancelled

if TYPE_CHECKING:
    from hpbridge.plugin import Invitation

_OVER = {"closing", "closing_gracefully", "closed", "failed"}


def run_agent(invitation: Invitation) -> str:
    """Be an agent until the study is over, or Dask wants the task no more.

    A thread cannot be ended; so the agent looks itself whether it is still wanted. A
    client that is gone, with its process, is nobody who wants it.

    Raises:
        DriverError: If no study answers, or it takes no such agent.
    """
    worker = get_worker()
    key = str(worker.get_current_task())

    def is_over() -> bool:
        return worker.status.name in _OVER or is_cancelled(worker, key)

    return serve_agent(invitation, is_over=is_over)
