"""Asynchronous successive halving as its paper has it: trials pause, and go on."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from hpbridge.contract.attempt import Reply
from hpbridge.contract.promoting import Promotions
from hpbridge.contract.pruning import Pruner
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.contract.attempt import Reports
    from hpbridge.contract.pruning import Curve


class Rungs:
    """Where trials pause: at ``first * factor ** k`` steps.

    Args:
        first: Steps of the lowest rung.
        factor: From one rung to the next.
    """

    def __init__(self, first: int, factor: float) -> None:
        self.first, self.factor = first, factor

    def steps(self, rung: int) -> int:
        """Return how many steps a rung is at: whole ones, so the next that there is."""
        return math.ceil(self.first * self.factor**rung)

    def reached(self, step: int) -> int:
        """Return the highest rung at or below a step; -1 for none."""
        rung = -1
        while self.steps(rung + 1) <= step:
            rung += 1
        return rung


class PromotionPruner(Pruner):
    """Pauses a trial at each rung; `HalvingPromotions` says which trials go on.

    Args:
        maximizes: As of `Pruner`.
        rungs: Where trials pause.
        max_resource: Steps from which on a trial is not paused any more; None for the
            steps of complete trials: until there is one, all are paused at every rung.

    Source:
        Li et al., "A System for Massively Parallel Hyperparameter Tuning" (2020,
        arXiv 1810.05934), algorithm 2.
    """

    notes_running = False

    def __init__(
        self, *, maximizes: bool, rungs: Rungs, max_resource: int | None = None
    ) -> None:
        super().__init__(maximizes=maximizes)
        self.rungs, self.max_resource = rungs, max_resource
        self._most_steps = -1
        self._beyond: dict[int, int] = {}

    def report(self, trial: int, step: int, value: float) -> Reply:
        """Take a report of a running trial, and answer it."""
        reply = super().report(trial, step, value)
        return Reply.PAUSE if reply is Reply.STOP else reply

    def is_to_end(self, trial: int, curve: Curve) -> bool:
        """Say whether a trial is to pause, whose last report has just come in."""
        rung = self.rungs.reached(curve.last)
        if rung < 0 or self.rungs.steps(rung) <= self._beyond.get(trial, -1):
            return False
        most = self.max_resource
        most = self._most_steps if most is None else most
        return most < 0 or self.rungs.steps(rung) < most

    def promote(self, trial: int, step: int) -> None:
        """Let a paused trial go on beyond a step."""
        self._beyond[trial] = step

    def promotions(self) -> Promotions:
        """Return what says which of the paused trials go on."""
        return HalvingPromotions(maximizes=self.maximizes, rungs=self.rungs)

    def learn(
        self,
        trial: int,
        curve: Curve,
        state: State,
        value: float | None,  # noqa: ARG002
    ) -> None:
        """Take a trial that has ended."""
        self._beyond.pop(trial, None)
        if state is State.COMPLETE:
            self._most_steps = max(self._most_steps, curve.last)


_Rank = tuple[bool, float, int]
"""Whether its value is no number, how good it is, less is better, and its number."""


class HalvingPromotions(Promotions):
    """Lets a paused trial go on that is in the top ``1 / factor`` of its rung.

    The highest rung comes first, and in it the best trial. Equal values rank by number,
    and what is no number behind all others. A trial counts at each rung with the first
    value that it reported there or beyond. When no new trial may begin and none runs,
    the best of a rung goes on even where there are fewer than `factor`, so that some
    trial of the study comes to its end; one that failed is then out of the way.

    Args:
        maximizes: Whether greater values are better.
        rungs: Where trials pause.
    """

    def __init__(self, *, maximizes: bool, rungs: Rungs) -> None:
        self._sign = -1.0 if maximizes else 1.0
        self._rungs = rungs
        self._ranked: list[list[_Rank]] = []
        # Of each rung, those that have paused there, the best first; gone ones too.
        self._waiting: list[list[_Rank]] = []
        self._n_reached: dict[int, int] = {}
        self._paused: dict[int, int] = {}
        self._failed: set[int] = set()

    def pause(self, trial: int, reports: Reports) -> None:
        """Take a trial that has paused, with all that it has reported."""
        rung = self._paused[trial] = self._reach(trial, reports)
        if rung >= 0:
            rank = self._rank_of(trial, rung, reports)
            heapq.heappush(self._waiting[rung], rank)

    def end(self, trial: int, reports: Reports, state: State) -> None:
        """Take a trial that has ended."""
        self._paused.pop(trial, None)
        self._reach(trial, reports)
        if state is State.FAILED:
            self._failed.add(trial)

    def _reach(self, trial: int, reports: Reports) -> int:
        """Rank a trial at the rungs that it has reached; return the highest one."""
        highest = self._rungs.reached(max((step for step, _ in reports), default=-1))
        for rung in range(self._n_reached.get(trial, 0), highest + 1):
            while len(self._ranked) <= rung:
                self._ranked.append([])
                self._waiting.append([])
            insort(self._ranked[rung], self._rank_of(trial, rung, reports))
            self._n_reached[trial] = rung + 1
        return self._n_reached.get(trial, 0) - 1

    def _rank_of(self, trial: int, rung: int, reports: Reports) -> _Rank:
        steps = self._rungs.steps(rung)
        value = next(value for step, value in reports if step >= steps)
        is_none = math.isnan(value)
        return is_none, 0.0 if is_none else self._sign * value, trial

    def choose(self, *, is_last: bool) -> int | None:
        """Return the paused trial that goes on now, which is paused no more."""
        for rung in reversed(range(len(self._ranked))):
            best = self._best_waiting(rung)
            if best is None or best[0]:  # what is no number stays behind all others
                continue
            if self._is_among(best, rung, is_last=is_last):
                heapq.heappop(self._waiting[rung])
                del self._paused[best[-1]]
                return best[-1]
        return None

    def _best_waiting(self, rung: int) -> _Rank | None:
        """Return the best of those that are paused at a rung."""
        waiting = self._waiting[rung]
        while waiting and self._paused.get(waiting[0][-1]) != rung:
            heapq.heappop(waiting)
        return waiting[0] if waiting else None

    def _is_among(self, rank: _Rank, rung: int, *, is_last: bool) -> bool:
        """Say whether a rank is among those of its rung that go on."""
        ranked = self._ranked[rung]
        count = int(len(ranked) / self._rungs.factor)
        if is_last and not count:
            # Fewer than the factor: few.
            able = (each for each in ranked if each[-1] not in self._failed)
            return next(able, None) == rank
        return bisect_left(ranked, rank) < count
