"""A clock that stands still while trials run, and jumps to where they end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hpbridge.contract.clock import Clock
from hpbridge.trial import Origin

if TYPE_CHECKING:
    from hpbridge.learning.learner import Learner
    from hpbridge.learning.session import Session


class VirtualClock(Clock):
    """Virtual time, which begins when the place of the trials is opened.

    Args:
        counts: Whether the real time that passes outside of the place, in the study's
            own process, is added: that of asks, tells and the record.
        said: What users should know of it, for the notes of its studies.

    Attributes:
        at: Virtual seconds, while it stands still.
    """

    def __init__(self, *, counts: bool, said: str) -> None:
        self._said = said
        self.at = 0.0
        self._counts = counts
        self._origin = time.time()
        self._since: float | None = None
        self._learners: dict[str, Learner] = {}

    def stop(self) -> None:
        """Stand still: what takes time now is no business of the study's."""
        self.at, self._since = self.seconds(), None

    def start(self) -> None:
        """Go on, if real time counts."""
        self._since = time.perf_counter() if self._counts else None

    def reach(self, seconds: float) -> None:
        """Jump forward to a moment; while it stands still."""
        self.at = max(self.at, seconds)

    def seconds(self) -> float:
        """Return virtual seconds."""
        if self._since is None:
            return self.at
        return self.at + time.perf_counter() - self._since

    def moment(self, seconds: float) -> float:
        """Return the Unix time of a virtual moment."""
        return self._origin + seconds

    def time(self) -> float:
        """Return virtual Unix time."""
        return self.moment(self.seconds())

    def take(self, session: Session) -> None:
        """Make a study go by it, from where its trials ended, and start."""
        self.stop()
        for trial in session.finished:
            if trial.origin is not Origin.IMPORTED:
                ended_at = trial.started_at + trial.run_seconds
                self._origin = max(self._origin, ended_at - self.at)
        session.run_by(self)
        self._learners[session.writer.name] = session.learner
        self.note(session.writer.name, self._said)
        self.start()

    def note(self, study: str, text: str) -> None:
        """Say something of a study that goes by it, once."""
        if study in self._learners:
            self._learners[study].note(text)
