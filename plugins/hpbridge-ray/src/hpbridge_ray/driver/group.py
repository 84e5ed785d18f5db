"""The actors of one experiment: started, and refused where they cannot be."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import (
    ActorDiedError,
    OutOfMemoryError,
    RayError,
    RuntimeEnvSetupError,
)

from hpbridge.plugin import describe_error
from hpbridge_ray.driver.actor import Runner, pack
from hpbridge_ray.driver.last_words import why_died
from hpbridge_ray.driver.missing import refusal, why_not_loaded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Experiment, ExperimentError, Job
    from hpbridge_ray.driver.desk import DeskActor

# How often actors may die while they load an experiment, one after the other.
_MOST_FAILED_STARTS = 3

# Up to here an argument is sent with the call; beyond, Ray stores it.
_INLINE_BYTES = 100_000


class Group:
    """The actors of one experiment.

    Args:
        experiment: That they run.
        words: The folder of `LastWords`.
        wishes: What each of them is to have of Ray, as of ``ray.remote``.
        desk: Answers the reports of their trials.

    Attributes:
        error: Why no job of the experiment can run.
    """

    def __init__(
        self,
        experiment: Experiment,
        words: str,
        wishes: Mapping[str, Any],
        desk: DeskActor,
    ) -> None:
        self.experiment, self._words = experiment, words
        self._desk = desk
        self._class = ray.remote(**wishes)(Runner)
        self._packed: Any = pack(experiment, words)
        if len(self._packed) > _INLINE_BYTES:
            # Once for all actors, and once for each node. Ray would store it for each
            # of them otherwise. What is small stays out of the store: where that is
            # lost, Ray ends this process.
            self._packed = ray.put(self._packed)
        self.starting: dict[Any, Any] = {}
        self.idle: list[Any] = []
        self.todo: deque[Job] = deque()
        self._n_failed_starts = 0
        self.error: ExperimentError | None = None

    def start(self, count: int) -> None:
        """Start so many actors."""
        for _ in range(count):
            actor = self._class.remote(self._packed, self._desk.handle)
            self.starting[actor.check.remote()] = actor

    def welcome(self, future: Any) -> None:
        """Take an actor that has loaded the experiment, or why none can."""
        actor = self.starting.pop(future)
        try:
            problem = ray.get(future)
        except RuntimeEnvSetupError as error:
            self._refuse(f"its runtime_env cannot be set up: {_last_line(error)}")
            return
        except RayError as error:
            self._n_failed_starts += 1
            missing = why_not_loaded(str(error))
            if missing is not None:
                self._refuse(missing)
            elif self._n_failed_starts == _MOST_FAILED_STARTS:
                why = self._why_not_loaded(error)
                self._refuse(f"a Ray actor died while it loaded it: {why}")
            return
        self._n_failed_starts = 0
        self.idle.append(actor)
        if problem is not None:
            self._refuse(problem)

    def _refuse(self, problem: str) -> None:
        """Refuse all jobs, from now on."""
        self.error = refusal(self.experiment.name, problem)

    def _why_not_loaded(self, error: RayError) -> str:
        is_death = isinstance(error, ActorDiedError | OutOfMemoryError)
        if not is_death or "creation task" in str(error):
            return describe_error(error)
        return why_died(error, getattr(error, "actor_id", None), self._words)


def _last_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[-1].split())[:300] if lines else "Ray does not say why"
