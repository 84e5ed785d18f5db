"""The local driver: trials in this process, or in worker processes.

In process by default, so that a debugger works. Workers are separate processes: one
that dies, by a segfault or `os._exit`, costs its trial and no more, and one that takes
too long is really ended. There is no barrier: a free worker gets the next trial.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from hpbridge.drivers.in_process import InProcess
from hpbridge.store.settings import OF_WORKERS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from hpbridge.contract.execution import Executor
    from hpbridge.experiment import Experiment
    from hpbridge.store.settings import Settings


def open_local(
    experiment: Experiment, settings: Settings
) -> AbstractContextManager[Executor]:
    """Return this process, or workers where several trials run or one has limits.

    Raises:
        ExperimentError: If the experiment cannot be sent to a worker.
    """
    needs = (settings.timeout_trial, *(getattr(settings, n) for n in OF_WORKERS))
    if settings.workers == 1 and all(limit is None for limit in needs):
        return nullcontext(InProcess())
    from hpbridge.drivers.workers import open_workers

    return open_workers(experiment, settings)
