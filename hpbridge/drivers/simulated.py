"""Trials in virtual time: as many at once as are wanted, and nobody waits for them.

Each trial runs in this process, from one report to the next, and how long it takes is
what it states with `Trial.took`. What it says is handed on in the order of virtual
time, which jumps from one such moment to the next: a report is answered by the policy
as it stands at that moment, and a slot is free when its trial has ended there. The
study's own process takes no virtual time, or as much as it really takes.
"""

from __future__ import annotations

import heapq
import itertools
import time
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Reply
from hpbridge.contract.execution import Ended, Lost, Paused, Refused, Reported
from hpbridge.drivers.stepwise_thread import StepwiseThread
from hpbridge.errors import HpbridgeError, PrunerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hpbridge.contract.execution import Job, Message, Policy
    from hpbridge.drivers.virtual_clock import VirtualClock
    from hpbridge.experiment import Experiment

_UNSTATED = (
    "trials that state no time, with `trial.took(seconds)`, take what they really took "
    "in this process"
)


class _Running:
    """A job that runs, or waits for its answer at a moment that is still to come."""

    __slots__ = ("at", "is_late", "job", "place", "started", "thread")

    def __init__(
        self, job: Job, started: float, place: int, thread: StepwiseThread
    ) -> None:
        self.job, self.started, self.at = job, started, started
        self.place, self.thread = place, thread
        self.is_late = False  # it takes longer than it may


class Simulated:
    """An executor in virtual time.

    Args:
        slots: How many trials run at the same time there.
        clock: Of its studies.
        played: ``played(job)``: what stands in for the experiment of a job, whose own
            objective is not to run.
    """

    def __init__(
        self,
        slots: int,
        clock: VirtualClock,
        played: Callable[[Job], Experiment] | None = None,
    ) -> None:
        self.slots, self.clock = slots, clock
        self._played = played
        self._idle: list[StepwiseThread] = []
        self._places = list(range(slots))
        self._events: list[tuple[float, int, _Running]] = []
        self._orders = itertools.count()
        self._running: dict[int, _Running] = {}
        self._messages: list[Message] = []
        self._has_end = False
        self._policies: dict[str, Policy] = {}
        self._replies: dict[int, Reply] = {}

    def start(self, job: Job) -> None:
        """Run a job to its first report."""
        self.clock.stop()
        try:
            self._start(job)
        finally:
            self.clock.start()

    def _start(self, job: Job) -> None:
        try:
            played = self._played
            experiment = job.experiment if played is None else played(job)
        except HpbridgeError as error:
            self._messages.append(Refused(job, error))
            self._has_end = True
            return
        thread = self._idle.pop() if self._idle else StepwiseThread()
        place = heapq.heappop(self._places)
        running = _Running(job, self.clock.at, place, thread)
        self._running[job.id] = running
        thread.begin(job, experiment)
        self._expect(running)

    def _expect(self, running: _Running) -> None:
        """Put what a trial says next where it comes in time."""
        limit = running.job.timeout
        running.at += running.thread.seconds
        if limit is not None and running.at > running.started + limit:
            running.at, running.is_late = running.started + limit, True
        heapq.heappush(self._events, (running.at, next(self._orders), running))

    def wait(self, seconds: float) -> None:
        """Go on to the moment at which a trial ends; say what is said by then."""
        self.clock.stop()
        until = time.perf_counter() + seconds
        try:
            self._go_to(self.clock.at)
            while self._events and not self._has_end and time.perf_counter() < until:
                self.clock.reach(self._events[0][0])
                self._say_next()
        finally:
            self.clock.start()

    def _go_to(self, moment: float) -> None:
        """Say what there is to be said until a moment."""
        while self._events and self._events[0][0] <= moment:
            self._say_next()

    def _say_next(self) -> None:
        """Say what comes next in time; it is taken away when that is done."""
        running = self._events[0][2]
        job, thread = running.job, running.thread
        if job.id in self._running:
            if running.is_late or thread.report is None:
                self._end(running)
            else:
                self._messages.append(Reported(job, *thread.report))
                thread.go_on(self._reply(job, *thread.report))
                self._expect(running)
        # What was put in meanwhile is not before it.
        heapq.heappop(self._events)

    def _reply(self, job: Job, step: int, value: float) -> Reply:
        if job.id in self._replies:
            return self._replies[job.id]
        policy = self._policies.get(job.study)
        if policy is None:
            return Reply.GO_ON
        try:
            return policy.report(job.number, step, value)
        except Exception as error:  # noqa: BLE001 - it may be anybody's
            self._messages.append(Refused(job, PrunerError.failed(job.study, error)))
            self._has_end = True
            return Reply.STOP

    def _end(self, running: _Running) -> None:
        error = running.thread.error
        if error is not None and not isinstance(error, HpbridgeError):
            raise error
        self._messages.append(self._last_of(running))
        self._has_end = True
        self._free(running)

    def _last_of(self, running: _Running) -> Message:
        """Return what became of a job."""
        job, thread = running.job, running.thread
        worker = f"simulated-{running.place}"
        started_at = self.clock.moment(running.started)
        if running.is_late:
            why = f"took longer than {job.timeout:g} seconds; ended"
            return Lost(job, why, started_at, job.timeout or 0.0, worker)
        if not thread.has_stated:
            self.clock.note(job.study, _UNSTATED)
        if isinstance(thread.error, HpbridgeError):
            return Refused(job, thread.error)
        run = thread.run
        assert run is not None
        run.started_at, run.worker = started_at, worker
        run.run_seconds = running.at - running.started
        checkpoint = thread.checkpoint
        return Ended(job, run) if checkpoint is None else Paused(job, checkpoint, run)

    def _free(self, running: _Running) -> None:
        """Take the slot from a job."""
        del self._running[running.job.id]
        self._replies.pop(running.job.id, None)
        heapq.heappush(self._places, running.place)
        running.thread.cancel()
        self._idle.append(running.thread)

    def messages(self) -> Iterable[Message]:
        """Return what was said until the moment that it is."""
        messages, self._messages = self._messages, []
        self._has_end = False
        return messages

    def answer(self, job: Job, reply: Reply) -> None:
        """Answer the job's reports so from now on."""
        self._replies[job.id] = reply

    def decide_by(self, study: str, policy: Policy) -> None:
        """Let a policy answer a study's reports."""
        self._policies[study] = policy

    def tell(self, study: str, what: str, *about: Any) -> None:
        """Call a study's policy; what was reported before this moment comes first."""
        policy = self._policies.get(study)
        if policy is None:
            return
        self.clock.stop()
        try:
            self._go_to(self.clock.at)
            getattr(policy, what)(*about)
        except HpbridgeError:
            raise
        except Exception as error:  # it may be anybody's; raised in a sentence
            raise PrunerError.failed(study, error) from error
        finally:
            self.clock.start()

    def cancel(self, job: Job) -> None:
        """Forget a job; what it reports next ends it."""
        running = self._running.get(job.id)
        if running is not None:
            self._free(running)

    def close(self) -> None:
        """End all threads."""
        for running in list(self._running.values()):
            self._free(running)
        for thread in self._idle:
            thread.close()
