"""An optimizer while it learns: the one thing that sessions, guests and replay hold.

It asks for points that may run, tells what became of them, and keeps what was said on
the way. Who owns the loop (a session of ours, somebody else's host, a replay of a
record, another optimizer that has several as members) is not its business.
"""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import (
    ExhaustedError,
    NotYetError,
    Optimizer,
    Outcome,
    Suggestion,
)
from hpbridge.errors import (
    ContractError,
    ForeignHistoryError,
    HpbridgeError,
    OptimizerError,
)
from hpbridge.space.allowed import AllowedPoints
from hpbridge.space.plain_data import note_of_text
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hpbridge.contract.backend import PastTrial
    from hpbridge.contract.stage import Stage
    from hpbridge.learning.growing import Asked
    from hpbridge.space.kinds import Searched
    from hpbridge.space.parameters import Label
    from hpbridge.space.space import Params, Space
    from hpbridge.trial import FinishedTrial, Result

MOST_REJECTIONS = 100
"""How many forbidden points an optimizer may propose for one trial, before the trial
is drawn from the allowed ones. After a trial that was drawn it may half as often, down
to `FEWEST_REJECTIONS`, until it proposes an allowed one itself: an ask can take
seconds."""
FEWEST_REJECTIONS = 10
"""How many it may propose for a trial however many before it had to be drawn."""
MOST_RECORDED = 1000
"""How many it may have proposed before a trial of a record that is relived: a record
may be older than the drawing of trials."""

_MOST_NAMED = 5


@contextlib.contextmanager
def in_library(optimizer: str, doing: str, *passed: type[Exception]) -> Iterator[None]:
    """Say of what the library raises what it was to do; `passed` are answers.

    Raises:
        OptimizerError: If the library fails.
    """
    known: tuple[type[Exception], ...] = (HpbridgeError, *passed)
    try:
        yield
    except known:
        raise
    except Exception as error:  # a library may raise anything
        raise OptimizerError.failed(optimizer, doing, error) from error


@dataclass(frozen=True, slots=True)
class DrawnSuggestion(Suggestion):
    """A point that was drawn in place of an optimizer's forbidden proposals."""


