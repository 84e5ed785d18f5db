"""The driver's doors."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hpbridge.plugin import driver_options, open_hands
from hpbridge_mpi.driver.crew import RankCrew
from hpbridge_mpi.driver.world import world
from hpbridge_mpi.options import MpiOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.plugin import Executor, Experiment, Settings

_HERE, _ANYWHERE = "127.0.0.1:0", "0.0.0.0:0"


def attend() -> int:
    """Return how many ranks run trials; those never come back from here.

    Raises:
        DriverError: If there are none.
    """
    return len(world().lines)


@contextlib.contextmanager
def open_ranks(experiment: Experiment, settings: Settings) -> Iterator[Executor]:
    """Start agents in the other ranks, and let them leave when the context ends.

    Raises:
        DriverError: If there are none.
    """
    ranks = world()
    listen = driver_options(MpiOptions, settings).listen
    at = listen or (_HERE if ranks.is_here else _ANYWHERE)
    with open_hands(experiment, settings, RankCrew(ranks), at=at) as hands:
        yield hands
