"""Where a number flatters: on training rows, and on the folds that chose."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.analysis.paired import REGION, difference

if TYPE_CHECKING:
    from hpbridge.analysis.evaluated import Evaluated, Model

OVERFITTED, OVERFITTED_TITLE = "HPB205", "better on training rows than on others"


def overfitted(evaluated: Evaluated) -> Finding:
    """Say whether training and validation differ by more than the folds vary.

    The lower end of the gap's corrected interval must be beyond the region of
    practical equivalence: 0.01, for an error that of the dummy's.
    """
    code, title = OVERFITTED, OVERFITTED_TITLE
    best, ratio = evaluated.best, evaluated.ratio
    if best is None:
        return cannot(code, title, "no trial is complete and feasible")
    train, test = _of_folds(best, evaluated.metric)
    if not train:
        return cannot(code, title, "the record has no scores on training rows")
    if len(train) < 2 or ratio is None:  # noqa: PLR2004 - no deviation
        return cannot(code, title, "one fold says nothing of its own chance")
    sign = -evaluated.study.sign
    region = REGION * _unit(evaluated)
    found = difference([sign * v for v in train], [sign * v for v in test], ratio)
    spoke = found.low > region
    sentence = (
        f"{evaluated.metric} is {math.fsum(train) / len(train):.4g} on training rows "
        f"and {math.fsum(test) / len(test):.4g} on validation rows: a gap of "
        f"{found.mean:.3g}, 95 % interval {found.low:+.3g} to {found.high:+.3g}, "
        f"{'beyond' if spoke else 'within'} what folds vary by."
    )
    hint = "search simpler or more regularized models, or get more rows"
    return Finding(code, title, spoke, sentence, found.mean, hint if spoke else "")


def _of_folds(model: Model, metric: str) -> tuple[list[float], list[float]]:
    """Return the scores on training and on validation rows, of folds with both."""
    pairs = [
        (a, b)
        for a, b in zip(
            model.train.get(metric, ()), model.test.get(metric, ()), strict=False
        )
        if a is not None and b is not None and math.isfinite(a + b)
    ]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _unit(evaluated: Evaluated) -> float:
    """Return what 1 is of a metric: 1 of a share, the dummy's of an error."""
    metric, dummy = evaluated.metric, evaluated.dummy
    if not metric.startswith("neg_"):
        return 1.0
    reference = dummy or evaluated.defaults or evaluated.best
    return 1.0 if reference is None else abs(reference.metrics.get(metric, 1.0))
