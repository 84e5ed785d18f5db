"""What this plugin uses of Dask though Dask does not promise it.

Source:
    distributed 2026.8.0.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Upstream

if TYPE_CHECKING:
    from distributed import Client, Worker

DASK = Upstream("distributed", "distributed==2026.8.0")


def problems() -> list[str]:
    """Return one sentence for each name that is gone or is not what it was."""
    return DASK.problems()


_EXECUTOR = DASK.private(
    "distributed.cfexecutor:ClientExecutor.__init__",
    "what Client.get_executor() gives cannot be a driver; the Client can",
    holds=lambda call: "self._client = client" in inspect.getsource(call),
)


def owner_of(executor: Any) -> tuple[Client, dict[str, Any]]:
    """Return whose executor it is, and with which words it submits tasks."""
    _EXECUTOR.get()
    return executor._client, dict(executor._kwargs)


_TASKS = DASK.private(
    "distributed.worker_state_machine:WorkerState.__init__",
    "agents whose study was killed stay for a quarter of a minute",
    holds=lambda call: "self.tasks = " in inspect.getsource(call),
)
_ENDED = {"cancelled", "released", "forgotten", "error"}


def is_cancelled(worker: Worker, key: str) -> bool:
    """Say whether a task that this worker runs is wanted no more."""
    task = worker.state.tasks.get(key)
    return task is None or task.state in _ENDED
