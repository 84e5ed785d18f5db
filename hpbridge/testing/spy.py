"""A guest that keeps what it is asked and told, for the checks of hosts."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import (
    Algorithm,
    BackendSpec,
    ExhaustedError,
    Optimizer,
    Suggestion,
)
from hpbridge.contract.capabilities import YES, Capabilities, Feature, no
from hpbridge.contract.registry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpbridge.contract.backend import Outcome, Problem
    from hpbridge.space.parameters import Label

SPY = "spy"
"""The name of the backend and of its algorithm."""


@dataclass
class Told:
    """What a spy was told of one of its proposals, or of a trial of somebody else's."""

    params: Mapping[str, Label]
    outcome: Outcome
    is_own: bool


@dataclass
class Spy(Optimizer):
    """Random search that keeps what it is asked and told.

    Attributes:
        most: How many points it has.
        asked: Its proposals, in order.
        told: What it was told, in order.
        at_once: The most proposals that it was not told of when it made another one.
    """

    problem: Problem
    seed: int
    most: int | None = None
    asked: list[Mapping[str, Label]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    at_once: int = 0

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._open: set[int] = set()

    def ask(self) -> Suggestion:
        """Draw a point."""
        if len(self.asked) == self.most:
            msg = f"it had {self.most} points"
            raise ExhaustedError(msg)
        self.at_once = max(self.at_once, len(self._open))
        suggestion = Suggestion(len(self.asked), self.problem.space.sample(self._rng))
        self.asked.append(dict(suggestion.params))
        self._open.add(suggestion.id)
        return suggestion

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Keep it."""
        self._open.remove(suggestion.id)
        self.told.append(Told(dict(suggestion.params), outcome, is_own=True))

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Keep it."""
        self.told.append(Told(dict(params), outcome, is_own=False))


@contextlib.contextmanager
def spied(lacks: Feature | None = None, most: int | None = None) -> Iterator[list[Spy]]:
    """Offer a spy as a backend.

    Args:
        lacks: What it cannot do.
        most: How many points it has.

    Yields:
        Those that were made and asked; complete when the host is done.
    """
    made: list[Spy] = []
    can = dict.fromkeys(Feature, YES)
    if lacks is not None:
        can[lacks] = no("it is a spy that cannot")
    algorithm = Algorithm(
        name=SPY,
        summary="Keeps what it is told.",
        capabilities=Capabilities(can),
        native_call="",
    )

    def create(problem: Problem, _algorithm: Any, _options: Any, seed: int) -> Spy:
        made.append(Spy(problem, seed, most))
        return made[-1]

    spec = BackendSpec(
        name=SPY,
        summary="Keeps what it is told.",
        requires=(),
        algorithms={SPY: algorithm},
        create=create,
    )
    backends = registry().backends
    backends[SPY] = spec
    try:
        yield made
    finally:
        del backends[SPY]
