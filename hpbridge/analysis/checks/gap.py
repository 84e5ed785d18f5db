"""Where a number flatters: on training rows, and on the folds that chose."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.analysis.evaluated import BEST, DEFAULTS
from hpbridge.analysis.nested import NESTED, Nested
from hpbridge.analysis.paired import REGION, difference, interval, pairs_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.analysis.evaluated import Evaluated, Model

OVERFITTED, OVERFITTED_TITLE = "HPB205", "better on training rows than on others"
FLATTERED, FLATTERED_TITLE = "HPB206", "better on validation than on the sealed test"

ONE_SIDED = 0.90
"""The interval of which one end holds with 95 % confidence."""

Z_FLATTERED = 1.96
"""Of each of two comparisons, one-sided: one search in twenty by chance."""

_Z_95 = 1.96


def overfitted(evaluated: Evaluated) -> Finding:
    """Say whether training and validation differ by more than the folds vary.

    With 95 % confidence, the gap must be beyond the region of practical equivalence:
    0.01, for an error that of the dummy's. Between training and validation rows there
    is nothing to correct where no row is scored twice.
    """
    code, title = OVERFITTED, OVERFITTED_TITLE
    best = evaluated.best
    if best is None:
        return cannot(code, title, "no trial is complete and feasible")
    train, test = _of_folds(best, evaluated.metric)
    if not train:
        return cannot(code, title, "the record has no scores on training rows")
    if len(train) < 2:  # noqa: PLR2004 - no deviation
        return cannot(code, title, "one fold says nothing of its own chance")
    sign = -evaluated.study.sign
    region = REGION * unit_of(evaluated)
    found = difference(
        [sign * v for v in train],
        [sign * v for v in test],
        overlap_of(evaluated),
        confidence=ONE_SIDED,
    )
    spoke = found.low > region
    sentence = (
        f"{evaluated.metric} is {math.fsum(train) / len(train):.4g} on training rows "
        f"and {math.fsum(test) / len(test):.4g} on validation rows: a gap of "
        f"{found.mean:.3g}, at least {found.low:.3g} with 95 % confidence."
    )
    hint = "search simpler or more regularized models, or get more rows"
    return Finding(code, title, spoke, sentence, found.mean, hint if spoke else "")


def _of_folds(model: Model, metric: str) -> tuple[list[float], list[float]]:
    """Return the scores on training and on validation rows, of folds with both."""
    pairs = pairs_of(model.train.get(metric, ()), model.test.get(metric, ()))
    return [a for a, _ in pairs], [b for _, b in pairs]


def overlap_of(evaluated: Evaluated) -> float:
    """Return the ratio that corrects a deviation over folds; 0 of folds apart.

    Where a row is scored in several folds, these repeat each other.
    """
    sizes = evaluated.about.get("sizes") or ()
    n_scored = sum(scored for _, scored in sizes)
    n_rows = max((fitted + scored for fitted, scored in sizes), default=0)
    return (evaluated.ratio or 0.0) if n_scored > n_rows else 0.0


def unit_of(evaluated: Evaluated) -> float:
    """Return what 1 is of a metric: 1 of a share, the dummy's of an error."""
    metric, dummy = evaluated.metric, evaluated.dummy
    if not metric.startswith("neg_"):
        return 1.0
    reference = dummy or evaluated.defaults or evaluated.best
    return 1.0 if reference is None else abs(reference.metrics.get(metric, 1.0))


def flattered(evaluated: Evaluated) -> Finding:
    """Say whether the best scores better on its folds than on the sealed test.

    By itself, and beside the defaults, on the same rows: what a test is harder by, it
    is for both. An estimate by nested cross-validation is told, where there is one.
    """
    code, title = FLATTERED, FLATTERED_TITLE
    best, opening = evaluated.best, evaluated.opening
    if best is None:
        return cannot(code, title, "no trial is complete and feasible")
    if opening is None:
        return cannot(code, title, "the test is sealed still, or there is none")
    metric = evaluated.metric
    tested = opening.get("models", {}).get(BEST, {})
    if metric not in tested.get("metrics", {}) or "interval" not in tested:
        return cannot(code, title, f"the test was not opened for {metric}")
    on_folds, on_test = best.metrics[metric], tested["metrics"][metric]
    optimism = -evaluated.study.sign * (on_folds - on_test)
    chance = _of_mean(evaluated, best.test.get(metric, ()))
    alone = _surely(optimism, _deviation(*tested["interval"]), chance)
    beside = _beside_defaults(evaluated, opening)
    spoke = max(alone, beside) > Z_FLATTERED
    sentence = (
        f"{metric} of the best is {on_folds:.4g} on the folds that chose it and "
        f"{on_test:.4g} on the sealed test: {optimism:+.3g}, "
        f"{'more' if spoke else 'no more'} than chance.{_nested(evaluated)}"
    )
    hint = "believe the test; repeat the folds, or run fewer trials, for another search"
    return Finding(code, title, spoke, sentence, optimism, hint if spoke else "")


def _beside_defaults(evaluated: Evaluated, opening: Mapping[str, Any]) -> float:
    """Return the z value of the gain on the folds less the gain on the test."""
    found = opening.get("differences", {}).get(DEFAULTS)
    best, defaults = evaluated.best, evaluated.defaults
    if found is None or best is None or defaults is None:
        return -math.inf
    metric, sign = evaluated.metric, -evaluated.study.sign
    pairs = pairs_of(best.test.get(metric, ()), defaults.test.get(metric, ()))
    gains = [sign * (a - b) for a, b in pairs]
    if len(gains) < 2:  # noqa: PLR2004 - no deviation
        return -math.inf
    gain = math.fsum(gains) / len(gains)
    on_test = _deviation(found["low"], found["high"])
    return _surely(gain - found["mean"], on_test, _of_mean(evaluated, gains))


def _of_mean(evaluated: Evaluated, scores: Sequence[float | None]) -> float:
    """Return the deviation of a mean over folds; 0 of one fold."""
    known = [v for v in scores if v is not None and math.isfinite(v)]
    if len(known) < 2:  # noqa: PLR2004 - no deviation
        return 0.0
    low, high = interval(known, overlap_of(evaluated))
    return _deviation(low, high, _quantile(len(known)))


def _quantile(n_folds: int) -> float:
    from scipy import stats

    return float(stats.t.ppf(0.975, max(n_folds - 1, 1)))


def _deviation(low: float, high: float, quantile: float = _Z_95) -> float:
    return (high - low) / (2 * quantile)


def _surely(value: float, *deviations: float) -> float:
    whole = math.hypot(*deviations)
    return value / whole if whole > 0 else -math.inf


def _nested(evaluated: Evaluated) -> str:
    noted = evaluated.study.attributes.get(NESTED)
    if not isinstance(noted, list) or not noted:
        return ""
    estimated = Nested(noted[-1]).mean(evaluated.metric)
    return f" Nested cross-validation estimated {estimated:.4g}."
