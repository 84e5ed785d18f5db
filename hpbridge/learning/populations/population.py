"""Population-based training by asking and telling: a trial is an interval of a member.

Each member trains from its last checkpoint for an interval, and is then compared with
the others as they were at the same step: one of the worst copies one of the best, its
checkpoint and its parameters, and varies these. Everybody else goes on as before.

A member that has ended an interval sooner than the others does not wait for them unless
it is told to (`synch`); it is compared with those that have come as far. With one
worker all have. What is drawn depends on the seed, the member and the interval, and on
nothing else.

Source:
    Jaderberg et al., Population Based Training of Neural Networks, 2017. Quantiles as
    Ray Tune 2.60.0, ``PopulationBasedTraining._quantiles``, which compares a member
    with what is last known of the others, wherever they are.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hpbridge.contract.backend import (
    ExhaustedError,
    NotYetError,
    Optimizer,
    Suggestion,
)
from hpbridge.contract.stage import Stage, plain_budget
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.contract.backend import Outcome
    from hpbridge.space.space import Params, Space


@dataclass(slots=True)
class Segment:
    """An interval of a member: one trial.

    Attributes:
        number: Of its proposal.
        member: Whose it is.
        begin: The step that it trains from.
        end: The step that it trains to.
        parent: What it goes on from; None where it begins.
        score: What it came to, to be maximized; None where it came to nothing, or runs.
        is_explored: Whether its parameters were varied for it.
    """

    number: int
    member: int
    params: Params
    begin: float
    end: float
    parent: Segment | None = None
    score: float | None = None
    is_explored: bool = False


@dataclass(slots=True)
class _Member:
    """One of the population; `done` holds its segments by how many it had ended."""

    done: list[Segment] = field(default_factory=list)
    is_running: bool = False


class Explorer(Protocol):
    """How a member varies the parameters that it copies."""

    def explore(
        self, copied: Segment, rng: random.Random, running: Sequence[Segment]
    ) -> Params:
        """Return the parameters of a member that copies another one.

        Args:
            copied: What it goes on from.
            rng: The source of randomness.
            running: Explored segments that are not known yet.
        """

    def learn(self, segment: Segment) -> None:
        """Hear of a segment that has a score."""


class Population(Optimizer):
    """Proposes the intervals of a population, one a trial.

    Args:
        space: What is searched.
        explorer: How what is copied is varied.
        seed: Of all that is drawn.
        size: How many members there are.
        quantile_fraction: The share of the population that copies, and that is copied.
        interval: How many steps a member trains before it is compared.
        burn_in: How many it trains before that for the first time.
        most: The step at which members have ended; None for never.
        synch: Whether members wait for each other before they are compared.
        notes: What users should know of it.
    """

    def __init__(  # noqa: PLR0913 - options by their names
        self,
        space: Space,
        explorer: Explorer,
        seed: int,
        *,
        size: int,
        quantile_fraction: float,
        interval: float,
        burn_in: float = 0.0,
        most: float | None = None,
        synch: bool = False,
        notes: Sequence[str] = (),
    ) -> None:
        self.notes = list(notes)
        self._space, self._explorer, self._seed = space, explorer, seed
        self._fraction, self._synch = quantile_fraction, synch
        self._interval, self._first = interval, max(interval, burn_in)
        self._most = most
        self._members = [_Member() for _ in range(size)]
        self._running: dict[int, Segment] = {}
        self._n_asked = 0

    def ask(self) -> Suggestion:
        """Propose the next interval of the member that has trained least.

        Raises:
            ExhaustedError: If all members have trained all the way.
            NotYetError: If the next one waits for what runs.
        """
        member = self._whose_turn()
        segment = self._next_of(member)
        self._n_asked += 1
        self._members[member].is_running = True
        self._running[segment.number] = segment
        parent = None if segment.parent is None else segment.parent.number
        stage = Stage(budget=plain_budget(segment.end), parent=parent)
        return Suggestion(segment.number, dict(segment.params), stage=stage)

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Learn what an interval came to."""
        segment = self._running.pop(suggestion.id)
        if outcome.state is State.COMPLETE and outcome.is_feasible:
            segment.score = -outcome.values[0]
            self._explorer.learn(segment)
        member = self._members[segment.member]
        member.done.append(segment)
        member.is_running = False

    def _whose_turn(self) -> int:
        """Return the member that has ended least intervals, and does not run."""
        n_done = [len(member.done) for member in self._members]
        open_ones = [k for k, n in enumerate(n_done) if self._end(n) is not None]
        if not open_ones:
            msg = f"each member has trained to {self._most:g}"
            raise ExhaustedError(msg)
        idle = [k for k in open_ones if not self._members[k].is_running]
        if not idle:
            raise NotYetError
        turn = min(idle, key=lambda k: n_done[k])
        if self._synch and min(n_done) < n_done[turn]:
            raise NotYetError
        return turn

    def _end(self, n_done: int) -> float | None:
        """Return how far a member trains next; None where it has trained all the way.

        The last interval may be shorter.
        """
        begin = self._first + (n_done - 1) * self._interval if n_done else 0.0
        end = self._first + n_done * self._interval
        if self._most is None:
            return end
        if begin >= self._most:
            return None
        return min(end, self._most)

    def _next_of(self, number: int) -> Segment:
        """Return the next interval of a member."""
        done = self._members[number].done
        rng = random.Random(f"hpbridge:{self._seed}:{number}:{len(done)}:member")
        end = self._end(len(done)) or 0.0
        last = done[-1] if done else None
        base, copies = self._base(number, last, rng)
        if base is None:
            params, begin = self._space.sample(rng), 0.0
        else:
            params, begin = base.params, base.end
        if base is not None and copies:
            running = [s for s in self._running.values() if s.is_explored]
            params = self._explorer.explore(base, rng, running)
        return Segment(
            self._n_asked, number, dict(params), begin, end, base, is_explored=copies
        )

    def _base(
        self, number: int, last: Segment | None, rng: random.Random
    ) -> tuple[Segment | None, bool]:
        """Return what a member goes on from, and whether it varies that."""
        if last is None:
            return None, False
        lower, upper = self._quantiles(len(self._members[number].done))
        if upper and (last in lower or last.score is None):
            return rng.choice(upper), True
        if last.score is None:  # and nobody to copy: once more from where it was
            return last.parent, True
        return last, False

    def _quantiles(self, n_done: int) -> tuple[list[Segment], list[Segment]]:
        """Return the worst and the best of those that have ended so many intervals."""
        known = [m.done[n_done - 1] for m in self._members if len(m.done) >= n_done]
        scored = [s for s in known if s.score is not None and not math.isnan(s.score)]
        ranked = sorted(scored, key=lambda segment: segment.score or 0.0)
        if len(ranked) <= 1:
            return [], ranked if len(self._members) > 1 else []
        count = math.ceil(len(ranked) * self._fraction)
        if count > len(ranked) / 2:
            count = len(ranked) // 2
        return ranked[:count], ranked[len(ranked) - count :]
