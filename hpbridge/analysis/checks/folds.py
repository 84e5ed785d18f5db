"""What single folds and single metrics say: a fold that stands out, another best."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.analysis.paired import difference, pairs_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.analysis.evaluated import Evaluated, Model

FOLD, FOLD_TITLE = "HPB209", "a fold that stands out"
DISAGREE, DISAGREE_TITLE = "HPB208", "metrics disagree about the best"

P_FOLD = 0.02
"""How often a fold may stand out by chance, of all folds."""

_LEAST_FOLDS = 4
_CONFIDENCE = 0.95


def stands_out(evaluated: Evaluated) -> Finding:
    """Say whether a fold's score is too far from those of the others.

    Each is compared with the mean of the others. Of an accuracy, the number of rows
    says how much a fold varies; of any other metric the other folds do. The chance is
    divided by the number of folds.
    """
    best = evaluated.best
    if best is None:
        return cannot(FOLD, FOLD_TITLE, "no trial is complete and feasible")
    metric = evaluated.metric
    scores = {
        k: v
        for k, v in enumerate(best.test.get(metric, ()))
        if v is not None and math.isfinite(v)
    }
    if len(scores) < _LEAST_FOLDS:
        why = f"{len(scores)} folds with scores are too few: it takes {_LEAST_FOLDS}"
        return cannot(FOLD, FOLD_TITLE, why)
    chances = {k: _chance(evaluated, best, metric, k) for k in scores}
    number = min(chances, key=lambda k: chances[k])
    chance = min(chances[number] * len(scores), 1.0)
    spoke = chance < P_FOLD
    others = math.fsum(v for k, v in scores.items() if k != number) / (len(scores) - 1)
    sentence = (
        f"fold {number} has {metric} {scores[number]:.4g}, the others "
        f"{others:.4g} on average: by chance in {_percent(chance)} of cases."
    )
    hint = "look at its rows: a group, a time or a source that is unlike the rest"
    return Finding(FOLD, FOLD_TITLE, spoke, sentence, chance, hint if spoke else "")


def _percent(chance: float) -> str:
    return "less than 0.1 %" if chance < 0.001 else f"{100 * chance:.3g} %"  # noqa: PLR2004


def _chance(evaluated: Evaluated, best: Model, metric: str, number: int) -> float:
    """Return the two-sided chance of a fold that is as far from the others."""
    from scipy import stats

    found = [_of_spread(_finite(best.test.get(metric, ())), number)]
    sizes = evaluated.about.get("sizes")
    if sizes and "accuracy" in best.test:
        found.append(_of_rows(best.test["accuracy"], sizes, number))
    t, freedom = found[-1]
    return float(2 * stats.t.sf(abs(t), freedom))


def _finite(scores: Sequence[float | None]) -> dict[int, float]:
    return {k: v for k, v in enumerate(scores) if v is not None and math.isfinite(v)}


def _of_spread(scores: dict[int, float], number: int) -> tuple[float, float]:
    """Return the t value by the deviation of the other folds, and its freedom."""
    others = [v for k, v in scores.items() if k != number]
    mean, spread = statistics.fmean(others), statistics.stdev(others)
    away, m = scores[number] - mean, len(others)
    if spread == 0:
        return (0.0 if away == 0 else math.inf), m - 1
    return away / (spread * math.sqrt(1 + 1 / m)), m - 1


def _of_rows(
    accuracies: Sequence[float | None], sizes: Sequence[Sequence[int]], number: int
) -> tuple[float, float]:
    """Return the z value of an accuracy by its number of rows."""
    known = {k: (v, sizes[k][1]) for k, v in _finite(accuracies).items()}
    own, rows = known.pop(number)
    total = sum(n for _, n in known.values())
    mean = math.fsum(v * n for v, n in known.values()) / total
    # Half a row each way, so that no share is certain.
    share = (mean * total + 0.5) / (total + 1)
    variance = share * (1 - share) * (1 / rows + 1 / total)
    return (own - mean) / math.sqrt(variance), math.inf


def disagree(evaluated: Evaluated) -> Finding:
    """Say whether another metric has another best trial, and surely so.

    Over the same folds, that trial is better than the chosen one by the other metric,
    and the chosen one by the first. The confidence is that of one comparison among as
    many as there are trials.
    """
    code, title = DISAGREE, DISAGREE_TITLE
    best, ratio = evaluated.best, evaluated.ratio
    if best is None:
        return cannot(code, title, "no trial is complete and feasible")
    others = [name for name in best.test if name != evaluated.metric]
    if not others:
        return cannot(code, title, "the folds were scored by one metric alone")
    if ratio is None:
        return cannot(code, title, "the record does not say how folds were made")
    rivals = [m for m in evaluated.folds_of_trials if m.trial != best.trial]
    found = [
        (name, rival, gain)
        for name in others
        if (rival := _best_by(rivals, name)) is not None
        and (gain := _sure_gain(rival, best, name, ratio)) is not None
    ]
    if not found:
        names = ", ".join(others)
        sentence = f"no other trial is surely better by {names}."
        return Finding(code, title, False, sentence, 0.0)
    named = ", ".join(
        f"by {name} trial {rival.trial} is better by {gain:.3g}"
        for name, rival, gain in found
    )
    sentence = f"trial {best.trial} is the best by {evaluated.metric}, but {named}."
    hint = "decide which metric counts, or search several (directions by metric)"
    return Finding(code, title, True, sentence, float(len(found)), hint)


def _best_by(models: Sequence[Model], metric: str) -> Model | None:
    scored = [m for m in models if math.isfinite(m.metrics.get(metric, math.nan))]
    return max(scored, key=lambda m: m.metrics[metric], default=None)


def _sure_gain(rival: Model, best: Model, metric: str, ratio: float) -> float | None:
    """Return by how much a rival is better by a metric; None if not surely."""
    pairs = pairs_of(rival.test.get(metric, ()), best.test[metric])
    if len(pairs) < 2:  # noqa: PLR2004 - no deviation
        return None
    first, second = zip(*pairs, strict=True)
    found = difference(first, second, ratio, confidence=_CONFIDENCE)
    return found.mean if found.low > 0 else None
