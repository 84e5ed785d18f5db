"""The one loop over trials: every driver's, for one study or several at once.

It asks sessions for trials, hands them to an `Executor` as jobs, and hands what became
of them back. Whatever happens on the way, each result reaches its session: an error of
one session ends that session alone, and one that ends everything is raised when all
results that are there have been handed over.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Protocol

from hpbridge.contract.attempt import Run, failed
from hpbridge.contract.execution import Ended, Job, Lost, Paused, Refused, Reported
from hpbridge.drivers.interrupts import Interrupts
from hpbridge.errors import HpbridgeError, StoreError
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.contract.attempt import Checkpoint
    from hpbridge.contract.execution import Executor, Message
    from hpbridge.learning.session import Ask, Session

# How long to wait for messages before looking whether a process has died in silence.
_LOOK_SECONDS = 1.0

_ids = itertools.count(1)


class Life(Protocol):
    """A study that the loop may begin, and whose end it tells."""

    def begin(self) -> Session:
        """Return the session that gives its trials.

        Raises:
            HpbridgeError: If it cannot begin.
        """

    def end(self, error: BaseException | None) -> None:
        """Take note that it is over: by itself, or with an error, begun or not."""


def drive(lives: Iterable[Life], executor: Executor) -> None:
    """Run studies to their end.

    As many run at once as keep the executor's slots busy, each with as many trials as
    its own settings allow: the next one begins when none of the others has a trial to
    start. What each of them proposes is the same as if it ran alone.

    An `HpbridgeError` of a study is told to its `Life.end` and to nobody else.

    Raises:
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    with Interrupts() as interrupts:
        loop = _Loop(lives, executor, interrupts)
        try:
            while loop.step():
                pass
        except BaseException as error:  # raised again
            loop.abandon(error)
            raise


class _Trial:
    """A trial while it runs, is to run again, or is paused."""

    __slots__ = ("ask", "checkpoint", "member", "n_attempts", "reports", "seconds")

    def __init__(self, member: _Member, ask: Ask) -> None:
        self.member, self.ask = member, ask
        self.n_attempts = 0
        self.reports: list[tuple[int, float]] = []
        self.checkpoint: Checkpoint | None = None
        self.seconds = 0.0  # that it ran before it was paused


class _Member:
    """A study that runs."""

    def __init__(self, life: Life, session: Session) -> None:
        self.life, self.session = life, session
        self.n_jobs = 0
        self.again: deque[_Trial] = deque()
        self.paused: deque[_Trial] = deque()
        self.is_over = False
        self.errors: list[HpbridgeError] = []


