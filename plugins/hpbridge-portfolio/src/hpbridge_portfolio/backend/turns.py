"""Whose turn it is: the ways in which members share the trials."""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections import deque
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import State
from hpbridge_portfolio.options import EliminationOptions, GumbelOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.plugin import Outcome


class Turns(ABC):
    """Says which member is asked next.

    Args:
        n_members: How many there are.
    """

    def __init__(self, n_members: int) -> None:
        self.n_asked = [0] * n_members

    @abstractmethod
    def next(self, able: Sequence[int]) -> int:
        """Return one of the members that have something left to propose."""

    @abstractmethod
    def told(self, member: int | None, outcome: Outcome) -> None:
        """Hear of a trial that has ended.

        Args:
            member: Who proposed it; None where it was none of them.
            outcome: What became of it.
        """

    def fewest(self, able: Sequence[int]) -> int:
        """Return the member that was asked for the fewest trials; of equals, the first.

        That is each in turn, where none has ended.
        """
        return min(able, key=lambda k: self.n_asked[k])


class Equal(Turns):
    """Each in turn.

    Source:
        Liu, Tunguz, Titericz (RAPIDS): "GPU Accelerated Exhaustive Search for Optimal
        Ensemble of Black-Box Optimization Algorithms", arXiv:2012.04201, 2020: of each
        batch, two optimizers propose a half each, and both are told of all.
    """

    def next(self, able: Sequence[int]) -> int:
        return self.fewest(able)

    def told(self, member: int | None, outcome: Outcome) -> None:
        """Nothing depends on it."""


class Elimination(Turns):
    """Each in turn until each has had its trials, then the best alone.

    The best is the member the better half of whose trials has the best mean rank among
    all trials so far: its worst ones are the price of exploring.

    Source:
        ``ConfPortfolio`` of Nevergrad 1.0.12, which compares the best values instead,
        and counts the warm-up as a share of the budget. Here it is a number of trials:
        a study that is made longer later goes on as it was.
    """

    def __init__(self, n_members: int, n_warmup_trials: int) -> None:
        super().__init__(n_members)
        self._n_warmup = n_warmup_trials
        self._scores: list[tuple[int | None, Score]] = []
        self._n_told = [0] * n_members
        self._order: list[int] = []

    def told(self, member: int | None, outcome: Outcome) -> None:
        if self._order:
            return
        self._scores.append((member, score_of(outcome)))
        if member is not None:
            self._n_told[member] += 1

    def next(self, able: Sequence[int]) -> int:
        if not self._order:
            if any(self._n_told[k] < self._n_warmup for k in able):
                return self.fewest(able)
            self._order = self._ranked()
            self._scores.clear()
        return min(able, key=self._order.index)

    def _ranked(self) -> list[int]:
        """Return the members, the best first; of equals, the first."""
        scores = [score for _, score in self._scores]
        ranks: list[list[float]] = [[] for _ in self.n_asked]
        for (member, _), rank in zip(self._scores, ranks_of(scores), strict=True):
            if member is not None:
                ranks[member].append(rank)
        means = []
        for own in ranks:
            best = sorted(own)[: math.ceil(len(own) / 2)]
            means.append(sum(best) / len(best) if best else math.inf)
        return sorted(range(len(means)), key=means.__getitem__)


class Gumbel(Turns):
    """A bandit: the member with the greatest mean reward plus Gumbel noise.

    A trial's reward is the share of the latest trials that it beats. The noise of a
    member falls with the root of its trials. While a member has no trial that has
    ended, the one that was asked least is next.

    Source:
        Cesa-Bianchi, Gentile, Lugosi, Neu: "Boltzmann Exploration Done Right", NeurIPS
        2017, algorithm 1, whose constant is `exploration`. That ranks stand for values
        is of the AUC bandit of Fialho et al. (2010), as in OpenTuner.
    """

    def __init__(
        self, n_members: int, window: int, exploration: float, seed: int
    ) -> None:
        super().__init__(n_members)
        self._exploration = exploration
        self._rng = random.Random(f"hpbridge:{seed}:gumbel")
        self._latest: deque[Score] = deque(maxlen=window)
        self._rewards: list[deque[float]] = [
            deque(maxlen=window) for _ in range(n_members)
        ]

    def told(self, member: int | None, outcome: Outcome) -> None:
        score = score_of(outcome)
        if member is not None and self._latest:
            self._rewards[member].append(share_beaten(score, self._latest))
        self._latest.append(score)

    def next(self, able: Sequence[int]) -> int:
        if any(not self._rewards[k] for k in able):
            return self.fewest(able)
        return max(able, key=self._drawn)

    def _drawn(self, member: int) -> float:
        rewards = self._rewards[member]
        mean = sum(rewards) / len(rewards)
        noise = -math.log(-math.log(self._rng.random() or 0.5))
        return mean + self._exploration * noise / math.sqrt(self.n_asked[member])


Score = tuple[tuple[bool, float], tuple[float, ...]]
"""Whether a trial is lost, by how much it is beyond its bounds, and its values; all to
be minimized."""

_LOST: Score = ((True, 0.0), ())


def score_of(outcome: Outcome) -> Score:
    """Return by what a trial is compared: the feasible ones first, the failed last."""
    if outcome.state is not State.COMPLETE:
        return _LOST
    beyond = sum(max(value, 0.0) for value in outcome.constraints)
    return (False, beyond), outcome.values


def share_beaten(score: Score, others: Sequence[Score] | deque[Score]) -> float:
    """Return the share of some trials that one beats, those that it ties as halves."""
    if len(score[1]) > 1:
        won = sum(beats(score, other) - beats(other, score) for other in others)
    else:  # all are in one order
        won = sum(score < each for each in others)
        won -= sum(each < score for each in others)
    return 0.5 + won / (2 * len(others))


def ranks_of(scores: Sequence[Score]) -> list[float]:
    """Return the share of trials by which each of them is beaten; ties are halves."""
    if any(len(values) > 1 for _, values in scores):  # no order of all
        return [1 - share_beaten(score, scores) for score in scores]
    ordered = sorted(scores)
    return [
        (bisect_left(ordered, each) + bisect_right(ordered, each)) / (2 * len(ordered))
        for each in scores
    ]


def beats(one: Score, other: Score) -> bool:
    """Say whether a trial is better: feasible, or nearer to it, or dominating."""
    if one[0] != other[0]:
        return one[0] < other[0]
    if one[1] == other[1]:
        return False
    return all(a <= b for a, b in zip(one[1], other[1], strict=True))


def turns_of(options: Any, n_members: int, seed: int) -> Turns:
    """Return the way that some options are of."""
    if isinstance(options, EliminationOptions):
        return Elimination(n_members, options.n_warmup_trials)
    if isinstance(options, GumbelOptions):
        return Gumbel(n_members, options.window, options.exploration, seed)
    return Equal(n_members)
