"""What compares a running trial with the best complete one has in common."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.contract.pruning import Pruner
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.contract.pruning import Curve


class AgainstBest(Pruner):
    """Keeps the curve of the best complete trial; of equals, of the first to end.

    Args:
        maximizes: As of `Pruner`.
    """

    def __init__(self, *, maximizes: bool) -> None:
        super().__init__(maximizes=maximizes)
        self._best: Curve | None = None
        self._best_value = math.nan

    def learn(
        self,
        trial: int,  # noqa: ARG002
        curve: Curve,
        state: State,
        value: float | None,
    ) -> None:
        """Take a trial that has ended."""
        if state is not State.COMPLETE or value is None:
            return
        if self._best is None or self.is_better(value, self._best_value):
            self._best, self._best_value = curve, value
