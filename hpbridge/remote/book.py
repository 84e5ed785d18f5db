"""What a reception keeps: agents, the jobs that wait for one, and who runs which.

Everything may come late, twice or never. A job is of one agent at a time; what another
one says of it is ignored, and so is what is said once more. An agent that asks again
for a job that it was given is given the same. One that is away for too long loses its
job, and is a stranger when it comes back.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Reply

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from hpbridge.contract.execution import Policy

HOLD_SECONDS = 10.0
"""How long a request waits for news at most."""

GONE_SECONDS = 5.0
"""How long an agent whose connection broke may take to come again."""

SILENT_SECONDS = 15.0
"""How long an agent may let nothing be heard, with no request that waits."""

(
    JOB,
    CANCEL,
    ANSWER,
    POLICY,
    TELL,
    EXPERIMENT,
    CLOSE,
) = "job", "cancel", "answer", "policy", "tell", "experiment", "close"
"""What a reception is told by the study's process."""

SAID, REPORTED, LOST, RETURNED, JOINED, LEFT, TURNED, FAULT = (
    "said",
    "reported",
    "lost",
    "returned",
    "joined",
    "left",
    "turned",
    "fault",
)
"""What it tells that process."""


@dataclass(slots=True)
class Order:
    """A job that waits, or that an agent has.

    Attributes:
        data: The job as JSON text.
        n_reports: How many of its reports have come.
        reply: To the last one.
    """

    id: int
    study: str
    number: int
    data: bytes
    n_reports: int = 0
    reply: int = Reply.GO_ON.value
    given_at: float = 0.0


@dataclass(slots=True, eq=False)
class Member:
    """An agent that has joined.

    Attributes:
        name: That it gave itself.
        host: Of its machine.
        worker: What trials' records call it.
        order: What it runs.
        cancelled: The job that it is to end, although it is no longer its.
        seen_at: When something was last heard, on the monotonic clock.
        n_open: Its requests that wait for news.
        gone_at: When its connection broke, if it did.
        next: What wakes its request for a job.
        watch: What wakes its request for news.
    """

    name: str
    host: str
    worker: str
    order: Order | None = None
    cancelled: int | None = None
    seen_at: float = field(default_factory=time.monotonic)
    n_open: int = 0
    gone_at: float | None = None
    next: asyncio.Future[None] | None = None
    watch: asyncio.Future[None] | None = None


