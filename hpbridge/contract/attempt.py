"""One attempt at a trial: where it begins, what it is told, what it comes to.

What a process that runs trials has to know, and no more: it is what it waits for
before its first one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from hpbridge.trial import Result, State

Reports: TypeAlias = tuple[tuple[int, float], ...]
"""Intermediate values (step, value), in the order of reporting."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a paused trial goes on from.

    Attributes:
        reports: What it had reported; the trial that goes on has them from the start.
        data: What the trial itself saved: plain data, or a reference to it.
    """

    reports: Reports = ()
    data: Any = None


class Reply(Enum):
    """What a running trial is told when it has reported.

    A trial obeys by ending soon: `Trial.should_prune` is true from then on.
    """

    GO_ON = 0
    STOP = 1
    """End, for good."""
    PAUSE = 2
    """End for now; the job says `Paused`, and another one may go on from there."""


@dataclass(slots=True)
class Run:
    """What running a trial came to, with the times that only its place knows.

    Attributes:
        started_at: Unix time, seconds.
        worker: Who ran it: ``main``, or a process by id.
        attempts: How often it was run; the loop counts them.
    """

    result: Result
    started_at: float
    run_seconds: float
    worker: str = "main"
    attempts: int = 1


def failed(
    error: str,
    started_at: float,
    *,
    run_seconds: float = 0.0,
    worker: str = "main",
    reports: Reports = (),
) -> Run:
    """Return the run of a trial that ended from outside: died, or took too long."""
    result = Result(State.FAILED, reports=reports, error=error)
    return Run(result, started_at, run_seconds, worker)
