"""What is to be said of the reports of a study whose trials may be ended early.

A study with a pruner whose objective reports nothing, or does not obey, looks like one
that works. So it is said, once, as a note.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from hpbridge.contract.attempt import STOP_AT
from hpbridge.errors.house import count
from hpbridge.trial import Origin, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.learning.session import Session
    from hpbridge.trial import FinishedTrial

TWICE = "some trials report a step twice; of one step the first report counts"
BACKWARD = (
    "some trials report a step below an earlier one; where a trial stands is its "
    "greatest step"
)
_SILENCE = "the objective reports nothing"
_WENT_ON = re.compile(r"[\d,]+ trials? went on after (it was|they were) to stop")


class Reporting:
    """A listener of a study with a pruner.

    Args:
        pruner: The name of the pruner.

    Attributes:
        silence: What is said where the first trial that is complete reported nothing.
    """

    def __init__(self, pruner: str) -> None:
        self.silence = silence_of(pruner)
        self._heard_of_one = False

    def __call__(self, session: Session, trial: FinishedTrial) -> None:
        """Look at a trial that has ended."""
        if trial.reports:
            self._heard_of_one = True
            steps = [step for step, _ in trial.reports]
            if len(set(steps)) < len(steps):
                session.learner.note(TWICE)
            if any(later < step for step, later in itertools.pairwise(steps)):
                session.learner.note(BACKWARD)
        elif trial.state is State.COMPLETE and not self._heard_of_one:
            self._heard_of_one = True
            session.learner.note(self.silence)


def silence_of(pruner: str) -> str:
    """Return what is said of an objective that reports nothing to a pruner."""
    return (
        f"{_SILENCE}, so that the pruner {pruner!r} ends no trial: "
        "after each step call `trial.report(value, step)` and raise "
        "`hpbridge.TrialPruned` where `trial.should_prune()` says so, or yield the "
        "value"
    )


def is_news(note: str) -> bool:
    """Say whether a note is worth to be heard while the study runs."""
    return note in {TWICE, BACKWARD} or note.startswith(_SILENCE)


def went_on(trial: FinishedTrial) -> bool:
    """Say whether a trial was to stop, and reported more until its own end."""
    stop = trial.native.get(STOP_AT)
    if stop is None or trial.state is State.PRUNED:
        return False
    steps = [step for step, _ in trial.reports]
    return stop in steps and steps.index(stop) < len(steps) - 1


def notes_at_end(trials: Iterable[FinishedTrial]) -> list[str]:
    """Return what a study is to be told of the reports of its trials at its end."""
    own = [trial for trial in trials if trial.origin is not Origin.IMPORTED]
    n = sum(map(went_on, own))
    if not n:
        return []
    was = "it was" if n == 1 else "they were"
    how = "an objective obeys by ending when `trial.should_prune()` says so"
    return [f"{count(n, 'trial')} went on after {was} to stop; {how}"]


def is_of_end(note: str) -> bool:
    """Say whether `notes_at_end` said this: a study that goes on says it anew."""
    return _WENT_ON.match(note) is not None
