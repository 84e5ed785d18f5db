"""Successive halving that stops: at each rung, only the best of those there go on."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from hpbridge.contract.pruning import Pruner
from hpbridge.pruners.percentile import percentile_of
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.contract.pruning import Curve


class HalvingPruner(Pruner):
    """Ends a trial that is not among the best at a rung.

    Rung k is at ``min_resource * reduction_factor ** (min_early_stopping_rate + k)``
    steps. The trial's own value competes; the first ones at a rung go on if they are
    the best there.

    Args:
        maximizes: As of `Pruner`.
        min_resource: Steps of the first rung; None for a hundredth of the steps of the
            first complete trials, at least 1: until then, no trial ends.
        reduction_factor: One of so many goes on.
        min_early_stopping_rate: Rungs that are left out at the beginning.
        bootstrap_count: Trials at a rung before any goes on from there.

    Source:
        Optuna 5.0.0, `optuna.pruners.SuccessiveHalvingPruner`, which its authors call
        asynchronous successive halving (Li et al., 2020): without pauses.
    """

    def __init__(
        self,
        *,
        maximizes: bool,
        min_resource: int | None = None,
        reduction_factor: int = 4,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
    ) -> None:
        super().__init__(maximizes=maximizes)
        self.min_resource, self.reduction_factor = min_resource, reduction_factor
        self.min_early_stopping_rate = min_early_stopping_rate
        self.bootstrap_count = bootstrap_count
        self._rungs: list[list[float]] = []
        self._taken: dict[int, list[float]] = {}  # of trials that run, by rung
        self._most_steps = -1

    def learn(
        self,
        trial: int,
        curve: Curve,
        state: State,
        value: float | None,  # noqa: ARG002
    ) -> None:
        """Take a trial that has ended; its values at rungs go on competing."""
        self._taken.pop(trial, None)
        if state is State.COMPLETE:
            self._most_steps = max(self._most_steps, curve.last)

    def begin_again(self, trial: int) -> None:
        """Forget what a trial reported that died, and runs again from the start."""
        super().begin_again(trial)
        for rung, value in enumerate(self._taken.pop(trial, ())):
            ordered = self._rungs[rung]
            del ordered[bisect_left(ordered, value)]

    def is_to_end(self, trial: int, curve: Curve) -> bool:
        """Say whether a trial is to end, whose last report has just come in."""
        if self.min_resource is None:
            if self._most_steps < 0:
                return False
            self.min_resource = max(self._most_steps // 100, 1)
        value, taken = curve.values[curve.last], self._taken.setdefault(trial, [])
        while curve.last >= self._steps_of(len(taken)):
            if math.isnan(value):
                return True
            taken.append(value)
            if not self._goes_on(self._values_at(len(taken) - 1), value):
                return True
        return False

    def _steps_of(self, rung: int) -> int:
        factor: int = self.reduction_factor ** (self.min_early_stopping_rate + rung)
        return (self.min_resource or 1) * factor

    def _values_at(self, rung: int) -> list[float]:
        while len(self._rungs) <= rung:
            self._rungs.append([])
        return self._rungs[rung]

    def _goes_on(self, ordered: list[float], value: float) -> bool:
        """Add a value to a rung; say whether it is among the best there."""
        insort(ordered, value)
        if len(ordered) <= self.bootstrap_count:
            return False
        place = max(len(ordered) // self.reduction_factor - 1, 0)
        if self.maximizes:
            return value >= ordered[-place - 1]
        return value <= ordered[place]


class RayHalvingPruner(Pruner):
    """Ends a trial that is beyond a percentile of those before it at a rung.

    Rungs are at ``grace_period * reduction_factor ** k`` steps. The trial's own value
    does not compete, the first one at a rung never ends, and of the rungs that a report
    has reached only the highest one that is new to the trial counts.

    Args:
        maximizes: As of `Pruner`.
        max_t: Steps beyond which there is no rung.
        grace_period: Steps of the first rung.
        reduction_factor: About one of so many goes on; it may be no whole number.
        stop_last_trials: Whether a trial ends at `max_t` steps, pruned.

    Source:
        Ray 2.60.0, `ray.tune.schedulers.AsyncHyperBandScheduler` with one bracket. Of
        several, it draws one for each trial from numpy's global generator, which no
        seed of a study reaches.
    """

    def __init__(
        self,
        *,
        maximizes: bool,
        max_t: int = 100,
        grace_period: int = 1,
        reduction_factor: float = 4,
        stop_last_trials: bool = False,
    ) -> None:
        super().__init__(maximizes=maximizes)
        self.max_t, self.reduction_factor = max_t, reduction_factor
        self.stop_last_trials = stop_last_trials
        count = int(math.log(max_t / grace_period) / math.log(reduction_factor) + 1)
        self._rungs: list[tuple[float, list[float], dict[int, float]]] = [
            (grace_period * reduction_factor**k, [], {}) for k in reversed(range(count))
        ]

    def is_to_end(self, trial: int, curve: Curve) -> bool:
        """Say whether a trial is to end, whose last report has just come in."""
        # Ray goes by the report that came in, late or not, the first of a step or not.
        step, value = curve.newest
        if self.stop_last_trials and step >= self.max_t:
            return True
        return self._reach(trial, step, value)

    def _reach(self, trial: int, step: int, value: float) -> bool:
        """Take a value at the highest rung that is new to a trial; say if it ends."""
        reward = value if self.maximizes else -value
        for steps, ordered, known in self._rungs:
            if step < steps:
                continue
            if trial in known:
                if self.stop_last_trials:
                    continue
                return False
            share = (1 - 1 / self.reduction_factor) * 100
            ends = bool(known) and reward < percentile_of(ordered, share)
            known[trial] = reward
            if not math.isnan(reward):
                insort(ordered, reward)
            return ends
        return False

    def learn(
        self,
        trial: int,
        curve: Curve,
        state: State,
        value: float | None,  # noqa: ARG002
    ) -> None:
        """Take a trial that has ended: Ray takes a last result as one more report."""
        if state is State.COMPLETE and curve.values:
            self._reach(trial, *curve.newest)

    def begin_again(self, trial: int) -> None:
        """Forget what a trial reported that died, and runs again from the start."""
        super().begin_again(trial)
        for _, ordered, known in self._rungs:
            reward = known.pop(trial, math.nan)
            if not math.isnan(reward):
                del ordered[bisect_left(ordered, reward)]
