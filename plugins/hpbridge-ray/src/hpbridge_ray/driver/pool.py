"""The driver ``ray``: our own Ray actors as a place to run trials.

There is no barrier: a free actor gets the next trial at once. An actor that dies costs
its trial and no more, and is replaced.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import tempfile
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import OutOfMemoryError, RayActorError, RayError

from hpbridge.plugin import (
    Ended,
    ExperimentError,
    Lost,
    Paused,
    Refused,
    Reported,
    RunningLogs,
    describe_error,
    driver_options,
    failed,
)
from hpbridge_ray.driver.actor import why_lost
from hpbridge_ray.driver.address import given
from hpbridge_ray.driver.cluster import ensure_ray, leave_ray, muted
from hpbridge_ray.driver.desk import DeskActor
from hpbridge_ray.driver.group import Group
from hpbridge_ray.driver.output import what_is_lost
from hpbridge_ray.driver.watch import Watch
from hpbridge_ray.driver.wishes import check_nodes, granted, local_cpus
from hpbridge_ray.options import RayOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hpbridge.plugin import Experiment, Job, Message, Policy, Reply, Settings

# Results of so many actors come one by one; of more, they are taken together.
_FEW = 4

_A_PROCESSOR = MappingProxyType({"num_cpus": 1})


@dataclass(frozen=True)
class _Task:
    """A job on an actor."""

    group: Group
    actor: Any
    job: Job
    started_at: float


class Actors:
    """Ray actors; those that die are replaced as jobs need them.

    Args:
        experiment: The first one's, for which actors are started at once.
        slots: How many jobs run at the same time.
        watch: Whether Ray is there.
        words: The folder of `LastWords`.
        wishes: What each of them is to have of Ray, as of ``ray.remote``.
    """

    def __init__(
        self,
        experiment: Experiment,
        slots: int,
        watch: Watch,
        words: str,
        wishes: Mapping[str, Any] = _A_PROCESSOR,
    ) -> None:
        self.slots = slots
        self._watch, self._words, self._wishes = watch, words, wishes
        self._first = experiment
        self._desk: DeskActor
        self._groups: list[Group] = []
        self._ready: list[Any] = []
        self._busy: dict[Any, _Task] = {}
        self._jobs: dict[int, Job] = {}
        self._logs = RunningLogs()
        self._messages: list[Message] = []

    def prepare(self, count: int) -> None:
        """Start the desk, and so many actors for the first experiment."""
        self._desk = DeskActor()
        self._group_of(self._first).start(count)

    def start(self, job: Job) -> None:
        """Hand a job to the next free actor."""
        try:
            group = self._group_of(job.experiment)
        except ExperimentError as error:
            self._messages.append(Refused(job, error))
            return
        group.todo.append(job)
        self._dispatch(group)

    def _group_of(self, experiment: Experiment) -> Group:
        for group in self._groups:
            if group.experiment is experiment:
                return group
        group = Group(experiment, self._words, self._wishes, self._desk)
        self._groups.append(group)
        return group

    def _dispatch(self, group: Group) -> None:
        if group.error is not None:
            self._messages += [Refused(job, group.error) for job in group.todo]
            group.todo.clear()
        while group.todo and group.idle:
            job, actor = group.todo.popleft(), group.idle.pop()
            what = job.id, job.study, job.checkpoint, job.point, job.timeout, job.log
            self._logs.begin(job.id, job.log)
            future = actor.run_job.remote(pickle.dumps(what))
            self._jobs[job.id] = job
            self._busy[future] = _Task(group, actor, job, time.time())
        missing = len(group.todo) - len(group.starting)
        if missing > 0:
            group.start(missing)

    def _make_room(self) -> None:
        """End idle actors where those of other experiments wait for their place."""
        n_actors = len(self._busy)
        n_actors += sum(len(g.idle) + len(g.starting) for g in self._groups)
        for group in self._groups:
            while group.idle and n_actors > self.slots:
                ray.kill(group.idle.pop())
                n_actors -= 1

    @property
    def _futures(self) -> list[Any]:
        starting = [future for group in self._groups for future in group.starting]
        desk = [] if self._desk.pending is None else [self._desk.pending]
        return [*starting, *self._busy, *desk]

    def wait(self, seconds: float) -> None:
        """Wait until there is something to take."""
        if self._watch.why() is not None:
            return
        for group in self._groups:
            self._dispatch(group)
        self._make_room()
        futures = self._futures
        if not self._messages and futures:
            self._ready, _ = ray.wait(futures, timeout=seconds)
            if len(futures) > _FEW:
                self._ready = _all_ready(futures)

    def messages(self) -> Iterable[Message]:
        """Return what has ended since the last call.

        Raises:
            ExecutorError: If Ray is gone, and all that had ended was returned.
        """
        self._logs.look()
        messages, self._messages = self._messages, []
        messages += self._news()
        if not messages:
            self._watch.check(leave_ray)
        return messages

    def _news(self) -> list[Message]:
        messages: list[Message] = []
        # What `wait` has seen: to look once more costs as much as a short trial.
        ready, self._ready = self._ready or _all_ready(self._futures), []
        for future in ready:
            if future in self._busy:
                messages += self._take(future)
            elif future == self._desk.pending:
                messages += self._reported(self._desk.reports())
            else:
                self._welcome(future)
        return messages

    def _reported(self, reports: list[tuple[int, int, float]]) -> list[Message]:
        return [
            Reported(self._jobs[job], step, value)
            for job, step, value in reports
            if job in self._jobs
        ]

    def _welcome(self, future: Any) -> None:
        for group in self._groups:
            if future in group.starting and self._watch.why() is None:
                group.welcome(future)

    def _take(self, future: Any) -> list[Message]:
        task = self._busy.pop(future)
        job, started_at = task.job, task.started_at
        messages: list[Message] = []
        printed = b""
        try:
            run, checkpoint, printed = pickle.loads(ray.get(future))
        except (RayActorError, OutOfMemoryError) as error:
            if self._watch.why() is not None:
                return []  # it is not the trial's fault, which runs again
            seconds = time.time() - started_at
            why = why_lost(seconds, job.timeout, error, self._words)
            actor = getattr(error, "actor_id", None)
            printed = what_is_lost(self._words, actor)
            # All that it reported while it lived is at the desk.
            messages += self._reported(self._desk.sync())
            messages.append(Lost(job, why, started_at, seconds, "lost"))
        except Exception as error:  # noqa: BLE001 - the result could not be sent
            task.group.idle.append(task.actor)
            messages.append(Ended(job, failed(describe_error(error), started_at)))
        else:
            task.group.idle.append(task.actor)
            is_over = checkpoint is None
            messages.append(
                Ended(job, run) if is_over else Paused(job, checkpoint, run)
            )
        finally:
            self._logs.end(job.id, printed)
        del self._jobs[job.id]
        return messages

    def answer(self, job: Job, reply: Reply) -> None:
        """Answer the job's reports so from now on."""
        with self._at_the_desk():
            self._desk.answer(job, reply)

    def decide_by(self, study: str, policy: Policy) -> None:
        """Let a policy answer a study's reports."""
        with self._at_the_desk():
            self._desk.decide_by(study, policy)

    def tell(self, study: str, what: str, *about: Any) -> None:
        """Call a study's policy."""
        with self._at_the_desk():
            self._desk.tell(study, what, *about)

    @contextlib.contextmanager
    def _at_the_desk(self) -> Iterator[None]:
        try:
            yield
        except RayError:
            self._watch.check(leave_ray)
            raise

    def cancel(self, job: Job) -> None:
        """End the actor that runs a job, or forget a job that none runs."""
        for future, task in list(self._busy.items()):
            if task.job is job:
                del self._busy[future], self._jobs[job.id]
                ray.kill(task.actor)
                self._logs.end(job.id)
        for group in self._groups:
            if job in group.todo:
                group.todo.remove(job)

    def close(self) -> None:
        """End every actor, running ones too."""
        if not ray.is_initialized():
            return  # they have gone with it
        actors = [task.actor for task in self._busy.values()]
        for group in self._groups:
            actors += [*group.starting.values(), *group.idle]
        for actor in actors:
            ray.kill(actor)
        self._desk.close()


def _all_ready(futures: list[Any]) -> list[Any]:
    if not futures:
        return []
    ready: list[Any] = ray.wait(futures, num_returns=len(futures), timeout=0)[0]
    return ready


@contextlib.contextmanager
def open_actors(experiment: Experiment, settings: Settings) -> Iterator[Actors]:
    """Start actors, and end them when the context ends.

    Raises:
        DriverError: If there is no Ray.
        ExperimentError: If the experiment cannot be sent to them.
    """
    options = driver_options(RayOptions, settings)
    n_cpus = local_cpus(options, settings.workers, os.cpu_count() or 1)
    ensure_ray(n_cpus, given(options.address))
    check_nodes(options)
    with (
        muted(),
        Watch().running() as watch,
        granted(options, settings.workers) as wishes,
        tempfile.TemporaryDirectory(
            prefix="hpbridge-ray-", ignore_cleanup_errors=True
        ) as words,
    ):
        actors = Actors(experiment, settings.workers, watch, words, wishes)
        try:
            actors.prepare(min(settings.workers, settings.n_trials))
            yield actors
        finally:
            actors.close()
