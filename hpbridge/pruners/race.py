"""Racing: end what loses to the best trial on the folds that both have run."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING

from hpbridge.pruners.against_best import AgainstBest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.contract.pruning import Curve


class Racing(AgainstBest):
    """Ends a trial that a test finds worse than the best complete one.

    Steps are folds: the two are compared on those that both have run. A fold in which
    either has no value that can be compared is left out. A trial that has run as many
    folds as the best one is never ended: there would be nothing to save.

    Args:
        maximizes: As of `Pruner`.
        alpha: Below this p, one-sided, the trial ends.
        burn_in: Common folds before which none is ended.
        num_ties: So many common folds later it ends unless its mean is better.

    Source:
        R package finetune, ``control_race`` and ``tie_breaker``, for the two that race
        here: of a grid all race at once, and here one optimizer proposes them one after
        the other.
    """

    def __init__(
        self,
        *,
        maximizes: bool,
        alpha: float = 0.05,
        burn_in: int = 3,
        num_ties: int = 10,
    ) -> None:
        super().__init__(maximizes=maximizes)
        self.alpha, self.burn_in, self.num_ties = alpha, burn_in, num_ties

    def is_to_end(self, trial: int, curve: Curve) -> bool:  # noqa: ARG002
        """Say whether a trial is to end, whose last report has just come in."""
        best = self._best
        if best is None or len(curve.values) >= len(best.values):
            return False
        pairs = [
            (value, best.values[step])
            for step, value in curve.values.items()
            if step in best.values and self.can_compare(value, best.values[step])
        ]
        if len(pairs) < self.burn_in:
            return False
        sign = -1.0 if self.maximizes else 1.0
        worse_by = [
            sign * (own - other) if own != other else 0.0 for own, other in pairs
        ]
        if self.p_of(worse_by) < self.alpha:
            return True
        is_late = len(pairs) >= self.burn_in + self.num_ties
        return is_late and sum(worse_by) >= 0

    @abstractmethod
    def can_compare(self, own: float, other: float) -> bool:
        """Say whether a fold with these two values counts."""

    @abstractmethod
    def p_of(self, worse_by: Sequence[float]) -> float:
        """Return the one-sided p: how likely equals differ so much for the worse.

        Args:
            worse_by: By how much the trial is worse than the best one, fold by fold.
        """


class RacePruner(Racing):
    """Ends a trial that the paired t test finds worse than the best complete one.

    It is what finetune's ``tune_race_anova`` comes to for two: its model has an effect
    of the configuration and a random one of the fold, so that the difference is the
    mean of paired differences, with their standard error. It takes the quantiles of
    the normal distribution, and here they are Student's, which ends less at few folds.

    Folds count where both values are finite. Where all differences are equal, p is 0
    for those that are worse, and there is none where there is no difference.
    """

    def can_compare(self, own: float, other: float) -> bool:
        """Say whether a fold with these two values counts."""
        return math.isfinite(own) and math.isfinite(other)

    def p_of(self, worse_by: Sequence[float]) -> float:
        """Return the p of `scipy.stats.ttest_rel`; NaN where nothing differs."""
        n = len(worse_by)
        mean = math.fsum(worse_by) / n
        squares = math.fsum((each - mean) ** 2 for each in worse_by)
        if squares == 0:
            return math.nan if mean == 0 else float(mean < 0)
        from scipy.special import stdtr

        t = mean / math.sqrt(squares / (n - 1) / n)
        return float(stdtr(n - 1, -t))


class WinLossPruner(Racing):
    """Ends a trial that the sign test finds worse than the best complete one.

    A fold is won or lost, by whatever margin; folds that tie do not count. The test is
    exact, where finetune's ``tune_race_win_loss`` takes an approximate interval of a
    Bradley-Terry model. As there, a trial that has won nothing ends after the burn-in:
    when it has lost `burn_in` folds.

    Infinite values are compared; a fold in which either is NaN is left out.
    """

    def can_compare(self, own: float, other: float) -> bool:
        """Say whether a fold with these two values counts."""
        return not (math.isnan(own) or math.isnan(other))

    def p_of(self, worse_by: Sequence[float]) -> float:
        """Return the p of `scipy.stats.binomtest`; 0 for enough losses, and no win."""
        n_lost = sum(each > 0 for each in worse_by)
        n = n_lost + sum(each < 0 for each in worse_by)
        if n_lost == n >= self.burn_in:
            return 0.0
        return float(sum(math.comb(n, k) for k in range(n_lost, n + 1)) / 2**n)
