"""How many problems, or seeds, a verdict takes, if what was seen is the truth.

Planning from what was seen is only as good as that was: the answer is a number of the
right order, since the effect itself has an interval. Where the effect is near zero,
none suffices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.analysis.statistics.omnibus import ALPHA

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

POWER = 0.8
"""How often the test is to find the difference."""

MOST = 10_000
"""More than this is no plan: none is said."""


@dataclass(frozen=True)
class Needed:
    """How many a verdict takes.

    Attributes:
        n: In all; None where none suffices.
        power: That so many have; of what was seen, where there is no n.
        why_none: Why none suffices, where that is so.
    """

    n: int | None
    power: float
    why_none: str | None = None


def power_of(n: int, effect: float, alpha: float = ALPHA) -> float:
    """Return the power of Student's paired test, two-sided; exact of normal ones.

    Args:
        n: Pairs.
        effect: Mean by deviation of the differences.
        alpha: Of the test; divide it by the number of tests for Holm's first step.
    """
    from scipy import special, stats

    if n < 2:  # noqa: PLR2004 - no deviation
        return 0.0
    edge = float(stats.t.isf(alpha / 2, n - 1))
    centre = abs(effect) * math.sqrt(n)
    # So far apart, the noncentral t has no number left to lose.
    if centre > edge + 30:
        return 1.0
    above = 1 - float(special.nctdtr(n - 1, centre, edge))
    return above + float(special.nctdtr(n - 1, centre, -edge))


def problems_needed(
    differences: npt.ArrayLike, *, alpha: float = ALPHA, power: float = POWER
) -> Needed:
    """Return how many problems tell two optimizers apart, if new ones are like these.

    Args:
        differences: Shape (P,), first less second by problem, or (P, S) by seed too,
            whose means over seeds are taken. NaN is left out. It is the test of their
            mean that is planned; Wilcoxon's takes 5 % more of normal differences.
        alpha: Of the test, two-sided; of m tests with Holm, alpha / m is on the safe
            side.
        power: How often the difference is to be found.
    """
    import numpy as np

    from hpbridge.analysis.statistics.hierarchy import problem_means

    given = np.asarray(differences, dtype=np.float64)
    means = problem_means(given[:, None] if given.ndim == 1 else given)
    means = means[np.isfinite(means)]
    if len(means) < 3:  # noqa: PLR2004 - a deviation of three
        return Needed(None, math.nan, "fewer than 3 problems say nothing of others")
    return _least(float(means.mean()), float(means.std(ddof=1)), alpha, power)


def seeds_needed(
    differences: npt.ArrayLike, *, alpha: float = ALPHA, power: float = POWER
) -> Needed:
    """Return how many seeds per problem tell two optimizers apart.

    Of one problem, seeds are all there is. Of several, the problems stay, and more
    seeds take out only what is due to them: where problems differ too much, none
    suffices.

    Args:
        differences: Shape (S,) of one problem, or (P, S): first less second, by seed.
            NaN is left out.
        alpha: Of the test, two-sided.
        power: How often the difference is to be found.
    """
    import numpy as np

    given = np.atleast_2d(np.asarray(differences, dtype=np.float64))
    given = given[np.isfinite(given).sum(axis=1) >= 3]  # noqa: PLR2004
    given = np.where(np.isfinite(given), given, np.nan)
    if not len(given):
        return Needed(None, math.nan, "fewer than 3 seeds say nothing of others")
    if len(given) == 1:
        runs = given[0][~np.isnan(given[0])]
        return _least(float(runs.mean()), float(runs.std(ddof=1)), alpha, power)
    means = np.nanmean(given, axis=1)
    counts = (~np.isnan(given)).sum(axis=1)
    within = np.nanvar(given, axis=1, ddof=1)
    noise = float(within.mean())
    between = max(0.0, float(means.var(ddof=1)) - float((within / counts).mean()))
    mean = float(means.mean())

    def reached(n: int) -> float:
        spread = math.sqrt(between + noise / n)
        return power_of(len(means), mean / spread if spread else math.inf, alpha)

    if mean == 0:
        return Needed(None, alpha, "there is no difference to find")
    if reached(MOST) < power:
        why = "these problems differ too much; it takes more problems, not seeds"
        return Needed(None, reached(MOST), why)
    return _search(reached, power)


def _least(mean: float, deviation: float, alpha: float, power: float) -> Needed:
    if mean == 0:
        return Needed(None, alpha, "there is no difference to find")
    effect = mean / deviation if deviation else math.copysign(1e6, mean)

    def reached(n: int) -> float:
        return power_of(n, effect, alpha)

    if reached(MOST) < power:
        why = f"so small a difference takes more than {MOST:,}"
        return Needed(None, reached(MOST), why)
    return _search(reached, power)


def _search(reached: Callable[[int], float], power: float) -> Needed:
    lower, upper = 0, MOST
    while upper - lower > 1:
        middle = (lower + upper) // 2
        if reached(middle) < power:
            lower = middle
        else:
            upper = middle
    return Needed(upper, reached(upper))
