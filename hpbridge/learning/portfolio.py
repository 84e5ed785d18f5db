"""Several optimizers that share the trials of a study: one for each part of its space.

Each is as it is alone: it has the study's own seed, searches its part alone, and is
told of no trial of another one. Which one is asked depends on the shares alone, not on
what the trials came to, nor on when they end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.contract.backend import ExhaustedError, Optimizer, Suggestion
from hpbridge.learning.learner import Learner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.contract.backend import Outcome
    from hpbridge.contract.stage import Stage
    from hpbridge.space.parameters import Label
    from hpbridge.space.parts import Part
    from hpbridge.space.space import Space


@dataclass(frozen=True, slots=True)
class MemberSuggestion(Suggestion):
    """A point of the whole space that a member proposed in its own words."""

    part: int
    proposed: Suggestion


class Portfolio(Optimizer):
    """Deals the trials out to its members by their shares.

    The next trial goes to the member that is furthest behind its share of the trials,
    with this one counted; to the first of equals. After any number of asks, each has
    its share but for less than one trial, where nothing else ran. A member that has
    nothing left to propose leaves its trials to the others.

    Args:
        parts: Of the space.
        members: An optimizer for each; None where the part is one point.
    """

    def __init__(
        self, parts: Sequence[Part], members: Sequence[Optimizer | None]
    ) -> None:
        self._parts, self._members = tuple(parts), tuple(members)
        self._counts = [0] * len(self._parts)
        self._ended = {
            k: "nothing of it is searched" for k, m in enumerate(members) if m is None
        }
        self._n_asked = 0
        self._hear()

    def _hear(self) -> None:
        """Take over what the members say, and say which of them have ended."""
        said = [
            f"{part.name}: {text}"
            for part, member in zip(self._parts, self._members, strict=True)
            if member is not None
            for text in member.notes
        ]
        self.notes = said + [
            f"{self._parts[k].name} has nothing left to propose: its trials go to the "
            f"others ({why})"
            for k, why in self._ended.items()
        ]

    def expect(self, params: Mapping[str, Label]) -> None:
        """Count a trial that is run without being asked for."""
        self._counts[self._holder(params)] += 1

    def _holder(self, params: Mapping[str, Label]) -> int:
        return next(k for k, part in enumerate(self._parts) if part.holds(params))

    def _next(self) -> int:
        total = sum(self._counts) + 1
        able = [k for k in range(len(self._parts)) if k not in self._ended]
        return max(able, key=lambda k: self._parts[k].share * total - self._counts[k])

    def ask(self) -> Suggestion:
        """Ask the member whose turn it is.

        Raises:
            ExhaustedError: If no member has anything left to propose.
        """
        while len(self._ended) < len(self._parts):
            k = self._next()
            member, part = self._members[k], self._parts[k]
            assert member is not None
            try:
                proposed = member.ask()
            except ExhaustedError as end:
                self._ended[k] = str(end)
                continue
            self._counts[k] += 1
            self._n_asked += 1
            self._hear()
            point = part.whole(proposed.params)
            return MemberSuggestion(self._n_asked, point, k, proposed)
        raise ExhaustedError("; ".join(dict.fromkeys(self._ended.values())))

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Tell the member whose suggestion it was."""
        assert isinstance(suggestion, MemberSuggestion)
        member = self._members[suggestion.part]
        assert member is not None
        member.tell(suggestion.proposed, outcome)
        self._hear()

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Let the member in whose part a trial was learn from it."""
        k = self._holder(params)
        member = self._members[k]
        if member is not None:
            member.observe(self._parts[k].own(params), outcome)
            self._hear()


class PortfolioLearner(Learner):
    """A learner whose optimizer is a portfolio.

    Args:
        name: Backend and algorithm of the members.
        portfolio: Fresh.
        space: The whole.
        seed: As of `Learner`.
    """

    def __init__(
        self, name: str, portfolio: Portfolio, space: Space, seed: int
    ) -> None:
        super().__init__(name, portfolio, space, seed)
        self._portfolio = portfolio

    def expect(
        self,
        params: Mapping[str, Label],
        number: int = -1,  # noqa: ARG002
        stage: Stage | None = None,  # noqa: ARG002
    ) -> None:
        """Count a trial that is run without being asked for."""
        self._portfolio.expect(params)
