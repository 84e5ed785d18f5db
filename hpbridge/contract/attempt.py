"""One attempt at a trial: where it begins, what it is told, what it comes to.

What a process that runs trials has to know, and no more: it is what it waits for
before its first one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from hpbridge.trial import Result, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.checkpoints.place import Place
    from hpbridge.space.parameters import Label

Reports: TypeAlias = tuple[tuple[int, float], ...]
"""Intermediate values (step, value), in the order of reporting."""


class Point(NamedTuple):
    """What a trial is, for whoever runs it: plain data.

    Attributes:
        params: In plain values.
        number: Of the trial in its study.
        seed: Of the trial.
        budget: How far it goes; None for all the way.
    """

    params: Mapping[str, Label]
    number: int
    seed: int
    budget: float | None = None


STOP_AT = "stop_at"
"""In `FinishedTrial.native`: the step at which the trial was to end early, where it did
not end there."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a trial goes on from, and where it saves what it may go on from later.

    Attributes:
        reports: What it had reported; the trial that goes on has them from the start.
        place: The folders; None where nothing is saved beyond the trial's process.
    """

    reports: Reports = ()
    place: Place | None = None


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
