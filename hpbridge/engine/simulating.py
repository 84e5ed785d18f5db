"""Open the driver `simulated`: virtual time, and what is replayed in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hpbridge.contract.execution import driver_options
from hpbridge.contract.offered_drivers import Simulated as Options
from hpbridge.drivers.simulated import Simulated
from hpbridge.drivers.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.drivers.replayed import Replay
    from hpbridge.experiment import Experiment
    from hpbridge.store.settings import Settings

_TIME = {
    "counted": "the time of optimizer and record is counted",
    "free": "optimizer and record take no time",
}


@contextmanager
def open_simulated(experiment: Experiment, settings: Settings) -> Iterator[Simulated]:
    """Run trials in virtual time, as many at once as the settings say.

    Raises:
        StudyNotFoundError: If there is no study to replay.
    """
    options = driver_options(Options, settings)
    slots = max(min(settings.workers, settings.n_trials), 1)
    said = f"times are virtual, of {settings.workers} workers on the driver 'simulated'"
    said += f"; {_TIME[options.optimizer_time]}"
    replay = _replay_of(experiment, options)
    if replay is not None:
        said += f"; trials are those of study {options.replay!r}, by {options.match}"
    clock = VirtualClock(counts=options.optimizer_time == "counted", said=said)
    played = None if replay is None else replay.experiment_of
    simulated = Simulated(slots, clock, played)
    try:
        yield simulated
    finally:
        simulated.close()


def _replay_of(experiment: Experiment, options: Options) -> Replay | None:
    if options.replay is None:
        return None
    from hpbridge.drivers.replayed import Replay
    from hpbridge.formats.studies import find_study

    study = find_study(options.replay, options.replay_store, experiment.space)
    return Replay(study, by_number=options.match == "number")
