"""The driver ``ray``: a pool of our own Ray actors.

There is no barrier: a free actor gets the next trial at once. An actor that dies costs
its trial and no more, and is replaced.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayError

from hpbridge.plugin import ExperimentError, Interrupts, State, describe_error, failed
from hpbridge_ray.driver.actor import Runner, lost, pack
from hpbridge_ray.driver.cluster import ensure_ray, muted

if TYPE_CHECKING:
    from hpbridge.plugin import Ask, Run, Session, Settings

# How often actors may die while they load the experiment, one after the other.
_MOST_FAILED_STARTS = 3
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class _Task:
    """A trial on an actor."""

    actor: Any
    ask: Ask
    started_at: float


class _Pool:
    """Ray actors that run one session's trials."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._name = session.experiment.name
        self._settings = settings
        self._packed = ray.put(pack(session.experiment, settings.timeout_trial))
        self._starting: dict[Any, Any] = {}
        self._idle: list[Any] = []
        self._busy: dict[Any, _Task] = {}
        self._again: deque[Ask] = deque()
        self._attempts: dict[int, int] = {}
        self._failed_starts = 0

    def start(self, count: int) -> None:
        """Start so many actors."""
        for _ in range(count):
            actor = ray.remote(num_cpus=1)(Runner).remote(self._packed)
            self._starting[actor.check.remote()] = actor

    def start_trials(self, session: Session) -> bool:
        """Give every idle actor a trial; say whether there may be more to give."""
        while self._idle:
            ask = self._again.popleft() if self._again else session.next()
            if ask is None:
                return False
            actor = self._idle.pop()
            self._attempts[ask.number] = self._attempts.get(ask.number, 0) + 1
            future = actor.run.remote(ask.params, ask.number, ask.seed)
            self._busy[future] = _Task(actor, ask, time.time())
        return True

    def wait(self) -> None:
        """Wait until there is something to take. Takes nothing: may be interrupted."""
        ray.wait([*self._starting, *self._busy], timeout=_LOOK_SECONDS)

    def take_ended(self) -> list[tuple[Ask, Run]]:
        """Return the trials that have ended since the last call.

        Raises:
            ExperimentError: If the experiment cannot be loaded on an actor.
        """
        futures = [*self._starting, *self._busy]
        if not futures:
            return []
        ready, _ = ray.wait(futures, num_returns=len(futures), timeout=0)
        for future in ready:
            if future in self._starting:
                self._welcome(future)
        return [self._take(future) for future in ready if future in self._busy]

    def _welcome(self, future: Any) -> None:
        actor = self._starting.pop(future)
        try:
            problem = ray.get(future)
        except RayError as error:
            self._failed_starts += 1
            if self._failed_starts == _MOST_FAILED_STARTS:
                text = f"a Ray actor died while it loaded it: {describe_error(error)}"
                raise ExperimentError.invalid(self._name, [text]) from error
            self.start(1)
            return
        if problem is not None:
            raise ExperimentError.invalid(self._name, [problem])
        self._failed_starts = 0
        self._idle.append(actor)

    def _take(self, future: Any) -> tuple[Ask, Run]:
        task = self._busy.pop(future)
        try:
            run: Run = ray.get(future)
        except ray.exceptions.RayActorError:
            seconds = time.time() - task.started_at
            run = lost(task.started_at, seconds, self._settings.timeout_trial)
            self.start(1)
        except Exception as error:  # noqa: BLE001 - the result could not be sent
            run = failed(describe_error(error), task.started_at)
            self._idle.append(task.actor)
        else:
            self._idle.append(task.actor)
        run.attempts = self._attempts[task.ask.number]
        return task.ask, run

    def may_retry(self, run: Run) -> bool:
        """Say whether a trial failed and has tries left."""
        is_failed = run.result.state is State.FAILED
        return is_failed and run.attempts <= self._settings.retries

    def retry(self, ask: Ask) -> None:
        """Run a trial again before any other."""
        self._again.append(ask)

    def close(self) -> None:
        """End every actor, running ones too."""
        busy = [task.actor for task in self._busy.values()]
        for actor in [*self._starting.values(), *self._idle, *busy]:
            ray.kill(actor)


def run_on_actors(session: Session, settings: Settings) -> None:
    """Run a session to its end on Ray actors.

    Raises:
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    ensure_ray(settings.workers)
    pool = _Pool(session, settings)
    try:
        with muted(), Interrupts(session) as interrupts:
            left = settings.n_trials - len(session.finished)
            pool.start(min(settings.workers, left))
            while _run_some(session, pool, interrupts):
                pass
    finally:
        pool.close()


def _run_some(session: Session, pool: _Pool, interrupts: Interrupts) -> bool:
    """Start what may start, and take what has ended; say whether to go on."""
    try:
        with interrupts.allowed():
            if not pool.start_trials(session) and session.n_running == 0:
                return False
            pool.wait()
    finally:
        # Also when a signal came between a trial's end and here.
        _take(session, pool)
    return True


def _take(session: Session, pool: _Pool) -> None:
    """Hand results to the session: each of them, whatever becomes of another."""
    errors: list[Exception] = []
    for ask, run in pool.take_ended():
        if pool.may_retry(run) and session.stop_reason is None:
            pool.retry(ask)
            continue
        try:
            session.finish(ask, run)
        except Exception as error:  # noqa: BLE001 - raised below
            errors.append(error)
    if errors:
        raise errors[0]
