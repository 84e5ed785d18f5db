"""How jobs of Slurm are submitted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hpbridge.plugin import Resources, read_resources

_TIME = re.compile(r"(?:\d+-)?\d+(?::\d+){0,2}")
_LINE = re.compile(r"(?:--)?([a-z][a-z-]*)(?:=(.*))?", re.DOTALL)
_OURS = {
    "array": "workers",
    "cpus-per-task": "resources",
    "error": "folder",
    "job-name": "job_name",
    "mem": "resources",
    "output": "folder",
    "requeue": "requeue",
    "no-requeue": "requeue",
    "signal": "notice",
    "time": "time_limit",
    **{name: name for name in ("partition", "account", "qos", "constraint")},
}


@dataclass(frozen=True)
class SlurmOptions:
    """How jobs of Slurm are submitted, by the names that sbatch has for it.

    Attributes:
        partition: Or several, separated by commas; Slurm's default where None.
        time_limit: As ``--time`` takes it: minutes, ``2:00:00``, ``1-12:00``.
        resources: Of an agent, as in ``cpu=2,gpu=1,memory=4GiB``; other names are
            generic resources (``--gres``).
        account: That is charged.
        qos: Quality of service.
        constraint: Features that a node must have.
        sbatch: Further options of sbatch, as in ``["--exclusive", "--nice=10"]``.
        setup: Lines of shell before the agent starts, as in ``["module load cuda"]``.
        python: The interpreter on the nodes; this one where None.
        folder: For the jobs' logs; all nodes must share it.
        listen: Where agents come to; port 0 is any that is free.
        per_trial: Whether each trial has a job of its own.
        requeue: Whether Slurm runs a job again that was preempted or lost its node.
        notice: Seconds before the time limit at which an agent gives its trial back.
        patience: Seconds in which a job must start; None for any number.
        poll: Seconds between two looks at the queue.
        job_name: As squeue shows it.
    """

    partition: str | None = None
    time_limit: str | None = None
    resources: str = ""
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    sbatch: tuple[str, ...] | str = ()
    setup: tuple[str, ...] | str = ()
    python: str | None = None
    folder: str = "hpbridge-slurm"
    listen: str = "0.0.0.0:0"
    per_trial: bool = False
    requeue: bool = True
    notice: int = 60
    patience: float | None = 3600.0
    poll: float = 5.0
    job_name: str = "hpbridge"

    def __post_init__(self) -> None:
        """Say all that is wrong.

        Raises:
            ValueError: If anything is.
        """
        problems = [*self._of_resources(), *self._of_sbatch()]
        if self.time_limit is not None and not _TIME.fullmatch(self.time_limit):
            problems.append(
                f"'time_limit' must be minutes, H:MM:SS or D-HH:MM, got "
                f"{self.time_limit!r}"
            )
        elif self.time_limit is not None and 60 * minutes_of(self.time_limit) <= (
            self.notice
        ):
            problems.append(
                f"'notice' must be shorter than the time limit of {self.time_limit}, "
                f"got {self.notice} seconds"
            )
        if self.notice < 1:
            problems.append(f"'notice' must be at least 1, got {self.notice}")
        if self.patience is not None and not self.patience > 0:
            problems.append(f"'patience' must be above 0, got {self.patience:g}")
        if not self.poll > 0:
            problems.append(f"'poll' must be above 0, got {self.poll:g}")
        if problems:
            raise ValueError("; ".join(problems))

    def _of_resources(self) -> list[str]:
        try:
            found = read_resources(self.resources)
        except ValueError as error:
            return [f"'resources': {error}"]
        amounts = {"cpu": found.cpus, "gpu": found.gpus, **found.custom}
        return [
            f"'resources': {name} must be a whole number for Slurm, got {amount:g}"
            for name, amount in amounts.items()
            if amount != int(amount)
        ]

    def _of_sbatch(self) -> list[str]:
        problems = []
        for line in words_of(self.sbatch):
            found = _LINE.fullmatch(line)
            if found is None:
                problems.append(f"'sbatch' takes --NAME or --NAME=VALUE, got {line!r}")
            elif found[1] in _OURS:
                option = _OURS[found[1]]
                problems.append(f"'sbatch': --{found[1]} is the option {option!r}")
        return problems

    @property
    def needed(self) -> Resources | None:
        """What an agent is given; None for what Slurm gives by itself."""
        return read_resources(self.resources) if self.resources else None

    @property
    def flags(self) -> dict[str, str | bool]:
        """Further options of sbatch, by name."""
        flags: dict[str, str | bool] = {}
        for line in words_of(self.sbatch):
            name, is_valued, value = line.removeprefix("--").partition("=")
            flags[name] = value if is_valued else True
        return flags


def words_of(given: tuple[str, ...] | str) -> tuple[str, ...]:
    """Return the lines of an option that takes one or several."""
    return (given,) if isinstance(given, str) else given


def minutes_of(time: str) -> float:
    """Return a time limit in Slurm's notation in minutes; infinite for UNLIMITED.

    Example:
        >>> minutes_of("90"), minutes_of("1:30"), minutes_of("2:00:00")
        (90.0, 1.5, 120.0)
        >>> minutes_of("1-12"), minutes_of("1-00:30"), minutes_of("infinite")
        (2160.0, 1470.0, inf)
    """
    if not _TIME.fullmatch(time):
        return float("inf")
    days, has_days, rest = time.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    if has_days:  # hours, minutes, seconds
        hours, minutes, seconds = (*parts, 0, 0)[:3]
    elif len(parts) == 1:
        hours, minutes, seconds = 0, parts[0], 0
    else:
        hours, minutes, seconds = [0, *parts] if len(parts) == 2 else parts  # noqa: PLR2004
    return int(days or 0) * 1440 + hours * 60 + minutes + seconds / 60
