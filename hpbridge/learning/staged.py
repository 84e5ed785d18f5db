"""A learner that chooses how far trials go: halving around any optimizer.

New configurations are the optimizer's; how far they go, and which of them go on, is the
schedule's (`hpbridge.contract.rungs`). A configuration that goes on is a trial of its
own, whose parent is the one before.

What the optimizer learns, since values at different budgets cannot be compared: the
trials of one budget alone, the largest that has enough of them, as BOHB does (Falkner
et al., 2018). Other than there, it learns nothing of the smallest budget: those values
already decide who goes on, and an optimizer that follows them proposes more of the same
before anybody knows what they are worth. When a larger budget has come to have enough,
another optimizer is made, which observes those. One that takes budgets itself is told
of all trials with theirs; one that learns from its own trials alone, of what it
proposed, at the first budget.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import ExhaustedError, NotYetError, Suggestion
from hpbridge.learning.brackets import Brackets
from hpbridge.learning.learner import Learner
from hpbridge.trial import State, trial_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.contract.backend import Outcome, PastTrial
    from hpbridge.contract.rungs import Schedule
    from hpbridge.contract.stage import Stage
    from hpbridge.errors import ForeignHistoryError
    from hpbridge.learning.growing import Asked
    from hpbridge.space.parameters import Label


@dataclass(frozen=True, slots=True)
class _NewSuggestion(Suggestion):
    """A configuration that the optimizer proposed."""

    maker: Learner
    proposed: Suggestion


@dataclass(frozen=True)
class Learning:
    """What an optimizer takes of trials at several budgets.

    Attributes:
        learns: Whether it makes a difference what it is told.
        observes: Whether it learns from trials that it never proposed.
        takes_budgets: Whether it is told of all, with their budgets.
    """

    learns: bool = True
    observes: bool = True
    takes_budgets: bool = False

    def sentence(self, name: str, n_parameters: int) -> str:
        """Return what users should know of it."""
        if not self.learns:
            return f"{name} learns from no trial, whatever its budget"
        if self.takes_budgets:
            return f"{name} is told of every trial, with its budget"
        if not self.observes:
            return (
                f"{name} learns only from its own trials: it is told of each "
                "configuration once, at the first of its budgets"
            )
        return (
            f"{name} learns from the trials of one budget: the largest that has at "
            f"least {enough(n_parameters)} complete ones (as BOHB, Falkner et al. "
            "2018), never the smallest of several"
        )


def enough(n_parameters: int) -> int:
    """Return how many trials of a budget an optimizer is to learn from, at least.

    Source:
        Falkner et al. 2018, Algorithm 2: one parameter more, and two.
    """
    return n_parameters + 3


class StagedLearner(Learner):
    """A learner around another one, whose trials go as far as a schedule says.

    Args:
        make: ``make(seed, n_past) -> Learner``: a fresh one, of an optimizer that is
            told of so many complete trials before it is asked.
        schedule: How far trials go.
        learning: What the optimizer takes.
        seed: Of the first learner.
    """

    def __init__(
        self,
        make: Callable[[int, int], Learner],
        schedule: Schedule,
        learning: Learning,
        seed: int,
    ) -> None:
        self._make, self._learning = make, learning
        self._inner = inner = make(seed, 0)
        super().__init__(inner.name, inner.optimizer, inner.space, seed)
        self._brackets = Brackets(schedule)
        self._enough = enough(len(inner.space.searched))
        # Nothing is learnt of the smallest, unless there is no other.
        self._budget = schedule.least if schedule.most == schedule.least else 0.0
        self._least, self._most = schedule.least, schedule.most
        self._known: dict[float, list[tuple[Any, Outcome]]] = defaultdict(list)  # type: ignore[assignment]
        self._is_stale, self._why_closed = False, ""
        self._n_asked = self._n_told = 0
        self._sentence = learning.sentence(inner.name, len(inner.space.searched))
        self.notes = inner.notes
        self.refusals = inner.refusals

    def ask(
        self, number: int, recorded: Mapping[str, Label] | None = None
    ) -> Suggestion:
        """Return a trial that goes on, or else a new configuration.

        Raises:
            NotYetError: If there is none before a running trial has ended.
            ExhaustedError: If there is nothing left to propose.
        """
        self._n_asked += 1
        self.note(self._sentence)
        if self._brackets.promoted() is None and not self._brackets.is_closed:
            try:
                return self._new(number, recorded)
            except ExhaustedError as end:
                self._why_closed = str(end)
                self._brackets.close()
        place = self._brackets.promoted()
        if place is not None:
            stage, params = self._brackets.stage_after(place), dict(place.params)
            self._brackets.add(number, params, stage)
            return Suggestion(self._n_asked, params, stage=stage)
        if self._brackets.is_open:
            raise NotYetError
        raise ExhaustedError(self._why_closed)

    def _new(self, number: int, recorded: Mapping[str, Label] | None) -> Suggestion:
        """Return a configuration that the optimizer proposes."""
        self._learn_anew()
        proposed = self._inner.ask(number, recorded)
        params, stage = dict(proposed.params), self._brackets.first_stage()
        self._brackets.add(number, params, stage)
        by, member = self._inner, proposed.member
        return _NewSuggestion(
            self._n_asked, params, by, proposed, stage=stage, member=member
        )

    def _learn_anew(self) -> None:
        """Make another learner of the trials of one budget, if the first knows more."""
        if not self._is_stale:
            return
        known = self._known[self._budget]
        seed = trial_seed(self._seed, self._n_told)
        inner = self._make(seed, len(known))
        inner.notes, inner.refusals = self.notes, self.refusals
        for params, outcome in known:
            inner.learn(None, params, outcome)
        self._inner, self._is_stale = inner, False

    def learn(
        self,
        suggestion: Suggestion | None,
        params: Mapping[str, Label],
        outcome: Outcome,
        *,
        number: int = 0,
        asked: Asked | None = None,  # noqa: ARG002 - of a space that grows
    ) -> bool:
        """Take what a trial came to; tell the optimizer of it, where it is to learn."""
        self._n_told += 1
        if outcome.budget is None:  # of a study without: it went all the way
            outcome = replace(outcome, budget=self._most)
        self._brackets.end(number, outcome)
        proposed, is_own = None, False
        if isinstance(suggestion, _NewSuggestion):
            proposed, is_own = suggestion.proposed, suggestion.maker is self._inner
        learning = self._learning
        if not learning.learns or not (learning.observes or learning.takes_budgets):
            if is_own or suggestion is None:
                self._inner.learn(proposed, params, outcome, number=number)
            return False
        if learning.takes_budgets:
            self._inner.learn(proposed, params, outcome, number=number)
            return False
        self._teach(proposed if is_own else None, params, outcome, number)
        return False

    def _teach(
        self,
        proposed: Suggestion | None,
        params: Mapping[str, Label],
        outcome: Outcome,
        number: int,
    ) -> None:
        """Tell the optimizer of a trial, if it learns from those of its budget."""
        budget = self._most if outcome.budget is None else outcome.budget
        if outcome.state is State.COMPLETE:
            self._known[budget].append((dict(params), outcome))
        if budget == self._budget:
            self._inner.learn(proposed, params, outcome, number=number)
        elif budget > max(self._budget, self._least) and (
            len(self._known[budget]) >= self._enough
        ):
            self._budget, self._is_stale = budget, True
        elif proposed is not None and self._budget:
            self._is_stale = True  # it waits for what it is not to learn

    def observe(
        self, params: Mapping[str, Label], outcome: Outcome
    ) -> ForeignHistoryError | None:
        """Tell of a trial that it never proposed."""
        return self._inner.observe(params, outcome)

    def restore(self, trials: Sequence[PastTrial], native: Mapping[str, Any]) -> bool:
        """Go on with a study of the same library: one by one, for their budgets."""
        del trials, native
        return False

    def expect(
        self,
        params: Mapping[str, Label],
        number: int = -1,
        stage: Stage | None = None,
    ) -> None:
        """Hear of a trial of its study that is run without being asked for."""
        if stage is not None:
            self._brackets.add(number, params, stage)
        if stage is None or not stage.rung:
            self._inner.expect(params, number, stage)