class Learner:
    """An optimizer, the space that it searches, and what was said of it.

    Its methods are called from one thread at a time.

    Args:
        name: Backend and algorithm, as in ``optuna:tpe``.
        optimizer: Fresh.
        space: What it searches.
        seed: Of the points that are drawn in place of forbidden proposals.

    Attributes:
        drawn: Numbers of the trials that were drawn in place of proposals.
        notes: What users should know of it, one sentence each, none twice.
        refusals: Those of `notes` that say what it cannot learn from.
    """

    defines = False
    """Whether its optimizer answers what a trial asks for while it runs."""

    def __init__(
        self, name: str, optimizer: Optimizer, space: Space, seed: int = 0
    ) -> None:
        self.name, self.space = name, space
        self._optimizer = optimizer
        self._seed = seed
        self._allowed = AllowedPoints(space)
        self._known: list[Params] = []
        self._n_drawn_in_a_row = 0
        self._note_of_drawn = ""
        self._numbers: dict[int, int] = {}
        self._has_begun_anew = False
        self.drawn: list[int] = []
        self.notes: list[str] = []
        self.refusals: list[str] = []

    def note(self, text: str) -> None:
        """Add a note, unless it has been said."""
        if text not in self.notes:
            self.notes.append(text)

    def note_result(self, number: int, result: Result) -> None:
        """Note what is to be said of a trial; what others had said too, once."""
        for name, types in result.as_text.items():
            self.note(note_of_text(name, types))
        for text in result.notes:
            if not any(note.endswith(f": {text}") for note in self.notes):
                self.note(f"trial {number}: {text}")

    def note_no_checkpoint(self, number: int, parent: int) -> None:
        """Note, once, that a trial began anew since its parent had saved nothing."""
        if self._has_begun_anew:
            return
        self._has_begun_anew = True
        self.note(
            f"trial {number} was to go on from trial {parent}, which has saved no "
            "checkpoint: it began anew, as does each such trial; in the objective, "
            "`trial.save(state)` saves one, and `trial.load()` goes on from it"
        )

    def ask(
        self, number: int, recorded: Mapping[str, Label] | None = None
    ) -> Suggestion:
        """Return the next proposal that is in the space and not forbidden.

        A forbidden one is told as failed, without having been run: the "reject"
        encoding of `hpbridge.encoding.encoded`. After `MOST_REJECTIONS` of them, the
        point is drawn from the allowed ones, and noted.

        Args:
            number: Of the trial that is proposed, for errors and for what is drawn.
            recorded: The point that came out before, if it is asked for once more.

        Raises:
            ContractError: If a proposal lies outside the space.
            SpaceError: If no allowed point is found.
            OptimizerError: If the library fails.
            ExhaustedError: If there is nothing left to propose.
            NotYetError: If there is nothing to propose before a running trial ends.
        """
        if not self.space.is_restricted:
            return self._propose(number)
        patience = max(MOST_REJECTIONS >> self._n_drawn_in_a_row, FEWEST_REJECTIONS)
        for _ in range(patience):
            suggestion = self._allowed_proposal(number)
            if suggestion is not None:
                return suggestion
        drawn = self._draw(number)
        if recorded is not None and dict(drawn.params) != dict(recorded):
            for _ in range(MOST_RECORDED - patience):
                suggestion = self._allowed_proposal(number)
                if suggestion is not None:
                    return suggestion
        self._n_drawn_in_a_row += 1
        self._known.append(dict(drawn.params))
        self._note_drawn(number)
        return drawn

    def _propose(self, number: int) -> Suggestion:
        """Return the optimizer's next proposal, which may be forbidden."""
        suggestion = self._ask(number)
        violations = self.space.violations(suggestion.params)
        if violations:
            rule = "it left the space: " + "; ".join(violations)
            raise ContractError.broke(self.name, rule)
        self._hear()
        return suggestion

    def _allowed_proposal(self, number: int) -> Suggestion | None:
        """Return the next proposal; tell it as failed where it is forbidden."""
        suggestion = self._propose(number)
        if self.space.forbids(suggestion.params):
            self._optimizer.tell(suggestion, Outcome(State.FAILED))
            return None
        self._n_drawn_in_a_row = 0
        self._known.append(dict(suggestion.params))
        return suggestion

    def _draw(self, number: int) -> DrawnSuggestion:
        """Return an allowed point, the same for the same seed and number."""
        rng = random.Random(f"hpbridge:{self._seed}:{number}:allowed")
        return DrawnSuggestion(-1 - number, self._allowed.draw(rng, self._known))

    def _note_drawn(self, number: int) -> None:
        """Say which trials were drawn, in one note that grows."""
        if self._note_of_drawn in self.notes:
            self.notes.remove(self._note_of_drawn)
        self.drawn.append(number)
        n_drawn = len(self.drawn)
        named = ", ".join(map(str, self.drawn[:_MOST_NAMED]))
        more = " ..." if n_drawn > _MOST_NAMED else ""
        trials = "1 trial was" if n_drawn == 1 else f"{n_drawn} trials were"
        self._note_of_drawn = (
            f"{trials} drawn at random from the allowed points, since {self.name} "
            f"proposed forbidden ones only: {named}{more}"
        )
        self.note(self._note_of_drawn)

    def _ask(self, number: int) -> Suggestion:
        with in_library(
            self.name, f"to propose trial {number}", ExhaustedError, NotYetError
        ):
            return self._linked(number, self._optimizer.ask())

    def _linked(self, number: int, suggestion: Suggestion) -> Suggestion:
        """Return a stage with the number of the trial that it goes on from."""
        stage = suggestion.stage
        if stage is None:
            return suggestion
        self._numbers[suggestion.id] = number
        if stage.parent is None:
            return suggestion
        parent = self._numbers[stage.parent]
        return replace(suggestion, stage=replace(stage, parent=parent))

    def learn(
        self,
        suggestion: Suggestion | None,
        params: Mapping[str, Label],
        outcome: Outcome,
        *,
        number: int = 0,
        asked: Asked | None = None,  # noqa: ARG002 - of a space that grows
    ) -> bool:
        """Tell what became of a trial: its own, or one that it never proposed.

        What it refuses to learn from is noted once.

        Args:
            suggestion: As `ask` returned it; None where the trial came from elsewhere.
            params: The point, in plain values.
            outcome: Everything minimized.
            number: Of the trial, for errors.
            asked: What the trial asked for, where the space is defined by running.

        Returns:
            Whether the space has changed.

        Raises:
            OptimizerError: If the library fails.
        """
        try:
            with in_library(self.name, f"to learn from trial {number}"):
                if suggestion is None or isinstance(suggestion, DrawnSuggestion):
                    self._optimizer.observe(params, outcome)
                else:
                    self._optimizer.tell(suggestion, outcome)
        except ForeignHistoryError as refusal:
            self._refuse(refusal)
        self._hear()
        return False

    def observe(
        self, params: Mapping[str, Label], outcome: Outcome
    ) -> ForeignHistoryError | None:
        """Tell of a trial that it never proposed.

        Returns:
            Why it could not learn from it, which is noted once too; None where it
            could.
        """
        try:
            self._optimizer.observe(params, outcome)
        except ForeignHistoryError as refusal:
            self._refuse(refusal)
            return refusal
        self._hear()
        return None

    def restore(self, trials: Sequence[PastTrial], native: Mapping[str, Any]) -> bool:
        """Go on with a study of the same library; as `Optimizer.restore`."""
        return self._optimizer.restore(trials, native)

    @property
    def optimizer(self) -> Optimizer:
        """Whom it asks and tells."""
        return self._optimizer

    def expect(
        self,
        params: Mapping[str, Label],
        number: int = -1,
        stage: Stage | None = None,
    ) -> None:
        """Hear of a trial of its study that is run without being asked for.

        Args:
            params: The point, in plain values.
            number: Of the trial.
            stage: Of the trial, where it was given one when it was first asked for.
        """

    # What the learners of a space that becomes known while it runs do besides; see
    # `hpbridge.learning.growing` and `hpbridge.learning.defining`.

    def prepare(self, trials: Sequence[FinishedTrial]) -> None:
        """Look at a record before any of it is learned."""

    def recall(self, trial: FinishedTrial) -> Asked | None:  # noqa: ARG002
        """Return what a recorded trial asked for; None where the space was given."""
        return None

    def ranges_of(self, asked: Asked) -> dict[str, Any]:  # noqa: ARG002
        """Return what the record of a trial keeps of its ranges."""
        return {}

    def reserve(self, count: int) -> None:
        """Expect that of so many asks from now on some values will be given."""

    def propose(
        self,
        number: int,
        suggestion: Suggestion | None,
        name: str,
        parameter: Searched,
    ) -> Label:
        """Return what its optimizer answers, where it `defines`."""
        raise NotImplementedError

    def settle(
        self,
        number: int,
        suggestion: Suggestion | None,
        name: str,
        parameter: Searched,
        value: Label,
    ) -> None:
        """Tell its optimizer of a value that was given, where it `defines`."""
        raise NotImplementedError

    def _refuse(self, refusal: ForeignHistoryError) -> None:
        if refusal.brief not in self.notes:
            self.notes.append(refusal.brief)
            self.refusals.append(refusal.brief)

    def _hear(self) -> None:
        """Take over what the optimizer says of itself."""
        if self._optimizer.notes:
            for text in self._optimizer.notes:
                self.note(text)
