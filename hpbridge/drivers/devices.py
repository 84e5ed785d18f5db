"""Which of a machine's graphics cards each worker sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.execution import driver_options
from hpbridge.contract.offered_drivers import Local, devices_in
from hpbridge.errors import ExperimentError, count

if TYPE_CHECKING:
    from hpbridge.experiment import Experiment
    from hpbridge.store.settings import Settings

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The variable by which a process is shown some devices, and no others."""


class Devices:
    """Devices, each for as many workers as any other, or for one more.

    Args:
        names: Of the devices; none where workers see what this process does.
    """

    def __init__(self, names: tuple[str, ...] = ()) -> None:
        self._n_workers = dict.fromkeys(names, 0)

    def take(self) -> dict[str, str]:
        """Return the variable that shows a worker its device: the least used one."""
        if not self._n_workers:
            return {}
        name = min(self._n_workers, key=lambda each: self._n_workers[each])
        self._n_workers[name] += 1
        return {VISIBLE: name}

    def give_back(self, taken: dict[str, str]) -> None:
        """Take note that a worker has ended; the next one gets what it had."""
        if VISIBLE in taken:
            self._n_workers[taken[VISIBLE]] -= 1


def devices_of(experiment: Experiment, settings: Settings) -> tuple[str, ...]:
    """Return the names of the devices that a study's workers share.

    Raises:
        ExperimentError: If some would have no worker.
    """
    names = devices_in(driver_options(Local, settings).gpus)
    if len(names) <= settings.workers:
        return names
    problem = (
        f"gpus must name at most {count(settings.workers, 'device')} for "
        f"{count(settings.workers, 'worker')}, got {', '.join(names)}: each worker "
        "sees one"
    )
    raise ExperimentError.invalid(experiment.name, [problem])
