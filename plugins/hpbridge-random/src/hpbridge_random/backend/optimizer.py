"""The optimizer: proposes random points, learns nothing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Optimizer, Outcome, Suggestion, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Algorithm, Label, Problem, Space


class RandomOptimizer(Optimizer):
    """Draws every trial by scale, prior and weights."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._rng = random.Random(seed)
        self._n_asked = 0

    def ask(self) -> Suggestion:
        """Draw a point."""
        suggestion = Suggestion(self._n_asked, self._space.sample(self._rng))
        self._n_asked += 1
        return suggestion

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Random search learns nothing."""

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Nothing from others either; what is accepted is ignored like its own."""


def create(
    problem: Problem, algorithm: Algorithm, options: Any, seed: int
) -> RandomOptimizer:
    """Return a fresh optimizer, or refuse the problem."""
    encode(problem, algorithm, options, f"random:{algorithm.name}")  # refuses
    return RandomOptimizer(problem.space, seed)
