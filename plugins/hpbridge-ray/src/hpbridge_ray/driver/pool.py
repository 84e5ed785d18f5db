"""The driver ``ray``: our own Ray actors as a place to run trials.

There is no barrier: a free actor gets the next trial at once. An actor that dies costs
its trial and no more, and is replaced.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import (
    ActorDiedError,
    OutOfMemoryError,
    RayActorError,
    RayError,
)

from hpbridge.plugin import (
    Ended,
    ExperimentError,
    Lost,
    Paused,
    Refused,
    Reported,
    RunningLogs,
    describe_error,
    failed,
)
from hpbridge_ray.driver.actor import Runner, pack, why_lost
from hpbridge_ray.driver.cluster import ensure_ray, leave_ray, muted
from hpbridge_ray.driver.desk import DeskActor
from hpbridge_ray.driver.last_words import why_died
from hpbridge_ray.driver.output import what_is_lost
from hpbridge_ray.driver.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hpbridge.plugin import Experiment, Job, Message, Policy, Reply, Settings

# How often actors may die while they load an experiment, one after the other.
_MOST_FAILED_STARTS = 3


class _Group:
    """The actors of one experiment."""

    def __init__(self, experiment: Experiment, words: str) -> None:
        self.experiment = experiment
        # Not put into Ray's object store: where that is lost, Ray ends this process.
        self.packed = pack(experiment, words)
        self.starting: dict[Any, Any] = {}
        self.idle: list[Any] = []
        self.todo: deque[Job] = deque()
        self.n_failed_starts = 0
        self.error: ExperimentError | None = None

    def start(self, count: int) -> None:
        """Start so many actors."""
        for _ in range(count):
            actor = ray.remote(num_cpus=1)(Runner).remote(self.packed)
            self.starting[actor.check.remote()] = actor

    def refuse(self, problem: str) -> None:
        """Refuse all jobs, from now on."""
        self.error = ExperimentError.invalid(self.experiment.name, [problem])


@dataclass(frozen=True)
class _Task:
    """A job on an actor."""

    group: _Group
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
    """

    def __init__(
        self, experiment: Experiment, slots: int, watch: Watch, words: str
    ) -> None:
        self.slots = slots
        self._watch, self._words = watch, words
        self._groups = [_Group(experiment, words)]
        self._desk: DeskActor
        self._busy: dict[Any, _Task] = {}
        self._jobs: dict[int, Job] = {}
        self._logs = RunningLogs()
        self._messages: list[Message] = []

    def prepare(self, count: int) -> None:
        """Start so many actors for the first experiment, and the desk."""
        self._groups[0].start(count)
        self._desk = DeskActor()

    def start(self, job: Job) -> None:
        """Hand a job to the next free actor."""
        try:
            group = self._group_of(job.experiment)
        except ExperimentError as error:
            self._messages.append(Refused(job, error))
            return
        group.todo.append(job)
        self._dispatch(group)

    def _group_of(self, experiment: Experiment) -> _Group:
        for group in self._groups:
            if group.experiment is experiment:
                return group
        self._groups.append(_Group(experiment, self._words))
        return self._groups[-1]

    def _dispatch(self, group: _Group) -> None:
        if group.error is not None:
            self._messages += [Refused(job, group.error) for job in group.todo]
            group.todo.clear()
        while group.todo and group.idle:
            job, actor = group.todo.popleft(), group.idle.pop()
            line = self._desk.handle, job.id, job.study
            point = dict(job.params), job.number, job.seed
            how = job.timeout, job.log
            self._logs.begin(job.id, job.log)
            future = actor.run_job.remote(line, job.checkpoint, point, *how)
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
        if not self._messages and self._futures:
            ray.wait(self._futures, timeout=seconds)

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
        futures = self._futures
        if not futures:
            return messages
        ready, _ = ray.wait(futures, num_returns=len(futures), timeout=0)
        for future in ready:
            if future in self._busy:
                messages += self._take(future)
            elif future == self._desk.pending:
                messages += self._reported(self._desk.reports())
            elif any(future in group.starting for group in self._groups):
                self._welcome(future)
        return messages

    def _reported(self, reports: list[tuple[int, int, float]]) -> list[Message]:
        return [
            Reported(self._jobs[job], step, value)
            for job, step, value in reports
            if job in self._jobs
        ]

    def _welcome(self, future: Any) -> None:
        (group,) = [group for group in self._groups if future in group.starting]
        actor = group.starting.pop(future)
        try:
            problem = ray.get(future)
        except RayError as error:
            if self._watch.why() is not None:
                return
            group.n_failed_starts += 1
            if group.n_failed_starts == _MOST_FAILED_STARTS:
                why = self._why_not_loaded(error)
                group.refuse(f"a Ray actor died while it loaded it: {why}")
            return
        group.n_failed_starts = 0
        group.idle.append(actor)
        if problem is not None:
            group.refuse(problem)

    def _why_not_loaded(self, error: RayError) -> str:
        is_death = isinstance(error, ActorDiedError | OutOfMemoryError)
        if not is_death or "creation task" in str(error):
            return describe_error(error)
        return why_died(error, getattr(error, "actor_id", None), self._words)

    def _take(self, future: Any) -> list[Message]:
        task = self._busy.pop(future)
        job, started_at = task.job, task.started_at
        messages: list[Message] = []
        printed = b""
        try:
            run, checkpoint, printed = ray.get(future)
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

    def decide_by(self, policy: Policy) -> None:
        """Let a policy answer reports."""
        with self._at_the_desk():
            self._desk.decide_by(policy)

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


@contextlib.contextmanager
def open_actors(experiment: Experiment, settings: Settings) -> Iterator[Actors]:
    """Start actors, and end them when the context ends.

    Raises:
        DriverError: If there is no Ray.
        ExperimentError: If the experiment cannot be sent to them.
    """
    ensure_ray(settings.workers)
    with (
        muted(),
        Watch().running() as watch,
        tempfile.TemporaryDirectory(
            prefix="hpbridge-ray-", ignore_cleanup_errors=True
        ) as words,
    ):
        actors = Actors(experiment, settings.workers, watch, words)
        try:
            actors.prepare(min(settings.workers, settings.n_trials))
            yield actors
        finally:
            actors.close()
