"""How far a trial goes, and what it goes on from, where its optimizer chooses that."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """The part of a training that one trial is.

    A configuration that is promoted to a larger budget is a trial each time, and so is
    each step of a member of a population: the trials of one training are a chain.

    Attributes:
        budget: How far it goes in all, in the unit of the experiment's budget: what
            its parents did counts. None where the experiment has none.
        bracket: The bracket that it is of, from 0.
        rung: How often its configuration was promoted in its bracket.
        parent: The number of the trial whose last checkpoint it goes on from; None
            where it begins.
    """

    budget: float | None = None
    bracket: int | None = None
    rung: int | None = None
    parent: int | None = None


def plain_budget(number: float) -> float:
    """Return a budget as it is recorded and shown: whole where it is a whole number.

    Example:
        >>> plain_budget(81.0), plain_budget(0.5)
        (81, 0.5)
    """
    return int(number) if float(number).is_integer() else float(number)
