"""Budgets that are chosen by halving: brackets of rungs, as a pruner lays them out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rung:
    """So many configurations, each with a budget."""

    size: int
    budget: float


@dataclass(frozen=True)
class Schedule:
    """The brackets of one round; another round like it follows.

    Attributes:
        brackets: In order, the rungs of each from the smallest budget to the largest.
            The best of a rung go on to the next one.
    """

    brackets: tuple[tuple[Rung, ...], ...]

    def bracket(self, place: int) -> tuple[Rung, ...]:
        """Return the rungs of a bracket, counted over all rounds."""
        return self.brackets[place % len(self.brackets)]

    @property
    def n_trials(self) -> int:
        """How many trials a round has."""
        return sum(rung.size for bracket in self.brackets for rung in bracket)

    @property
    def least(self) -> float:
        """The smallest budget."""
        return min(rung.budget for bracket in self.brackets for rung in bracket)

    @property
    def most(self) -> float:
        """The largest budget."""
        return max(rung.budget for bracket in self.brackets for rung in bracket)

    def cost(self, *, goes_on: bool) -> float:
        """Return the sum of what the trials of a round take.

        Args:
            goes_on: Whether promoted trials go on from a checkpoint, so that they take
                only what is new.
        """
        total = 0.0
        for bracket in self.brackets:
            before = 0.0
            for rung in bracket:
                total += rung.size * (rung.budget - before)
                before = rung.budget if goes_on else 0.0
        return total
