"""A study while the loop runs it, and a trial of it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hpbridge.drivers.interrupts import INTERRUPTED
from hpbridge.drivers.saved import Saved, result_of

if TYPE_CHECKING:
    from hpbridge.drivers.loop import Life
    from hpbridge.errors import HpbridgeError
    from hpbridge.learning.ask import Ask
    from hpbridge.learning.session import Session
    from hpbridge.trial import FinishedTrial, Result

# How often a trial may be given back that comes no further meanwhile.
_MOST_IN_VAIN = 5
# An optimizer that thinks for less, in seconds or as a share of a trial, is asked when
# a trial may start: what is asked ahead knows of one result less.
_SHORT_SECONDS, _SHORT_SHARE = 0.005, 0.01


class Trying:
    """A trial while it runs, is to run again, or is paused."""

    def __init__(self, member: Member, ask: Ask) -> None:
        self.member, self.ask = member, ask
        self.n_attempts = self.n_returned = self.n_in_vain = self.n_reported = 0
        self.reports: list[tuple[int, float]] = []
        self.paused: Result | None = None  # what it had come to, while it is paused
        self.paused_at = -1  # the last step of its last pause
        self.seconds, self.started_at = 0.0, 0.0  # of what ran before it was paused

    def comes_back(self) -> bool:
        """Take note that it was given back; say whether it is to run again."""
        n_reports = len(self.reports)
        self.n_in_vain = 0 if n_reports > self.n_reported else self.n_in_vain + 1
        self.n_reported = n_reports
        self.n_returned += 1
        return self.n_in_vain < _MOST_IN_VAIN


class Member:
    """A study that runs."""

    def __init__(self, life: Life, session: Session) -> None:
        self.life, self.session = life, session
        self.n_jobs = 0
        self.again: deque[Trying] = deque()
        self.paused: dict[int, Trying] = {}
        self.saved = Saved(session)
        self.is_over = False
        self.ahead: Trying | None = None  # asked for, to start when another one ends
        self._ask_seconds = self._tell_seconds = self._run_seconds = 0.0
        self.errors: list[HpbridgeError] = []
        for ask, recorded in session.parked:
            trial = Trying(self, ask)
            trial.n_attempts, trial.seconds = recorded.attempts, recorded.run_seconds
            trial.started_at = recorded.started_at
            trial.paused_at = max((step for step, _ in recorded.reports), default=-1)
            self.pause(trial, result_of(recorded))

    def ask(self) -> Trying | None:
        """Return a new trial; None when no further one is to start now."""
        ask = self.session.next()
        if ask is None:
            return None
        self._ask_seconds = ask.ask_seconds or 0.0
        return Trying(self, ask)

    def hear(self, trial: FinishedTrial) -> None:
        """Take note of how long a trial took, and its optimizer to learn of it."""
        self._run_seconds = trial.run_seconds
        self._tell_seconds = trial.tell_seconds or 0.0

    def ask_ahead(self) -> None:
        """Ask for the trial after those that run, so that no worker waits for it.

        Only where several run and the optimizer thinks for long. Nothing is asked ahead
        of trials that may pause, or that run again.
        """
        thinks = self._ask_seconds + self._tell_seconds
        if (
            self.ahead is None
            and self.n_jobs >= self.session.settings.workers > 1
            and thinks > max(_SHORT_SECONDS, _SHORT_SHARE * self._run_seconds)
            and self.life.promotions is None
            and not (self.again or self.paused or self.errors)
        ):
            self.ahead = self.ask()

    def take_ahead(self) -> Trying | None:
        """Return the trial that was asked for ahead, unless the study is to end."""
        trial, self.ahead = self.ahead, None
        if trial is not None and not self.session.goes_on():
            self.session.take_back(trial.ask)
            return None
        return trial

    @property
    def starts_early(self) -> bool:
        """Whether a trial may start before the one that has just ended is told.

        Not where what that came to may end the study.
        """
        settings = self.session.settings
        return settings.target is None and settings.on_error != "stop"

    @property
    def is_stuck(self) -> bool:
        """Whether trials are paused, none runs, and it is for its end that none does.

        A study that was interrupted goes on with its paused trials when it is resumed.
        """
        is_idle = self.n_jobs == 0 and not self.errors
        is_idle &= self.session.stop_reason != INTERRUPTED
        return is_idle and bool(self.paused)

    def pause(self, trial: Trying, result: Result) -> None:
        """Keep a trial that may go on."""
        trial.paused, number = result, trial.ask.number
        self.paused[number] = trial
        if self.life.promotions is not None:
            self.life.promotions.pause(number, result.reports)

    def promoted(self) -> Trying | None:
        """Return the paused trial that is to go on before a new one begins."""
        promotions = self.life.promotions
        if not self.paused or promotions is None or not self.session.goes_on():
            return None
        chosen = promotions.choose(is_last=False)
        return None if chosen is None else self.paused.pop(chosen)

    def left(self) -> Trying | None:
        """Return the paused trial that goes on now that no new one may begin."""
        promotions = self.life.promotions
        if not self.paused or not self.session.goes_on():
            return None
        if promotions is None:
            return self.paused.pop(next(iter(self.paused)))
        chosen = None if self.n_jobs else promotions.choose(is_last=True)
        return None if chosen is None else self.paused.pop(chosen)
