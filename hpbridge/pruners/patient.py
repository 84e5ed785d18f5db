"""Patient: end nothing that has improved lately."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.contract.pruning import Pruner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.contract.pruning import Curve
    from hpbridge.trial import State


class PatientPruner(Pruner):
    """Asks another pruner where a trial has not improved for some reports.

    Args:
        maximizes: As of `Pruner`.
        patience: Reports without improvement that are borne.
        min_delta: By how much better is an improvement.
        wrapped: The other pruner; None to end the trial then.

    Source:
        Optuna 5.0.0, `optuna.pruners.PatientPruner`. The other pruner is asked, and so
        takes note of the trial, only then.
    """

    def __init__(
        self,
        *,
        maximizes: bool,
        patience: int,
        min_delta: float = 0.0,
        wrapped: Pruner | None = None,
    ) -> None:
        super().__init__(maximizes=maximizes)
        self.patience, self.min_delta, self.wrapped = patience, min_delta, wrapped

    def is_to_end(self, trial: int, curve: Curve) -> bool:
        """Say whether a trial is to end, whose last report has just come in."""
        if len(curve.values) <= self.patience + 1:
            return False
        ordered = [curve.values[step] for step in sorted(curve.values)]
        place = -self.patience - 1
        before, after = self._best(ordered[:place]), self._best(ordered[place:])
        if self.maximizes:
            has_stalled = before - self.min_delta > after
        else:
            has_stalled = before + self.min_delta < after
        if not has_stalled or self.wrapped is None:
            return has_stalled
        return self.wrapped.is_to_end(trial, curve)

    def _best(self, values: Iterable[float]) -> float:
        numbers = [value for value in values if not math.isnan(value)]
        if not numbers:
            return math.nan
        return max(numbers) if self.maximizes else min(numbers)

    def begin_again(self, trial: int) -> None:
        """Forget what a trial reported that died, and runs again from the start."""
        super().begin_again(trial)
        if self.wrapped is not None:
            self.wrapped.begin_again(trial)

    def learn(
        self, trial: int, curve: Curve, state: State, value: float | None
    ) -> None:
        """Take a trial that has ended."""
        if self.wrapped is not None:
            self.wrapped.learn(trial, curve, state, value)
