"""A session as its trials see it; see `hpbridge.contract.around.Around`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.learning.ask import Ask
    from hpbridge.learning.session import Session
    from hpbridge.space.kinds import Searched
    from hpbridge.space.plain import Label
    from hpbridge.space.space import Space
    from hpbridge.trial import FinishedTrial


class AroundTrial:
    """The study around one of its trials, in the study's own process.

    Args:
        session: The study.
        ask: The trial.
        kept: As of `hpbridge.contract.around.Around`.
    """

    __slots__ = ("_ask", "_session", "kept")

    def __init__(self, session: Session, ask: Ask, kept: dict[str, Any]) -> None:
        self._session, self._ask, self.kept = session, ask, kept

    @property
    def name(self) -> str:
        """The name of the study."""
        return self._session.writer.name

    @property
    def metrics(self) -> Mapping[str, str]:
        """Direction by metric, in order."""
        return self._session.experiment.metrics

    @property
    def space(self) -> Space:
        """What is known of the space so far."""
        return self._session.experiment.space

    @property
    def finished(self) -> Sequence[FinishedTrial]:
        """Trials that have ended, in the order of telling."""
        return self._session.finished

    @property
    def proposed(self) -> Mapping[str, Label]:
        """What was proposed before the trial began."""
        return self._ask.params

    @property
    def given(self) -> Mapping[str, object]:
        """What was given for the trial, as the user wrote it."""
        return self._ask.given

    @property
    def is_asked(self) -> bool:
        """Whether the optimizer itself answers what the trial asks for."""
        return self._session.learner.defines

    def propose(self, name: str, parameter: Searched) -> Label:
        """Return the optimizer's answer to what the trial asks for."""
        ask = self._ask
        return self._session.learner.propose(
            ask.number, ask.suggestion, name, parameter
        )

    def settle(self, name: str, parameter: Searched, value: Label) -> None:
        """Tell the optimizer of a value that was given."""
        ask, learner = self._ask, self._session.learner
        learner.settle(ask.number, ask.suggestion, name, parameter, value)

    def note(self, text: str) -> None:
        """Say something of the study, once."""
        self._session.learner.note(text)

    def stop(self, reason: str) -> None:
        """Let no further trial begin."""
        self._session.stop(reason)
