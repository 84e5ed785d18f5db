"""What Slurm's own commands say.

Its accounting database, which not every cluster has, is not asked.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.plugin import DriverError

if TYPE_CHECKING:
    from collections.abc import Collection

# Slurm's commands wait for its controller for longer, by themselves.
_PATIENCE_SECONDS = 9.0
_SILENT = "Slurm does not answer"
_ENDED = frozenset({
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL",
    "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Queued:
    """A job as squeue has it.

    Attributes:
        state: In Slurm's words, as in ``PENDING``.
        reason: Why it waits, or ended, in Slurm's words.
        node: Where it runs, if it does.
    """

    state: str
    reason: str
    node: str

    @property
    def has_ended(self) -> bool:
        """Whether it is over, for good."""
        return self.state in _ENDED

    @property
    def waits(self) -> bool:
        """Whether it has not started, or is to start again."""
        return self.state in {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD"}


def partitions() -> dict[str, str]:
    """Return the longest time of each partition, by name.

    Raises:
        DriverError: If there is no Slurm, or it does not answer.
    """
    lines = _run("sinfo", "--noheader", "--format=%R|%l").splitlines()
    return dict(line.strip().split("|", 1) for line in lines if "|" in line)


def queued(jobs: Collection[str]) -> dict[str, Queued] | None:
    """Return what squeue says of jobs; those that it has forgotten are left out.

    Returns:
        None where it does not answer.
    """
    numbers = ",".join(sorted({job.partition("_")[0] for job in jobs}))
    words = "--noheader", "--array", "--states=all", "--format=%i|%T|%r|%N"
    try:
        text = _run("squeue", *words, f"--jobs={numbers}")
    except DriverError as error:
        is_forgotten = any("Invalid job id" in each for each in error.problems)
        return {} if is_forgotten else None
    found = {}
    for line in text.splitlines():
        job, state, reason, node = line.strip().split("|", 3)
        if job in jobs:
            found[job] = Queued(state, reason, node)
    return found


def cancel(jobs: Collection[str]) -> None:
    """Cancel jobs; of those that have ended nothing is said.

    Raises:
        DriverError: If Slurm does not answer.
    """
    if jobs:
        _run("scancel", "--quiet", *jobs)


def _run(command: str, *words: str) -> str:
    try:
        done = subprocess.run(
            [command, *words],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE_SECONDS,
            # A Ctrl-C is the study's business.
            start_new_session=True,
        )
    except FileNotFoundError:
        headline = f"There is no Slurm here: {command} is not on the path"
        hint = "run it where jobs are submitted, a login node perhaps"
        raise DriverError(headline, hint=hint) from None
    except subprocess.TimeoutExpired:
        problem = f"{command} did not end within {_PATIENCE_SECONDS:g} seconds"
        raise DriverError(_SILENT, [problem]) from None
    if done.returncode:
        problem = " ".join(done.stderr.split()) or f"{command} ended with an error"
        raise DriverError(_SILENT, [problem])
    return done.stdout
