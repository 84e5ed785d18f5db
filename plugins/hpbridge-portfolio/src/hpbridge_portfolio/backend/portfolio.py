"""One optimizer of several, whose trials all of them learn from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from hpbridge.plugin import (
    ExhaustedError,
    ForeignHistoryError,
    HpbridgeError,
    Optimizer,
    OptimizerError,
    Suggestion,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.plugin import Label, Outcome, Space
    from hpbridge_portfolio.backend.turns import Turns

T = TypeVar("T")

MOST_FORBIDDEN = 5
"""How many forbidden points in a row a member may propose before its turn is over."""


class Portfolio(Optimizer):
    """Members that are asked by turns and learn from all trials.

    Of a trial, the member that proposed it is told, and the others observe it. What one
    of them cannot learn from is said once. A member that has nothing left to propose
    leaves its trials to the others, and goes on learning.

    Args:
        space: What all of them search.
        members: Fresh, by name, in order.
        turns: Who is asked next.
    """

    def __init__(
        self, space: Space, members: Mapping[str, Optimizer], turns: Turns
    ) -> None:
        self._forbids = space.forbids if space.is_restricted else None
        self._names, self._members = list(members), list(members.values())
        self._turns = turns
        self._able = list(range(len(self._members)))
        self._n_asked = self._n_forbidden = 0
        self._asked: dict[int, tuple[int, Suggestion]] = {}
        self._own_notes: list[str] = []
        self._ends: list[str] = []

    @property
    def notes(self) -> Sequence[str]:  # type: ignore[override]
        """What the members say of themselves, each by name, and what they miss."""
        said = [
            text if text.startswith(name) else f"{name}: {text}"
            for name, member in zip(self._names, self._members, strict=True)
            for text in member.notes
        ]
        return [*said, *self._own_notes] if said else self._own_notes

    def ask(self) -> Suggestion:
        """Ask the member whose turn it is.

        Raises:
            ExhaustedError: If no member has anything left to propose.
        """
        while self._able:
            place = self._turns.next(self._able)
            try:
                proposed = self._by(place, "to propose", self._members[place].ask)
            except ExhaustedError as end:
                self._end(place, str(end))
                continue
            self._count(place, proposed)
            self._n_asked += 1
            self._asked[self._n_asked] = place, proposed
            name = self._names[place]
            return Suggestion(self._n_asked, proposed.params, member=name)
        raise ExhaustedError("; ".join(dict.fromkeys(self._ends)))

    def _end(self, place: int, why: str) -> None:
        self._able.remove(place)
        self._ends.append(why)
        if self._able:
            self._own_notes.append(
                f"{self._names[place]} has nothing left to propose: its trials go to "
                f"the others ({why})"
            )

    def _count(self, place: int, proposed: Suggestion) -> None:
        """Count a turn; a forbidden point is none, unless there are too many."""
        if self._forbids is not None and self._forbids(proposed.params):
            self._n_forbidden += 1
            if self._n_forbidden < MOST_FORBIDDEN:
                return
        self._n_forbidden = 0
        self._turns.n_asked[place] += 1

    def _by(self, place: int, doing: str, call: Callable[[], T]) -> T:
        """Return what a member returns; say who it is where its library raises.

        Raises:
            OptimizerError: If the library fails.
        """
        try:
            return call()
        except (HpbridgeError, ExhaustedError):
            raise
        except Exception as error:  # a library may raise anything
            raise OptimizerError.failed(self._names[place], doing, error) from error

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Tell the member whose suggestion it was, and let the others observe it."""
        own, proposed = self._asked.pop(suggestion.id)
        learn = partial(self._members[own].tell, proposed, outcome)
        self._by(own, "to learn", learn)
        self._let_observe(suggestion.params, outcome, own)
        if self._forbids is None or not self._forbids(suggestion.params):
            self._turns.told(own, outcome)

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Let all members learn from a trial that none of them proposed.

        Raises:
            ForeignHistoryError: If none of them can.
        """
        refusals = self._let_observe(params, outcome, None)
        if len(refusals) == len(self._members):
            raise refusals[0]
        self._turns.told(None, outcome)

    def _let_observe(
        self, params: Mapping[str, Label], outcome: Outcome, but: int | None
    ) -> list[ForeignHistoryError]:
        refusals = []
        for place, member in enumerate(self._members):
            if place == but:
                continue
            try:
                self._by(place, "to learn", partial(member.observe, params, outcome))
            except ForeignHistoryError as refusal:
                refusals.append(refusal)
                text = f"{self._names[place]}: {refusal.brief}"
                if text not in self._own_notes:
                    self._own_notes.append(text)
        return refusals
