"""Trials in this process, one after the other, by direct calls.

Nothing is between the loop and the objective, so that a debugger works and a trial
costs little more than the objective itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Reply
from hpbridge.contract.execution import Ended, Paused, Refused, Reported
from hpbridge.drivers.objective import Attempt
from hpbridge.errors import HpbridgeError, PrunerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.contract.execution import Job, Message, Policy


class InProcess:
    """An executor with one slot: here."""

    slots = 1

    def __init__(self) -> None:
        self._job: Job | None = None
        self._messages: list[Message] = []
        self._policies: dict[str, Policy] = {}
        self._replies: dict[int, Reply] = {}

    def start(self, job: Job) -> None:
        """Keep a job for `wait`, which runs it."""
        self._job = job

    def wait(self, seconds: float) -> None:  # noqa: ARG002 - as long as the job takes
        """Run the job that was started."""
        job, self._job = self._job, None
        if job is None:
            return

        def answer(step: int, value: float) -> Reply:
            self._messages.append(Reported(job, step, value))
            return self._reply(job, step, value)

        attempt = Attempt(answer, job.checkpoint, hears_ctrl_c=True)
        try:
            run = attempt.run(job.experiment, job.point, "main", job.around)
        except HpbridgeError as error:
            self._messages.append(Refused(job, error))
            return
        checkpoint = attempt.pause(run)
        self._messages.append(
            Ended(job, run) if checkpoint is None else Paused(job, checkpoint, run)
        )

    def _reply(self, job: Job, step: int, value: float) -> Reply:
        if job.id in self._replies:
            return self._replies[job.id]
        policy = self._policies.get(job.study)
        if policy is None:
            return Reply.GO_ON
        try:
            return policy.report(job.number, step, value)
        except Exception as error:  # noqa: BLE001 - it may be anybody's
            refusal = PrunerError.failed(job.study, error)
            self._messages.append(Refused(job, refusal))
            return Reply.STOP

    def messages(self) -> Iterable[Message]:
        """Return what became of the job that has run."""
        messages, self._messages = self._messages, []
        return messages

    def answer(self, job: Job, reply: Reply) -> None:
        """Answer the job's reports so from now on."""
        self._replies[job.id] = reply

    def decide_by(self, study: str, policy: Policy) -> None:
        """Let a policy answer a study's reports."""
        self._policies[study] = policy

    def tell(self, study: str, what: str, *about: Any) -> None:
        """Call a study's policy."""
        if study not in self._policies:
            return
        try:
            getattr(self._policies[study], what)(*about)
        except Exception as error:  # it may be anybody's; raised in a sentence
            raise PrunerError.failed(study, error) from error

    def cancel(self, job: Job) -> None:
        """Forget a job that has not begun."""
        if self._job is job:
            self._job = None
