"""Ray Tune's own schedulers of populations, asked and told without a cluster.

A trial here is an interval of one of Ray's: the scheduler is told of its end as by a
`Tuner`, and what it makes of that member, its config and the checkpoint that it goes on
from, is the next proposal. Where trials run is the driver's affair.

Ray's explore leaves the space: it multiplies, whatever the range is. What left it ends
at its end, by the schedulers' own ``custom_explore_fn``. Both draw from the generators
of the process, which have a state of their own here.

Source:
    ray 2.60.0, `PopulationBasedTraining.on_trial_result`, `choose_trial_to_run`, and
    `TuneController` for what it does with their decisions.
"""

from __future__ import annotations

import importlib
import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ray.tune import CheckpointConfig
from ray.tune.experiment import Trial
from ray.tune.schedulers import PopulationBasedTraining, TrialScheduler

from hpbridge.plugin import (
    Categorical,
    ExhaustedError,
    GlobalRandom,
    Int,
    NotYetError,
    Optimizer,
    Stage,
    State,
    Suggestion,
    encode,
    plain_budget,
    quiet,
)
from hpbridge_ray._upstream import check_population
from hpbridge_ray.backend.space import read, to_dimensions
from hpbridge_ray.native.population import METRIC, TIME, inside, scheduler_of
from hpbridge_ray.native.write import domains

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Algorithm, Encoded, Outcome, Problem

LOGGERS = ("ray.tune.schedulers.pbt", "ray.tune.schedulers.pb2")
"""Under these, the schedulers say what they do."""

_WORST = math.inf  # to be minimized


def create(
    problem: Problem, algorithm: Algorithm, options: Any, seed: int
) -> Optimizer:
    """Return a population, or refuse the problem."""
    check_population()
    encoded = encode(problem, algorithm, options, f"ray:{algorithm.name}")
    most = None if problem.budget is None else problem.budget.most
    return PopulationOptimizer(encoded, algorithm, options, seed, most)


@dataclass(frozen=True, slots=True)
class Segment:
    """An interval that has ended: a checkpoint, to Ray.

    Attributes:
        number: Of its proposal.
        end: The step that it has trained to.
    """

    number: int
    end: float


class _Saved:
    """Where the scheduler puts the checkpoint that a member is to go on from."""

    checkpoint_config = CheckpointConfig()
    _latest_checkpoint_result: Any = None


class _Metadata:
    def __init__(self) -> None:
        self.checkpoint_manager = _Saved()


class _Doing:
    saving_to = None


class Member:
    """As much of Ray's `Trial` as the schedulers use."""

    def __init__(self, number: int) -> None:
        self.trial_id = self.experiment_tag = str(number)
        self.config: dict[str, Any] = {}
        self.evaluated_params: dict[str, Any] = {}
        self.status = Trial.PENDING
        self.run_metadata = _Metadata()
        self.temporary_state = _Doing()

    def __str__(self) -> str:
        return self.trial_id

    @property
    def checkpoint(self) -> Segment | None:
        """What it goes on from."""
        result = self.run_metadata.checkpoint_manager._latest_checkpoint_result
        return None if result is None else result.checkpoint

    def save(self, segment: Segment) -> None:
        """Take what it has trained."""
        self.run_metadata.checkpoint_manager._latest_checkpoint_result = _Result(
            segment
        )

    def is_finished(self) -> bool:
        """Say whether it has trained all the way."""
        return bool(self.status == Trial.TERMINATED)

    def set_experiment_tag(self, tag: str) -> None:
        """Take another name, for tables."""
        self.experiment_tag = tag

    def set_config(self, config: dict[str, Any]) -> None:
        """Take other parameters."""
        self.config = config


@dataclass
class _Result:
    checkpoint: Segment


class _Controller:
    """As much of Ray's `TuneController` as the schedulers use."""

    search_alg = None

    def __init__(self, members: list[Member]) -> None:
        self._members = members

    def get_trials(self) -> list[Member]:
        return self._members

    def get_live_trials(self) -> list[Member]:
        return [member for member in self._members if not member.is_finished()]

    def pause_trial(self, member: Member, should_checkpoint: bool = True) -> None:  # noqa: ARG002
        member.status = Trial.PAUSED

    def _schedule_trial_save(
        self,
        member: Member,
        result: Any = None,  # noqa: ARG002
    ) -> Segment | None:
        return member.checkpoint


