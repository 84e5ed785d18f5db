"""Threshold: end what leaves a range."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.contract.pruning import Pruner, is_due

if TYPE_CHECKING:
    from hpbridge.contract.pruning import Curve
    from hpbridge.trial import State


class ThresholdPruner(Pruner):
    """Ends a trial whose last value is no number, or beyond a bound.

    Args:
        maximizes: As of `Pruner`; the bounds hold in both directions.
        lower: Least value; None for none.
        upper: Greatest value; None for none.
        n_warmup_steps: Steps before which none is ended.
        interval_steps: Steps between two decisions.

    Source:
        Optuna 5.0.0, `optuna.pruners.ThresholdPruner`.
    """

    notes_running = False

    def __init__(
        self,
        *,
        maximizes: bool,
        lower: float | None = None,
        upper: float | None = None,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
    ) -> None:
        super().__init__(maximizes=maximizes)
        self.lower = -math.inf if lower is None else lower
        self.upper = math.inf if upper is None else upper
        self.n_warmup_steps, self.interval_steps = n_warmup_steps, interval_steps

    def is_to_end(self, trial: int, curve: Curve) -> bool:  # noqa: ARG002
        """Say whether a trial is to end, whose last report has just come in."""
        if not is_due(curve, self.n_warmup_steps, self.interval_steps):
            return False
        return not self.lower <= curve.values[curve.last] <= self.upper

    def learn(
        self, trial: int, curve: Curve, state: State, value: float | None
    ) -> None:
        """Take a trial that has ended: others do not count here."""