class Book:
    """Agents and jobs.

    Args:
        say: Hands a message to the study's process.
        gone_seconds: How long an agent whose connection broke may take to come again.

    Attributes:
        incarnation: Tells this reception from an earlier one at the same address.
        is_closing: Whether agents are to leave.
    """

    def __init__(
        self, say: Callable[..., None], gone_seconds: float = GONE_SECONDS
    ) -> None:
        self._say, self._gone_seconds = say, gone_seconds
        self.incarnation = secrets.token_hex(8)
        self.is_closing = False
        self.members: dict[str, Member] = {}
        self._orders: deque[Order] = deque()
        self._policies: dict[str, Policy | None] = {}
        self._answers: dict[int, int] = {}
        self._looked_at = time.monotonic()

    def join(self, name: str, host: str, worker: str, running: int | None) -> bool:
        """Take an agent in, new or again; say whether what it runs is still its job."""
        member = self.members.get(name)
        if member is None:
            member = self.members[name] = Member(name, host, worker)
            self._say(JOINED, worker)
        self.hear(member)
        return member.order is not None and member.order.id == running

    def hear(self, member: Member) -> None:
        """Take note that an agent is there."""
        member.seen_at, member.gone_at = time.monotonic(), None

    def leave(self, member: Member, why: str, *, by_itself: bool = False) -> None:
        """Let an agent go; a job that it had is lost, or given back."""
        self.members.pop(member.name, None)
        for waiting in (member.next, member.watch):
            _wake(waiting)
        order, member.order = member.order, None
        if order is not None and by_itself:
            self._answers.pop(order.id, None)
            self._say(RETURNED, order.id, why)
        elif order is not None:
            self._lose(order, member, why)
        self._say(LEFT, member.worker, why)

    def _lose(self, order: Order, member: Member, why: str) -> None:
        self._answers.pop(order.id, None)
        seconds = time.time() - order.given_at
        self._say(LOST, order.id, why, order.given_at, seconds, member.worker)

    def give(self, order: Order) -> None:
        """Queue a job, and wake an agent for it."""
        self._orders.append(order)
        self.wake_one()

    def give_back(self, member: Member) -> None:
        """Queue a job again that its agent has not been sent."""
        order, member.order = member.order, None
        if order is not None:
            self._orders.appendleft(order)
            self.wake_one()

    def wake_one(self) -> None:
        """Wake an agent that waits for a job, if one waits still."""
        for member in self.members.values():
            if member.next is not None and not member.next.done():
                member.next.set_result(None)
                return

    def next_for(self, member: Member) -> Order | None:
        """Return the job that an agent is to run, if there is one."""
        if member.order is None and self._orders and not self.is_closing:
            member.order = self._orders.popleft()
            member.order.given_at = time.time()
        return member.order

    def take(self, member: Member, job: int, said: dict[str, Any]) -> None:
        """Hand on what became of a job, unless it is no longer the agent's."""
        if member.cancelled == job:
            member.cancelled = None
        order = member.order
        if order is None or order.id != job:
            return  # late, or once more
        member.order = None
        self._answers.pop(job, None)
        self._say(SAID, job, said)

    def cancel(self, job: int) -> None:
        """Let a job be ended, whoever has it."""
        self._answers.pop(job, None)
        for order in self._orders:
            if order.id == job:
                self._orders.remove(order)
                return
        for member in self.members.values():
            if member.order is not None and member.order.id == job:
                member.order, member.cancelled = None, job
                _wake(member.watch)
                return

    def close(self) -> None:
        """Let all agents leave."""
        self.is_closing = True
        for member in self.members.values():
            _wake(member.next)
            _wake(member.watch)

    def reap(self) -> None:
        """Lose what agents have that are away for too long."""
        now = time.monotonic()
        late, self._looked_at = now - self._looked_at, now
        for member in list(self.members.values()):
            if late > GONE_SECONDS:  # this machine slept, or stood still: not they
                member.seen_at += late
                if member.gone_at is not None:
                    member.gone_at += late
            since = member.gone_at
            if since is not None and now - since > self._gone_seconds:
                self.leave(member, f"its agent {member.worker} is gone")
            elif not member.n_open and now - member.seen_at > SILENT_SECONDS:
                why = f"nothing was heard of its agent {member.worker} for "
                self.leave(member, f"{why}{SILENT_SECONDS:g} seconds")

    def answer(self, job: int, reply: int) -> None:
        """Answer a job's reports so from now on."""
        self._answers[job] = reply

    def decide_by(self, study: str, policy: Policy) -> None:
        """Let a policy answer a study's reports."""
        self._policies[study] = policy

    def tell(self, study: str, what: str, about: tuple[Any, ...]) -> None:
        """Call a study's policy."""
        policy = self._policies.get(study)
        if policy is not None:
            try:
                getattr(policy, what)(*about)
            except Exception:  # noqa: BLE001 - it may be anybody's
                self._do_without(study)

    def report(
        self, member: Member, job: int, reports: Iterable[tuple[int, int, float]]
    ) -> int:
        """Return the answer to the last of some reports: (place, step, value) each."""
        order = member.order
        if order is None or order.id != job:
            return Reply.GO_ON.value  # nobody waits for it; its agent will end it
        for place, step, value in reports:
            if place == order.n_reports:  # others have come before
                order.n_reports += 1
                self._say(REPORTED, job, step, value)
                order.reply = self._reply(order, step, value)
        return order.reply

    def _reply(self, order: Order, step: int, value: float) -> int:
        answer = self._answers.get(order.id)
        if answer is not None:
            return answer
        policy = self._policies.get(order.study)
        if policy is None:
            return Reply.GO_ON.value
        try:
            return int(policy.report(order.number, step, value).value)
        except Exception:  # noqa: BLE001 - it may be anybody's
            self._do_without(order.study)
            return Reply.GO_ON.value

    def _do_without(self, study: str) -> None:
        """Do without a policy that raised, and say so."""
        import sys

        sys.excepthook(*sys.exc_info())
        self._policies[study] = None
        self._say(FAULT, study)


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