class PopulationOptimizer(Optimizer):
    """A scheduler's population, a trial an interval.

    Args:
        encoded: The space.
        algorithm: Which scheduler.
        options: Its options.
        seed: Of all that is drawn.
        most: The step at which members have ended; None for never.
    """

    def __init__(
        self,
        encoded: Encoded,
        algorithm: Algorithm,
        options: Any,
        seed: int,
        most: float | None,
    ) -> None:
        self._encoded, self._most = encoded, most
        self._dimensions = to_dimensions(encoded, algorithm.name)
        self._interval = options.perturbation_interval
        self._first = max(self._interval, getattr(options, "burn_in_period", 0.0))
        self._random = GlobalRandom(seed % GlobalRandom.N_SEEDS)
        self._scheduler = _make(algorithm.name, encoded, self._dimensions, options)
        self._members = [Member(k) for k in range(options.population_size)]
        self._controller = _Controller(self._members)
        self._go_on: deque[Member] = deque()
        self._running: dict[int, tuple[Member, float]] = {}
        self._n_asked = 0
        with self._random, quiet(*LOGGERS):
            for member in self._members:
                self._scheduler.on_trial_add(self._controller, member)

    def ask(self) -> Suggestion:
        """Propose the next interval of the member that the scheduler chooses.

        Raises:
            ExhaustedError: If all members have trained all the way.
            NotYetError: If the next one waits for what runs.
        """
        member = self._next()
        parent = member.checkpoint
        end = self._first if parent is None else parent.end + self._interval
        end = end if self._most is None else min(end, self._most)
        number = self._n_asked
        self._n_asked += 1
        member.status = Trial.RUNNING
        self._running[number] = member, end
        return Suggestion(
            number,
            self._encoded.decode(self._native(member.config)),
            stage=Stage(
                budget=plain_budget(end),
                parent=None if parent is None else parent.number,
            ),
        )

    def _next(self) -> Member:
        if self._go_on:
            return self._go_on.popleft()
        chosen: Member | None = self._scheduler.choose_trial_to_run(self._controller)
        if chosen is not None:
            return chosen
        if self._running:
            raise NotYetError
        msg = f"each member has trained to {self._most:g}"
        raise ExhaustedError(msg)

    def _native(self, config: Mapping[str, Any]) -> dict[str, Any]:
        found = read(self._dimensions, config)
        for name, parameter in self._encoded.native.items():
            if isinstance(parameter, Int):
                found[name] = int(found[name])
            elif not isinstance(parameter, Categorical):
                found[name] = float(found[name])
        return found

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Let the scheduler decide what an interval leads to."""
        member, end = self._running.pop(int(suggestion.id))
        with self._random, quiet(*LOGGERS):
            if outcome.state is State.COMPLETE and outcome.is_feasible:
                member.save(Segment(int(suggestion.id), end))
                self._compare(member, outcome.values[0], end)
            elif member.checkpoint is None:
                self._begin_anew(member)
            else:
                self._compare(member, _WORST, end)

    def _begin_anew(self, member: Member) -> None:
        """Draw a member that has come to nothing, and has nothing to go on from."""
        member.config.clear()
        member.status = Trial.PENDING
        self._scheduler.on_trial_add(self._controller, member)

    def _compare(self, member: Member, value: float, end: float) -> None:
        """Hand an interval to the scheduler, as `TuneController` does."""
        checkpoint = member.checkpoint
        if self._most is not None and checkpoint and checkpoint.end >= self._most:
            member.status = Trial.TERMINATED
            return
        decision = self._scheduler.on_trial_result(
            self._controller, member, {METRIC: value, TIME: end}
        )
        if decision == TrialScheduler.CONTINUE:
            self._go_on.append(member)
        else:
            member.status = Trial.PAUSED


def _make(
    name: str, encoded: Encoded, dimensions: Mapping[str, Any], options: Any
) -> Any:
    """Return Ray's scheduler."""
    call = scheduler_of(name, encoded, dimensions, options)
    cls: type[PopulationBasedTraining] = PopulationBasedTraining
    if call.name == "PB2":
        cls = _bandit(importlib.import_module("ray.tune.schedulers.pb2").PB2)
    return call.make(
        {call.name: cls, "inside": inside(encoded, dimensions), **domains()}
    )


def _bandit(cls: Any) -> Any:
    """Return PB2 that models no infinity, nor what stands for a trial that failed."""

    class Bandit(cls):  # type: ignore[misc]
        def _save_trial_state(
            self, state: Any, time: float, result: Mapping[str, Any], trial: Any
        ) -> Any:
            is_known = math.isfinite(result[METRIC])
            saves: Any = super() if is_known else super(cls, self)
            return saves._save_trial_state(state, time, result, trial)

        def _get_new_config(
            self, trial: Any, trial_to_clone: Any
        ) -> tuple[dict[str, Any], dict[str, Any]]:
            if self.data.empty:  # nothing is known but infinities
                return dict(trial_to_clone.config), {}
            found: tuple[dict[str, Any], dict[str, Any]]
            found = super()._get_new_config(trial, trial_to_clone)
            return found

    return Bandit
