"""Resume a study: bring a fresh optimizer to where the record left the old one.

Replay asks for ask and tells for tell, in the recorded order. A library that is
deterministic then proposes what it proposed, and the study goes on bit for bit as if it
had never stopped. Where it does not, the history is observed instead, and the study
says that it is continued, not resumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.backend import ExhaustedError
from hpbridge.learning.ask import GIVEN, ask_of, stage_of
from hpbridge.learning.history import learn_history
from hpbridge.trial import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpbridge.contract.backend import Suggestion
    from hpbridge.learning.ask import Ask
    from hpbridge.learning.learner import Learner
    from hpbridge.learning.session import Session
    from hpbridge.space.parameters import Label
    from hpbridge.store.settings import PastStudy
    from hpbridge.trial import FinishedTrial

RESUMED = "resumed: replay reproduced every proposal, bit for bit"
"""The note of a study that goes on exactly as if it had never stopped."""
CONTINUED = "continued: the optimizer observed the history, it did not relive it"
"""The note of a study that goes on with what it knows, on another trajectory."""


def replay(
    session: Session,
    trials: list[FinishedTrial],
    pending: list[FinishedTrial],
    history: PastStudy | None = None,
) -> str | None:
    """Relive a record in the session's fresh optimizer.

    Args:
        session: Whose optimizer has been told nothing yet.
        trials: The finished trials.
        pending: Trials that were asked for and never finished.
        history: The study that it goes on from, if it does.

    Returns:
        None when every proposal came out as recorded; otherwise the first difference.
        Then the optimizer is spoilt: make another one and `observe` with it.
    """
    by_telling = sorted(trials, key=lambda trial: trial.told)
    asks: dict[int, Ask] = {}
    imported = [trial for trial in by_telling if trial.origin is Origin.IMPORTED]
    learn_history(session, imported, history)
    n_told = len(imported)
    rest = [t for t in [*trials, *pending] if t.origin is not Origin.IMPORTED]
    session.learner.reserve(sum(trial.origin is Origin.BASELINE for trial in rest))
    for trial in sorted(rest, key=lambda trial: trial.number):
        n_due = max(trial.tells_before, n_told)
        _tell(session, asks, by_telling[n_told:n_due])
        n_told = n_due
        asks[trial.number] = ask = ask_of(trial)
        if session.learner.defines or trial.origin is Origin.ASKED:
            learner, recorded = session.learner, ask.params
            if learner.defines:
                ask.suggestion, difference = _define_again(learner, trial)
            else:
                ask.suggestion, difference = ask_again(learner, ask.number, recorded)
            difference = difference or _other_stage(ask)
            if difference is not None:
                return f"trial {trial.number}: {difference}"
        else:
            session.learner.expect(trial.params, trial.number, stage_of(trial))
    _tell(session, asks, by_telling[n_told:])
    after = max(asks, default=n_told - 1) + 1
    session.continue_numbers(after, [asks[trial.number] for trial in pending])
    return None


def ask_again(
    learner: Learner, number: int, recorded: Mapping[str, Label]
) -> tuple[Suggestion | None, str | None]:
    """Ask for a recorded proposal once more.

    Args:
        learner: That was brought to where the proposal was made.
        number: Of its trial, for errors.
        recorded: The point that was proposed.

    Returns:
        The proposal; or None, and where it differs.
    """
    try:
        suggestion = learner.ask(number, recorded)
    except ExhaustedError as end:
        return None, f"the optimizer is exhausted: {end}"
    if dict(suggestion.params) != dict(recorded):
        proposed = dict(suggestion.params)
        return None, f"proposed {proposed!r}, recorded {dict(recorded)!r}"
    return suggestion, None


def _other_stage(ask: Ask) -> str | None:
    """Say where a proposal goes otherwise than recorded, if it does."""
    proposed = None if ask.suggestion is None else ask.suggestion.stage
    if proposed is None or proposed == ask.stage:
        return None
    return f"proposed {proposed!r}, recorded {ask.stage!r}"


def _define_again(
    learner: Learner, trial: FinishedTrial
) -> tuple[Suggestion | None, str | None]:
    """Let an optimizer answer once more what a recorded trial asked for."""
    suggestion, difference = ask_again(learner, trial.number, {})
    given = trial.native.get(GIVEN, ())
    for name, (parameter, value) in (learner.recall(trial) or {}).items():
        if difference is not None:
            break
        if name in given:
            learner.settle(trial.number, suggestion, name, parameter, value)
            continue
        proposed = learner.propose(trial.number, suggestion, name, parameter)
        if proposed != value:
            difference = f"proposed {name}={proposed!r}, recorded {value!r}"
    return suggestion, difference


def _tell(
    session: Session, asks: dict[int, Ask], trials: Iterable[FinishedTrial]
) -> None:
    for trial in trials:
        session.tell(asks[trial.number], trial)
        session.remember(trial)


def observe(
    session: Session, trials: list[FinishedTrial], pending: list[FinishedTrial]
) -> None:
    """Let the session's fresh optimizer observe a record, without reliving it.

    Trials that never finished run again, and are observed when they have.
    """
    for trial in sorted(trials, key=lambda trial: trial.told):
        if trial.origin is not Origin.IMPORTED:
            session.learner.expect(trial.params, trial.number, stage_of(trial))
        session.tell(ask_of(trial), trial)
        session.remember(trial)
    for trial in pending:
        session.learner.expect(trial.params, trial.number, stage_of(trial))
    numbers = [trial.number for trial in [*trials, *pending]]
    session.continue_numbers(
        max(numbers, default=-1) + 1, [ask_of(trial) for trial in pending]
    )
