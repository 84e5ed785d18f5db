"""The driver's door: what can be known before a job is submitted is said here."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

from hpbridge.plugin import DriverError, driver_options, open_hands
from hpbridge_slurm.driver import commands
from hpbridge_slurm.driver.crew import SlurmCrew
from hpbridge_slurm.options import SlurmOptions, minutes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.plugin import Executor, Experiment, Settings


_REFUSED = "Slurm takes no such job"


@contextlib.contextmanager
def open_slurm(experiment: Experiment, settings: Settings) -> Iterator[Executor]:
    """Start agents in Slurm jobs, and end them when the context ends.

    Raises:
        DriverError: If there is no Slurm, or it takes no such job.
    """
    options = driver_options(SlurmOptions, settings)
    _look(options)
    crew = SlurmCrew(experiment.name, options)
    # How long a queue may take is the crew's business, which sees it.
    with open_hands(
        experiment, settings, crew, at=options.listen, patience=None
    ) as hands:
        yield hands


def _look(options: SlurmOptions) -> None:
    """See that there is a Slurm, with such a partition.

    Raises:
        DriverError: If there is none.
    """
    known = commands.partitions()
    wanted = [] if options.partition is None else options.partition.split(",")
    problems = [
        f"there is no partition {each!r}" for each in wanted if each not in known
    ]
    if problems:
        told = ", ".join(f"{name} (up to {limit})" for name, limit in known.items())
        raise DriverError(_REFUSED, problems, f"sinfo has {told}")
    limits = [minutes_of(known[each]) for each in wanted]
    asked = options.time_limit
    if asked is None and any(60 * limit <= options.notice for limit in limits):
        problem = f"all jobs of partition {options.partition} end within "
        problem += f"{options.notice} seconds, of which an agent is to be told before"
        raise DriverError(_REFUSED, [problem], "give a shorter option notice")
    if (
        asked is None
        or not limits
        or minutes_of(asked) <= max(limits, default=math.inf)
    ):
        return
    problem = f"a time limit of {asked} is beyond that of partition {options.partition}"
    hint = f"it takes up to {', '.join(known[each] for each in wanted)}"
    raise DriverError(_REFUSED, [problem], hint)
