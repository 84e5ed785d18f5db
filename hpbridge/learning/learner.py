"""An optimizer while it learns: the one thing that sessions, guests and replay hold.

It asks for points that may run, tells what became of them, and keeps what was said on
the way. Who owns the loop (a session of ours, somebody else's host, a replay of a
record, another optimizer that has several as members) is not its business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import ExhaustedError, Optimizer, Outcome, Suggestion
from hpbridge.errors import (
    ContractError,
    ForeignHistoryError,
    HpbridgeError,
    OptimizerError,
    SpaceError,
)
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.contract.backend import PastTrial
    from hpbridge.learning.growing import Asked
    from hpbridge.space.parameters import Label
    from hpbridge.space.space import Space

# An optimizer that proposes only forbidden points must not ask for ever.
MOST_REJECTIONS = 1000


class Learner:
    """An optimizer, the space that it searches, and what was said of it.

    Its methods are called from one thread at a time.

    Args:
        name: Backend and algorithm, as in ``optuna:tpe``.
        optimizer: Fresh.
        space: What it searches.

    Attributes:
        notes: What users should know of it, one sentence each, none twice.
        refusals: Those of `notes` that say what it cannot learn from.
    """

    def __init__(self, name: str, optimizer: Optimizer, space: Space) -> None:
        self.name, self.space = name, space
        self._optimizer = optimizer
        self.notes: list[str] = []
        self.refusals: list[str] = []

    def note(self, text: str) -> None:
        """Add a note, unless it has been said."""
        if text not in self.notes:
            self.notes.append(text)

    def ask(self, number: int) -> Suggestion:
        """Return the next proposal that is in the space and not forbidden.

        A forbidden one is told as failed, without having been run: the "reject"
        encoding of `hpbridge.encoding.encoded`.

        Args:
            number: Of the trial that is proposed, for errors.

        Raises:
            ContractError: If a proposal lies outside the space.
            SpaceError: If nothing but forbidden points is proposed.
            OptimizerError: If the library fails.
            ExhaustedError: If there is nothing left to propose.
        """
        for _ in range(MOST_REJECTIONS):
            try:
                suggestion = self._optimizer.ask()
            except (HpbridgeError, ExhaustedError):
                raise
            except Exception as error:
                doing = f"to propose trial {number}"
                raise OptimizerError.failed(self.name, doing, error) from error
            violations = self.space.violations(suggestion.params)
            if violations:
                rule = "it left the space: " + "; ".join(violations)
                raise ContractError.broke(self.name, rule)
            if not self.space.is_restricted or not self.space.forbids(
                suggestion.params
            ):
                self._hear()
                return suggestion
            self._optimizer.tell(suggestion, Outcome(State.FAILED))
        raise SpaceError.all_forbidden(MOST_REJECTIONS)

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
            suggestion: Its own proposal; None where the trial came from elsewhere.
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
            if suggestion is not None:
                self._optimizer.tell(suggestion, outcome)
            else:
                self._optimizer.observe(params, outcome)
        except ForeignHistoryError as refusal:
            self._refuse(refusal)
        except HpbridgeError:
            raise
        except Exception as error:
            doing = f"to learn from trial {number}"
            raise OptimizerError.failed(self.name, doing, error) from error
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

    def _refuse(self, refusal: ForeignHistoryError) -> None:
        if refusal.brief not in self.notes:
            self.notes.append(refusal.brief)
            self.refusals.append(refusal.brief)

    def _hear(self) -> None:
        """Take over what the optimizer says of itself."""
        if self._optimizer.notes:
            for text in self._optimizer.notes:
                self.note(text)
