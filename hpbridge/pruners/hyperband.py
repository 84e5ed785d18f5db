"""Hyperband that stops: successive halving in brackets that begin at other rungs."""

from __future__ import annotations

import math
from binascii import crc32
from typing import TYPE_CHECKING

from hpbridge.contract.pruning import Pruner
from hpbridge.pruners.halving import HalvingPruner
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.contract.pruning import Curve


class HyperbandPruner(Pruner):
    """Gives each trial to one of several brackets of successive halving.

    Bracket b has its first rung at ``min_resource * reduction_factor ** b`` steps; by
    its name and number a trial is in one, the more often the earlier that begins.

    Args:
        maximizes: As of `Pruner`.
        study: The study's name.
        min_resource: Steps of the first rung of the first bracket.
        max_resource: Steps of a trial that is not ended; None for one more than the
            greatest step of the first complete trials: until then, no trial ends.
        reduction_factor: One of so many goes on.
        bootstrap_count: Trials at a rung before any goes on from there.

    Source:
        Optuna 5.0.0, `optuna.pruners.HyperbandPruner` (Li et al., 2018).
    """

    def __init__(
        self,
        *,
        maximizes: bool,
        study: str,
        min_resource: int = 1,
        max_resource: int | None = None,
        reduction_factor: int = 3,
        bootstrap_count: int = 0,
    ) -> None:
        super().__init__(maximizes=maximizes)
        self.study, self.min_resource = study, min_resource
        self.reduction_factor = reduction_factor
        self.bootstrap_count = bootstrap_count
        self.shares: list[int] = []
        self._brackets: list[HalvingPruner] = []
        self._most_steps = -1
        self.max_resource = max_resource
        if max_resource is not None:
            self._begin(max_resource)

    def _begin(self, max_resource: int) -> None:
        ratio = max_resource / self.min_resource
        count = math.floor(math.log(ratio, self.reduction_factor)) + 1
        for bracket in range(count):
            rest = count - 1 - bracket
            share = math.ceil(count * self.reduction_factor**rest / (rest + 1))
            self.shares.append(share)
            self._brackets.append(
                HalvingPruner(
                    maximizes=self.maximizes,
                    min_resource=self.min_resource,
                    reduction_factor=self.reduction_factor,
                    min_early_stopping_rate=bracket,
                    bootstrap_count=self.bootstrap_count,
                )
            )

    def bracket_of(self, trial: int) -> int:
        """Return the bracket of a trial: from its name, so the same wherever it runs.

        0 while it is not known how many there are.
        """
        if not self.shares:
            return 0
        place = crc32(f"{self.study}_{trial}".encode()) % sum(self.shares)
        for bracket, share in enumerate(self.shares):
            place -= share
            if place < 0:
                return bracket
        return len(self.shares) - 1

    def is_to_end(self, trial: int, curve: Curve) -> bool:
        """Say whether a trial is to end, whose last report has just come in."""
        if self.max_resource is None:
            if self._most_steps < 0:
                return False
            self.max_resource = self._most_steps + 1
            self._begin(self.max_resource)
        if not self._brackets:  # fewer steps than the least
            return False
        return self._brackets[self.bracket_of(trial)].is_to_end(trial, curve)

    def begin_again(self, trial: int) -> None:
        """Forget what a trial reported that died, and runs again from the start."""
        super().begin_again(trial)
        for bracket in self._brackets:
            bracket.begin_again(trial)

    def learn(
        self, trial: int, curve: Curve, state: State, value: float | None
    ) -> None:
        """Take a trial that has ended."""
        if state is State.COMPLETE:
            self._most_steps = max(self._most_steps, curve.last)
        for bracket in self._brackets:
            bracket.learn(trial, curve, state, value)
