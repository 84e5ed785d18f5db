"""What can be chosen where trials run on Dask."""

from __future__ import annotations

from dataclasses import dataclass

from hpbridge.plugin import read_resources


@dataclass(frozen=True)
class DaskOptions:
    """The options of the driver ``dask``."""

    address: str | None = None
    """Of the scheduler. None for ``DASK_SCHEDULER_ADDRESS``, and where that is not set
    for a cluster of its own on this machine, with as many workers as the study has."""

    scheduler_file: str | None = None
    """The file that the scheduler was told to write, in place of its address."""

    resources: str | None = None
    """What each trial takes of what Dask's workers were started with, as in
    ``gpu=1,memory=4GiB,license=1``. A processor each is theirs anyway."""

    listen: str | None = None
    """``HOST`` or ``HOST:PORT`` of this machine at which Dask's workers reach it. None
    for any port at the address from which this machine reaches them."""

    patience: float = 60.0
    """Seconds in which a worker must have come; more where a cluster has to grow."""

    def __post_init__(self) -> None:
        problems = []
        if self.address is not None and self.scheduler_file is not None:
            problems.append("'address' and 'scheduler_file' say the same: give one")
        if self.patience <= 0:
            problems.append(f"'patience' must be more than 0, got {self.patience:g}")
        try:
            self.wanted()
        except ValueError as error:
            problems.append(f"'resources': {error}")
        if problems:
            raise ValueError("; ".join(problems))

    def wanted(self) -> dict[str, float]:
        """Return what a trial takes beside a processor, by names in lower case.

        Raises:
            ValueError: If it is not said as a list of names and amounts.
        """
        if self.resources is None:
            return {}
        read = read_resources(self.resources)
        found: dict[str, float] = dict(read.custom)
        if read.cpus != 1:
            found["cpu"] = read.cpus
        if read.gpus:
            found["gpu"] = read.gpus
        if read.memory is not None:
            found["memory"] = float(read.memory)
        return found
