"""Median and percentile: end what is among the worst at its step."""

from __future__ import annotations

import math
from bisect import insort
from typing import TYPE_CHECKING

from hpbridge.contract.pruning import Pruner, is_due
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.contract.pruning import Curve


class PercentilePruner(Pruner):
    """Ends a trial whose best value is beyond a percentile of others at its step.

    The others are the complete trials that reported at this very step.

    Args:
        maximizes: As of `Pruner`.
        percentile: How many of a hundred are kept, in [0, 100].
        n_startup_trials: Complete trials before which none is ended.
        n_warmup_steps: Steps before which none is ended.
        interval_steps: Steps between two decisions.
        n_min_trials: Values at a step without which none is ended there.

    Source:
        Optuna 5.0.0, `optuna.pruners.PercentilePruner`.
    """

    notes_running = False

    def __init__(
        self,
        *,
        maximizes: bool,
        percentile: float,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        n_min_trials: int = 1,
    ) -> None:
        super().__init__(maximizes=maximizes)
        self.percentile = 100 - percentile if maximizes else percentile
        self.n_startup_trials, self.n_min_trials = n_startup_trials, n_min_trials
        self.n_warmup_steps, self.interval_steps = n_warmup_steps, interval_steps
        self._n_complete = 0
        self._at_step: dict[int, list[float]] = {}
        self._n_not_numbers: dict[int, int] = {}

    def learn(
        self,
        trial: int,  # noqa: ARG002
        curve: Curve,
        state: State,
        value: float | None,  # noqa: ARG002
    ) -> None:
        """Take a trial that has ended."""
        if state is not State.COMPLETE:
            return
        self._n_complete += 1
        for step, reported in curve.values.items():
            if math.isnan(reported):
                self._n_not_numbers[step] = self._n_not_numbers.get(step, 0) + 1
            else:
                insort(self._at_step.setdefault(step, []), reported)

    def is_to_end(self, trial: int, curve: Curve) -> bool:  # noqa: ARG002
        """Say whether a trial is to end, whose last report has just come in."""
        if self._n_complete < max(self.n_startup_trials, 1):
            return False
        if not is_due(curve, self.n_warmup_steps, self.interval_steps):
            return False
        if math.isnan(curve.best):
            return True
        others = self._at_step.get(curve.last, ())
        if len(others) + self._n_not_numbers.get(curve.last, 0) < self.n_min_trials:
            return False
        bound = percentile_of(others, self.percentile)
        return self.is_better(bound, curve.best)


def percentile_of(ordered: Sequence[float], percentile: float) -> float:
    """Return a percentile of sorted values, between which it is interpolated.

    Source:
        numpy 2.4.6, `numpy.percentile` by its default method, to the last bit.

    Example:
        >>> percentile_of([1.0, 2.0, 4.0], 75.0)
        3.0
    """
    if not ordered:
        return math.nan
    place = (len(ordered) - 1) * (percentile / 100)
    below = min(math.floor(place), len(ordered) - 1)
    above = min(below + 1, len(ordered) - 1)
    share = place - below
    low, high = ordered[below], ordered[above]
    span = high - low
    return high - span * (1 - share) if share >= 0.5 else low + span * share  # noqa: PLR2004