class _Loop:
    def __init__(
        self, lives: Iterable[Life], executor: Executor, interrupts: Interrupts
    ) -> None:
        self._lives = iter(lives)
        self._executor, self._interrupts = executor, interrupts
        self._members: list[_Member] = []
        self._running: dict[int, tuple[Job, _Trial]] = {}
        self._may_begin = True

    def step(self) -> bool:
        """Start what may start, and take what there is; say whether to go on."""
        try:
            with self._interrupts.allowed():
                self._fill()
                if self._running:
                    self._executor.wait(_LOOK_SECONDS)
        finally:
            # Also when a signal came between a trial's end and here.
            if self._running:
                self._take(self._executor.messages())
        self._bury()
        return bool(self._members) or self._may_begin

    def abandon(self, error: BaseException) -> None:
        """Tell every study that runs that all is over."""
        for member in self._members:
            member.life.end(_joined(member.errors) or error)

    def _fill(self) -> None:
        while len(self._running) < self._executor.slots:
            trial = self._next()
            if trial is not None:
                self._start(trial)
            elif not self._begin():
                return

    def _next(self) -> _Trial | None:
        for member in self._members:
            try:
                trial = _next_of(member)
            except HpbridgeError as error:
                member.errors.append(error)
                continue
            if trial is not None:
                return trial
        return None

    def _begin(self) -> bool:
        """Begin the next study; say whether there was one."""
        life = next(self._lives, None) if self._may_begin else None
        if life is None:
            self._may_begin = False
            return False
        try:
            session = life.begin()
        except BaseException as error:  # raised again
            life.end(error)
            if not isinstance(error, HpbridgeError):
                raise
            return True
        self._members.append(_Member(life, session))
        self._interrupts.add(session)
        return True

    def _start(self, trial: _Trial) -> None:
        ask, session = trial.ask, trial.member.session
        trial.n_attempts += trial.checkpoint is None
        job = Job(
            next(_ids),
            session.experiment,
            session.writer.name,
            ask.number,
            ask.params,
            ask.seed,
            trial.n_attempts,
            session.settings.timeout_trial,
            None,
            trial.checkpoint,
            session.around(ask),
            session.writer.log_of(ask.number),
        )
        self._running[job.id] = job, trial
        trial.member.n_jobs += 1
        self._executor.start(job)

    def _take(self, messages: Iterable[Message]) -> None:
        """Hand on each message, whatever becomes of another."""
        errors: list[BaseException] = []
        for message in messages:
            found = self._running.get(message.job.id)
            if found is None:
                continue  # late, or once more
            _, trial = found
            if type(message) is Reported:
                trial.reports.append((message.step, message.value))
                continue
            del self._running[message.job.id]
            trial.member.n_jobs -= 1
            try:
                self._conclude(trial, message)
            except HpbridgeError as error:
                trial.member.errors.append(error)
            except BaseException as error:  # noqa: BLE001 - raised below
                errors.append(error)
        if errors:
            raise errors[0]

    def _conclude(self, trial: _Trial, message: Message) -> None:
        if type(message) is Ended:
            self._finish(trial, message.run)
        elif type(message) is Lost:
            lost = failed(
                message.why,
                message.started_at,
                run_seconds=message.run_seconds,
                worker=message.worker,
                reports=tuple(trial.reports),
            )
            self._finish(trial, lost)
        elif type(message) is Paused:
            trial.checkpoint = message.checkpoint
            trial.seconds += message.run.run_seconds
            trial.member.paused.append(trial)
        elif type(message) is Refused:
            raise message.error

    def _finish(self, trial: _Trial, run: Run) -> None:
        """Hand a result to its session, or let the trial run again if it may."""
        session = trial.member.session
        run.attempts = trial.n_attempts
        if (
            run.result.state is State.FAILED
            and trial.n_attempts <= session.settings.retries
            and session.stop_reason is None
            and not session.is_mismatch(run.result)
        ):
            trial.reports.clear()
            trial.checkpoint = None
            trial.member.again.append(trial)
            return
        run.run_seconds += trial.seconds
        session.finish(trial.ask, run)

    def _bury(self) -> None:
        """End the studies that are over, by themselves or with an error."""
        for member in [m for m in self._members if m.is_over or m.errors]:
            self._members.remove(member)
            for job, trial in list(self._running.values()):
                if trial.member is member:
                    del self._running[job.id]
                    self._executor.cancel(job)
            member.life.end(_joined(member.errors))


def _next_of(member: _Member) -> _Trial | None:
    """Return the next trial of a study that may start now."""
    if member.is_over or member.errors:
        return None
    if member.again:
        return member.again.popleft()
    session = member.session
    if member.n_jobs >= session.settings.workers:
        return None
    ask = session.next()
    if ask is not None:
        return _Trial(member, ask)
    if member.paused:  # nothing new may start: what was put off has its turn
        return member.paused.popleft()
    member.is_over = member.n_jobs == 0
    return None


def _joined(errors: list[HpbridgeError]) -> HpbridgeError | None:
    """Return one error for several; each trial that could not be saved is in it."""
    unsaved = [error for error in errors if isinstance(error, StoreError)]
    if len(unsaved) > 1:
        first = unsaved[0]
        problems = [p for error in unsaved for p in error.problems]
        heads = [e.brief for e in unsaved if e.headline != first.headline]
        joined = first.but(problems=list(dict.fromkeys([*problems, *heads])))
        joined.__cause__ = first
        return joined
    return (unsaved or errors or [None])[0]
