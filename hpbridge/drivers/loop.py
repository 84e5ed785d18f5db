"""The one loop over trials: every driver's, for one study or several at once.

It asks sessions for trials, hands them to an `Executor` as jobs, and hands what became
of them back. Whatever happens on the way, each result reaches its session: an error of
one session ends that session alone, and one that ends everything is raised when all
results that are there have been handed over.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any, Protocol

from hpbridge.contract.attempt import Run, failed
from hpbridge.contract.execution import (
    Ended,
    Job,
    Lost,
    Paused,
    Refused,
    Reported,
    Returned,
)
from hpbridge.drivers.interrupts import Interrupts
from hpbridge.drivers.joined import joined
from hpbridge.drivers.member import Member, Trying
from hpbridge.errors import HpbridgeError
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.contract.attempt import Checkpoint
    from hpbridge.contract.execution import Executor, Message, Policy
    from hpbridge.contract.promoting import Promotions
    from hpbridge.learning.session import Session

# How long to wait for messages before looking whether a process has died in silence.
_LOOK_SECONDS = 1.0

_ids = itertools.count(1)


class Life(Protocol):
    """A study that the loop may begin, and whose end it tells.

    Attributes:
        pruner: What answers its trials' reports, once it has begun; None for nothing.
        promotions: Says which paused trials go on; None where they do in turn.
    """

    pruner: Policy | None
    promotions: Promotions | None

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


class _Loop:
    def __init__(
        self, lives: Iterable[Life], executor: Executor, interrupts: Interrupts
    ) -> None:
        self._lives = iter(lives)
        self._executor, self._interrupts = executor, interrupts
        self._members: list[Member] = []
        self._running: dict[int, tuple[Job, Trying]] = {}
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
            member.life.end(joined(member.errors) or error)

    def _fill(self) -> None:
        while len(self._running) < self._executor.slots:
            trial = self._next()
            if trial is not None:
                self._start(trial)
            elif not self._begin():
                break
        # In virtual time it would be another study each time.
        if getattr(self._executor, "clock", None) is None:
            self._ask_ahead()

    def _ask_ahead(self) -> None:
        for member in self._members:
            try:
                member.ask_ahead()
            except HpbridgeError as error:
                member.errors.append(error)

    def _next(self) -> Trying | None:
        for member in self._members:
            try:
                trial = _next_of(member)
                if trial is None and member.is_stuck:
                    self._end_paused(member)
                    trial = _next_of(member)
            except HpbridgeError as error:
                member.errors.append(error)
                continue
            if trial is not None:
                return trial
        return None

    def _end_paused(self, member: Member) -> None:
        """End the trials that are paused, and that nobody lets go on."""
        for number, trial in [*member.paused.items()]:
            result, trial.paused = trial.paused, None
            del member.paused[number]
            if result is not None:
                self._close(trial, Run(result, trial.started_at, 0.0))

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
        if life.pruner is not None:
            self._executor.decide_by(session.writer.name, life.pruner)
        clock = getattr(self._executor, "clock", None)
        if clock is not None:
            clock.take(session)
        self._members.append(Member(life, session))
        self._interrupts.add(session)
        return True

    def _start(self, trial: Trying) -> None:
        ask, session = trial.ask, trial.member.session
        checkpoint = self._begin_or_go_on(trial)
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
            checkpoint,
            session.around(ask),
            session.writer.log_of(ask.number),
            ask.stage,
        )
        self._running[job.id] = job, trial
        trial.member.n_jobs += 1
        self._executor.start(job)

    def _begin_or_go_on(self, trial: Trying) -> Checkpoint:
        """Return where a trial goes on from; the pruner hears of it."""
        member, number = trial.member, trial.ask.number
        has_run = trial.n_attempts > 0
        paused, trial.paused = trial.paused, None
        trial.n_attempts += paused is None
        checkpoint = member.saved.start(trial.ask, trial.n_attempts, paused)
        trial.reports[:] = checkpoint.reports
        if has_run:
            self._tell(member, "begin_again", number)
        if paused is not None and member.life.promotions is not None:
            self._tell(member, "promote", number, trial.paused_at)
        if trial.reports:
            self._tell(member, "go_on", number, checkpoint.reports)
        return checkpoint

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
                if type(message) is not Refused:
                    self._start_early(trial.member)
                self._conclude(trial, message)
            except HpbridgeError as error:
                trial.member.errors.append(error)
            except BaseException as error:  # noqa: BLE001 - raised below
                errors.append(error)
        if errors:
            raise errors[0]

    def _start_early(self, member: Member) -> None:
        """Start what was asked ahead before the optimizer learns, perhaps for long."""
        if member.ahead is not None and member.starts_early:
            trial = member.take_ahead()
            if trial is not None:
                self._start(trial)

    def _conclude(self, trial: Trying, message: Message) -> None:
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
            self._pause(trial, message.run)
        elif type(message) is Refused:
            raise message.error
        elif type(message) is Returned:
            if trial.comes_back():
                trial.member.again.append(trial)
            else:
                why = f"{message.why}, {trial.n_attempts} times"
                self._close(trial, failed(why, time.time()))

    def _pause(self, trial: Trying, run: Run) -> None:
        """Take a trial that has paused, unless it is where it was."""
        run.attempts = trial.n_attempts
        reports = run.result.reports
        last = max((step for step, _ in reports), default=-1)
        if last <= trial.paused_at:
            error = f"it paused at step {trial.paused_at} and came no further after it"
            self._close(trial, failed(error, run.started_at, reports=reports))
            return
        trial.paused_at, trial.started_at = last, run.started_at
        trial.seconds += run.run_seconds
        run.run_seconds = trial.seconds
        trial.member.session.pause(trial.ask, run)
        trial.member.saved.pause(trial.ask.number)
        trial.member.pause(trial, run.result)

    def _finish(self, trial: Trying, run: Run) -> None:
        """Hand a result to its session, or let the trial run again if it may."""
        session = trial.member.session
        if (
            run.result.state is State.FAILED
            and trial.n_attempts - trial.n_returned <= session.settings.retries
            and session.stop_reason is None
            and not session.is_mismatch(run.result)
        ):
            trial.member.again.append(trial)
            return
        self._close(trial, run)

    def _close(self, trial: Trying, run: Run) -> None:
        """Hand what a trial has come to to its session."""
        member, session = trial.member, trial.member.session
        run.attempts = trial.n_attempts
        run.run_seconds += trial.seconds
        finished = session.finish(trial.ask, run)
        member.hear(finished)
        is_complete = finished.state is State.COMPLETE
        value = (
            finished.metrics[session.experiment.main_metric] if is_complete else None
        )
        self._tell(member, "end", finished.number, finished.state, value)
        if member.life.promotions is not None:
            reports, state = finished.reports, finished.state
            member.life.promotions.end(finished.number, reports, state)
        member.saved.end(finished)

    def _tell(self, member: Member, what: str, *about: Any) -> None:
        """Tell a study's pruner what becomes of a trial."""
        if member.life.pruner is not None:
            self._executor.tell(member.session.writer.name, what, *about)

    def _bury(self) -> None:
        """End the studies that are over, by themselves or with an error."""
        for member in [m for m in self._members if m.is_over or m.errors]:
            self._members.remove(member)
            for job, trial in list(self._running.values()):
                if trial.member is member:
                    del self._running[job.id]
                    self._executor.cancel(job)
            member.saved.close(is_finished=not (member.errors or member.paused))
            member.life.end(joined(member.errors))


def _next_of(member: Member) -> Trying | None:
    """Return the next trial of a study that may start now."""
    if member.is_over or member.errors:
        return None
    if member.again:
        return member.again.popleft()
    session = member.session
    if member.n_jobs >= session.settings.workers:
        return None
    promoted = member.promoted()
    if promoted is not None:
        return promoted
    trial = member.take_ahead() or member.ask()
    if trial is not None:
        return trial
    left = member.left()
    member.is_over = left is None and not (member.n_jobs or member.is_stuck)
    return left
