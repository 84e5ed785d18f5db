"""The local driver: trials in this process, or in worker processes.

In process by default, so that a debugger works. Workers are separate processes: one
that dies, by a segfault or `os._exit`, costs its trial and no more, and one that takes
too long is really ended. There is no barrier: a free worker gets the next trial.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from hpbridge.contract.execution import driver_options
from hpbridge.contract.offered_drivers import Local
from hpbridge.drivers.in_process import InProcess
from hpbridge.errors import ExperimentError
from hpbridge.store.settings import OF_WORKERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from hpbridge.contract.execution import Executor
    from hpbridge.experiment import Experiment
    from hpbridge.store.settings import Settings


def open_local(
    experiment: Experiment, settings: Settings
) -> AbstractContextManager[Executor]:
    """Return this process, or workers where several trials run or one has limits.

    Raises:
        ExperimentError: If the experiment cannot be sent to a worker, or to none.
    """
    gpus = driver_options(Local, settings).gpus
    needs = (settings.timeout_trial, gpus, *(getattr(settings, n) for n in OF_WORKERS))
    if gpus is not None and experiment.is_growing:
        problem = "gpus must be None, since the objective defines its space here"
        raise ExperimentError.invalid(experiment.name, [problem])
    if settings.workers == 1 and all(limit is None for limit in needs):
        return nullcontext(InProcess())
    from hpbridge.drivers.workers import open_workers

    return open_workers(experiment, settings)


@contextmanager
def open_threads(experiment: Experiment, settings: Settings) -> Iterator[Executor]:
    """Give threads of this process; those that run when it is left are waited for.

    Raises:
        ExperimentError: If a trial is to be ended, which no thread can be.
    """
    from hpbridge.drivers.futures import open_futures

    with (
        ThreadPoolExecutor(settings.workers, thread_name_prefix="trial") as pool,
        open_futures(pool, experiment, settings) as executor,
    ):
        yield executor
