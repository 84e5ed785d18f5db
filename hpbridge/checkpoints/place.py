"""Where a trial saves, and what it goes on from: plain data, sent with each job."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where one attempt at a trial saves.

    Attributes:
        folder: Of all checkpoints of the study.
        trial: Its number.
        attempt: Which one it is, from 1.
        maximizes: Whether greater values of the first metric are better.
        starts: The folders of checkpoints to go on from: the first that is whole.
    """

    folder: str
    trial: int
    attempt: int = 1
    maximizes: bool = False
    starts: tuple[str, ...] = ()
