"""Two models on the same folds: by how much is one better, and how sure is that?

The scores of folds are not independent: their training rows overlap, so that the usual
interval is too short, by far where cross-validation is repeated. Nadeau and Bengio
widen it by the share of rows that are scored on; that is conservative, as simulations
show: a nominal 95 % covers 98 % and more.

Source:
    C. Nadeau and Y. Bengio, Inference for the Generalization Error, Machine Learning
    52 (2003) 239-281. G. Corani and A. Benavoli, A Bayesian approach for comparing
    cross-validated algorithms on multiple data sets, Machine Learning 100 (2015)
    285-304: the posterior of the mean difference is a Student's t with the same
    location and scale. `baycomp.two_on_single` computes the same.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CONFIDENCE = 0.95
"""How often an interval is to hold the true difference."""

REGION = 0.01
"""Differences up to here are practically none: the region of practical equivalence."""


@dataclass(frozen=True)
class Difference:
    """By how much one model is better than another, over the same folds.

    Attributes:
        mean: Of the differences, in the metric's unit; above 0, the first is better.
        low: Lower end of the interval; NaN where folds give none.
        high: Upper end.
        p_better: That the first is better by more than the region.
        p_same: That they differ by no more than the region.
        p_worse: That the first is worse by more than the region.
        why_none: Why there is no interval, where there is none.
    """

    mean: float
    low: float = math.nan
    high: float = math.nan
    p_better: float = math.nan
    p_same: float = math.nan
    p_worse: float = math.nan
    why_none: str | None = None

    @property
    def is_sure(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


def difference(
    first: Sequence[float],
    second: Sequence[float],
    ratio: float,
    *,
    confidence: float = CONFIDENCE,
    region: float = REGION,
) -> Difference:
    """Return the corrected comparison of two models on the same folds.

    Args:
        first: Scores by fold; greater is better.
        second: Of the other model, of the same folds.
        ratio: Rows that are scored on, by those that are fitted on: 1 / (k - 1) for k
            folds.
        confidence: Of the interval, in (0, 1).
        region: Half the width of the region of practical equivalence.
    """
    from scipy import stats

    found = [a - b for a, b in zip(first, second, strict=True)]
    count = len(found)
    mean = math.fsum(found) / count if count else math.nan
    if count < 2:  # noqa: PLR2004 - no deviation
        return Difference(mean, why_none="one fold says nothing of its own chance")
    variance = statistics.variance(found, mean)
    scale = math.sqrt((1 / count + ratio) * variance)
    if scale == 0:
        better, worse = float(mean > region), float(mean < -region)
        return Difference(mean, mean, mean, better, 1 - better - worse, worse)
    half = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * scale
    posterior = stats.t(count - 1, loc=mean, scale=scale)
    worse, better = float(posterior.cdf(-region)), float(posterior.sf(region))
    same = float(posterior.cdf(region) - posterior.cdf(-region))
    return Difference(mean, mean - half, mean + half, better, same, worse)


def pairs_of(
    first: Iterable[float | None], second: Iterable[float | None]
) -> list[tuple[float, float]]:
    """Return the scores of two models on the folds that both have, as finite numbers.

    Example:
        >>> pairs_of([0.9, None, 0.8], [0.7, 0.6, 0.5])
        [(0.9, 0.7), (0.8, 0.5)]
    """
    return [
        (a, b)
        for a, b in zip(first, second, strict=False)
        if a is not None and b is not None and math.isfinite(a + b)
    ]


def interval(
    scores: Sequence[float], ratio: float, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the corrected interval of one model's mean score; NaN of one fold."""
    found = difference(scores, [0.0] * len(scores), ratio, confidence=confidence)
    return found.low, found.high


def ratio_of(sizes: Sequence[Sequence[int]]) -> float:
    """Return the rows scored on by those fitted on, from (fitted, scored) by fold."""
    return math.fsum(scored / fitted for fitted, scored in sizes) / len(sizes)
