"""The desk on Ray: an actor that answers reports of running trials.

It needs no processor, and answers while the process that thinks is busy; that one takes
the reports when it has the time.
"""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING

import ray
from ray.exceptions import RayError

from hpbridge.plugin import Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hpbridge.plugin import Job, Policy

    Report = tuple[int, int, float]


class Desk:
    """Answers reports by a policy, and keeps them until they are taken."""

    def __init__(self) -> None:
        self._reports: list[Report] = []
        self._has_news = asyncio.Event()
        self._answers: dict[int, Reply] = {}
        self._policies: dict[str, Policy] = {}

    async def report(
        self, job: int, trial: tuple[str, int], step: int, value: float
    ) -> Reply:
        """Return the answer to a report; `trial` is its study and number."""
        self._reports.append((job, step, value))
        self._has_news.set()
        if job in self._answers:
            return self._answers[job]
        study, number = trial
        policy = self._policies.get(study)
        if policy is None:
            return Reply.GO_ON
        return policy.report(number, step, value)

    async def take(self) -> list[Report]:
        """Return the reports that came since the last call, when there are any."""
        await self._has_news.wait()
        self._has_news.clear()
        reports, self._reports = self._reports, []
        return reports

    async def hurry(self) -> None:
        """Let `take` return with what there is."""
        self._has_news.set()

    async def answer(self, job: int, reply: Reply) -> None:
        """Answer a job so from now on."""
        self._answers[job] = reply

    async def decide_by(self, study: str, packed: bytes) -> None:
        """Let a policy answer a study's reports."""
        self._policies[study] = pickle.loads(packed)

    async def tell(self, study: str, what: str, about: tuple[Any, ...]) -> None:
        """Call a study's policy."""
        getattr(self._policies[study], what)(*about)


def asking(
    desk: Any, job: int, trial: tuple[str, int]
) -> Callable[[int, float], Reply]:
    """Return how a trial on an actor hands its reports to the desk.

    When the desk is gone, trials go on, and hand them over with their results.
    """

    def answer(step: int, value: float) -> Reply:
        try:
            reply: Reply = ray.get(desk.report.remote(job, trial, step, value))
        except RayError:
            return Reply.GO_ON
        return reply

    return answer


class DeskActor:
    """The desk, seen from the process that started it.

    Attributes:
        handle: The actor's.
        pending: What there is to wait for; None when the desk is gone.
    """

    def __init__(self) -> None:
        self.handle = ray.remote(num_cpus=0)(Desk).remote()
        self.pending: Any = self.handle.take.remote()
        self._of_policies: set[str] = set()

    def answer(self, job: Job, reply: Reply) -> None:
        """Let it answer a job so."""
        ray.get(self.handle.answer.remote(job.id, reply))

    def decide_by(self, study: str, policy: Policy) -> None:
        """Let it answer a study's reports by a policy."""
        import cloudpickle

        self._of_policies.add(study)
        ray.get(self.handle.decide_by.remote(study, cloudpickle.dumps(policy)))

    def tell(self, study: str, what: str, *about: Any) -> None:
        """Let it call a study's policy, where that has one."""
        if study in self._of_policies:
            ray.get(self.handle.tell.remote(study, what, about))

    def reports(self) -> list[Report]:
        """Return what `pending` has brought, and wait for more."""
        if self.pending is None:
            return []
        try:
            found: list[Report] = ray.get(self.pending)
        except RayError:
            self.pending = None
            return []
        self.pending = self.handle.take.remote()
        return found

    def sync(self) -> list[Report]:
        """Return all that was reported until now."""
        found: list[Report] = []
        # Twice: `pending` may have been answered before the last report came.
        for _ in range(2):
            if self.pending is not None:
                self.handle.hurry.remote()
                found += self.reports()
        return found

    def close(self) -> None:
        """End it."""
        ray.kill(self.handle)
