"""Wilcoxon: end what is worse than the best trial on the steps that both have."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.pruners.against_best import AgainstBest
from hpbridge.pruners.signed_rank import signed_rank_p

if TYPE_CHECKING:
    from hpbridge.contract.pruning import Curve


class WilcoxonPruner(AgainstBest):
    """Ends a trial that the signed-rank test finds worse than the best one.

    For objectives whose value is the mean of what they report: a fold, an instance.

    Args:
        maximizes: As of `Pruner`.
        p_threshold: Below this p the trial ends, in [0, 1].
        n_startup_steps: Common steps before which none is ended.

    Source:
        Optuna 5.0.0, `optuna.pruners.WilcoxonPruner`: a trial with infinite values or
        NaN is not ended, nor one whose mean is no worse than the best one's.
    """

    notes_running = False

    def __init__(
        self, *, maximizes: bool, p_threshold: float = 0.1, n_startup_steps: int = 2
    ) -> None:
        super().__init__(maximizes=maximizes)
        self.p_threshold, self.n_startup_steps = p_threshold, n_startup_steps

    def is_to_end(self, trial: int, curve: Curve) -> bool:  # noqa: ARG002
        """Say whether a trial is to end, whose last report has just come in."""
        best = self._best
        if best is None or not best.values:
            return False
        own, others = list(curve.values.values()), list(best.values.values())
        if not all(map(math.isfinite, [*own, *others])):
            return False
        common = sorted(curve.values.keys() & best.values.keys())
        if len(common) < max(2, self.n_startup_steps):
            return False
        differences = [curve.values[step] - best.values[step] for step in common]
        p = signed_rank_p(differences, "less" if self.maximizes else "greater")
        if not p < self.p_threshold:
            return False
        # The mean is the value: a best one that is no better ends nobody.
        mean, best_mean = sum(own) / len(own), sum(others) / len(others)
        return not (best_mean <= mean if self.maximizes else best_mean >= mean)
