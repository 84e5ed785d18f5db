"""Brackets of successive halving while they run: who is at which rung, and who goes on.

Synchronous: who goes on from a rung is known when all there have ended. Meanwhile the
next bracket begins, so that nobody waits. With one trial at a time, that never happens.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.contract.stage import Stage
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.contract.backend import Outcome
    from hpbridge.contract.rungs import Rung, Schedule
    from hpbridge.space.parameters import Label

Rank = tuple[float, float]
"""How good a trial is, less is better: by how much it is infeasible, and its value."""


def rank_of(outcome: Outcome) -> Rank | None:
    """Return how good a trial is; None where it cannot go on: it failed, say."""
    if outcome.state is not State.COMPLETE:
        return None
    beyond = sum(max(value, 0.0) for value in outcome.constraints)
    return beyond, outcome.values[0]


@dataclass(slots=True)
class Place:
    """A trial in a bracket."""

    number: int
    params: Mapping[str, Label]
    stage: Stage
    rank: Rank | None = None
    has_ended: bool = False


class _Bracket:
    """One bracket: who is at each rung, and who is to go on."""

    def __init__(self, rungs: Sequence[Rung]) -> None:
        self.rungs = rungs
        self.places: list[list[Place]] = [[] for _ in rungs]
        # How many each rung will have; None until that is known.
        self.sizes: list[int | None] = [rungs[0].size, *[None] * (len(rungs) - 1)]
        self.due: deque[Place] = deque()

    @property
    def has_room(self) -> bool:
        return len(self.places[0]) < (self.sizes[0] or 0)

    @property
    def is_over(self) -> bool:
        """Whether nobody is to go on here, now or later."""
        size = self.sizes[-1]
        is_done = size is not None and len(self.places[-1]) >= size
        return not self.due and (is_done or 0 in self.sizes)

    def close(self) -> None:
        """Take note that no further configuration comes."""
        self.sizes[0] = len(self.places[0])
        self.halve(0)

    def halve(self, rung: int) -> None:
        """Let the best of a rung go on, once all there have ended."""
        here = self.places[rung]
        if rung + 1 == len(self.rungs) or self.sizes[rung + 1] is not None:
            return
        if len(here) != self.sizes[rung] or not all(p.has_ended for p in here):
            return
        able = sorted((p.rank, p.number, p) for p in here if p.rank is not None)
        best = [place for _, _, place in able[: self._n_next(rung)]]
        self.sizes[rung + 1] = len(best)
        self.due += best

    def _n_next(self, rung: int) -> int:
        """Return how many of a rung go on: the same share, where it has fewer."""
        size, following = self.rungs[rung].size, self.rungs[rung + 1].size
        n_here = len(self.places[rung])
        return following if n_here >= size else max(n_here * following // size, 1)


class Brackets:
    """The brackets of a study.

    Args:
        schedule: Of each round.

    Attributes:
        is_closed: Whether no further configuration comes: what there is goes on.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule, self.is_closed = schedule, False
        self._brackets: list[_Bracket] = []
        # Brackets before these have nobody to go on any more, and no room.
        self._first_due = self._first_free = 0
        self._places: dict[int, Place] = {}
        self._n_open = 0

    def close(self) -> None:
        """Take note that no further configuration comes."""
        self.is_closed = True
        for bracket in self._brackets:
            bracket.close()

    @property
    def is_open(self) -> bool:
        """Whether a trial runs that others may follow."""
        return self._n_open > 0

    def promoted(self) -> Place | None:
        """Return the next trial that is to go on, of the first bracket that has one."""
        brackets = self._brackets
        while self._first_due < len(brackets) and brackets[self._first_due].is_over:
            self._first_due += 1
        later = itertools.islice(brackets, self._first_due, None)
        return next((b.due[0] for b in later if b.due), None)

    def stage_after(self, place: Place) -> Stage:
        """Return the stage at which a trial goes on."""
        bracket, rung = _where(place.stage)
        budget = self.schedule.bracket(bracket)[rung + 1].budget
        return Stage(budget, bracket, rung + 1, place.number)

    def first_stage(self) -> Stage:
        """Return the stage of a new configuration, in the first bracket with room."""
        # A bracket that is full stays so.
        bracket = self._first_free
        while bracket < len(self._brackets) and not self._brackets[bracket].has_room:
            bracket += 1
        self._first_free = bracket
        return Stage(self.schedule.bracket(bracket)[0].budget, bracket, 0)

    def add(self, number: int, params: Mapping[str, Label], stage: Stage) -> None:
        """Take a trial that begins; one that is in no bracket is not counted."""
        if stage.bracket is None or stage.rung is None:
            return
        while len(self._brackets) <= stage.bracket:
            rungs = self.schedule.bracket(len(self._brackets))
            self._brackets.append(_Bracket(rungs))
        place = self._places[number] = Place(number, params, stage)
        bracket = self._brackets[stage.bracket]
        bracket.places[stage.rung].append(place)
        left = [each for each in bracket.due if each.number != stage.parent]
        bracket.due = deque(left)
        self._n_open += 1

    def end(self, number: int, outcome: Outcome) -> None:
        """Take what a trial came to; find out who goes on."""
        place = self._places.get(number)
        if place is None or place.has_ended:
            return
        self._n_open -= 1
        place.rank, place.has_ended = rank_of(outcome), True
        bracket, rung = _where(place.stage)
        self._brackets[bracket].halve(rung)


def _where(stage: Stage) -> tuple[int, int]:
    assert stage.bracket is not None
    assert stage.rung is not None
    return stage.bracket, stage.rung
