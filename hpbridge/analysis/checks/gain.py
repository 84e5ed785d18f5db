"""Whether tuning bought something: over the defaults, and over a guess."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.analysis.checks.gap import overlap_of
from hpbridge.analysis.evaluated import DEFAULTS
from hpbridge.analysis.paired import difference, pairs_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.analysis.evaluated import Evaluated, Model

NOTHING, NOTHING_TITLE = "HPB203", "tuning bought nothing"
BASELINE, BASELINE_TITLE = "HPB207", "no better than a guess"

P_CHANCE = 0.02
"""How often the median trial is better than a guess by chance; the best one, by the
root of the number of trials less: trials of one search resemble each other."""


def bought_nothing(evaluated: Evaluated) -> Finding:
    """Say whether the best trial is surely better than the defaults.

    On the sealed test, if it was opened for the best trial; on the folds otherwise.
    """
    code, title = NOTHING, NOTHING_TITLE
    best, defaults = evaluated.best, evaluated.defaults
    if best is None:
        return cannot(code, title, "no trial is complete and feasible")
    if defaults is None:
        return cannot(code, title, "the defaults were not evaluated beside the trials")
    if best.trial is not None and best.trial == defaults.trial:
        n_others = len(evaluated.folds_of_trials) - 1
        sentence = f"none of {n_others} other trials is better than the defaults"
        return Finding(code, title, True, f"{sentence}.", 0.0, _HINT_NOTHING)
    on_test = _on_test(evaluated, DEFAULTS)
    where = "the folds" if on_test is None else "the sealed test"
    found = on_test or evaluated.gain_over(defaults)
    if found is None:
        return cannot(code, title, "there are no scores to compare")
    if isinstance(found, tuple):
        mean, low, high = found
    elif found.why_none:
        return cannot(code, title, f"{found.why_none}: there is no interval")
    else:
        mean, low, high = found.mean, found.low, found.high
    spoke = not low > 0
    than = "not surely better" if spoke else "better"
    sentence = (
        f"the best trial is {than} than the defaults on {where}: {evaluated.metric} "
        f"{mean:+.3g}, 95 % interval {low:+.3g} to {high:+.3g}."
    )
    return Finding(code, title, spoke, sentence, mean, _HINT_NOTHING if spoke else "")


_HINT_NOTHING = (
    "keep the defaults, which are simpler, or search other parameters or wider ranges"
)


def _on_test(evaluated: Evaluated, against: str) -> tuple[float, float, float] | None:
    opening = evaluated.opening
    if opening is None or against not in opening.get("differences", {}):
        return None
    found = opening["differences"][against]
    return found["mean"], found["low"], found["high"]


def no_better_than_a_guess(evaluated: Evaluated) -> Finding:
    """Say whether the best trial is surely better than guessing.

    A guess is the dummy predictor, or, by a metric in which guessing at random beats
    the dummy (a macro F1, say), a guess by the classes' shares. Among many trials one
    is better by chance: the best must be so with a confidence that counts them, or the
    median of them must be.
    """
    code, title = BASELINE, BASELINE_TITLE
    best, dummy = evaluated.best, evaluated.dummy
    if best is None:
        return cannot(code, title, "no trial is complete and feasible")
    if dummy is None:
        return cannot(code, title, "no dummy predictor was evaluated")
    metric = evaluated.metric
    own, theirs = _pairs(best, dummy, metric, chance_of(metric, evaluated.about))
    if len(own) < 2:  # noqa: PLR2004 - no deviation
        return cannot(code, title, "one fold says nothing of its own chance")
    models = evaluated.folds_of_trials
    chance = P_CHANCE / math.sqrt(max(len(models), 1))
    is_better = _beats(best, dummy, evaluated, chance)
    if not is_better and models:
        is_better = _beats(_middle(models, evaluated), dummy, evaluated, P_CHANCE)
    gain = math.fsum(own) / len(own) - math.fsum(theirs) / len(theirs)
    numbers = (
        f"a guess that looks at no feature: {metric} {best.metrics[metric]:.4g} "
        f"against {best.metrics[metric] - gain:.4g}"
    )
    if is_better:
        sentence = f"the best trial is better than {numbers}."
        return Finding(code, title, False, sentence, gain)
    sentence = (
        f"the best trial is not surely better than {numbers}, which chance explains "
        f"among {len(models)} trials."
    )
    hint = "look for features that say something of the target, and at its labels"
    return Finding(code, title, True, sentence, gain, hint)


def _beats(model: Model, dummy: Model, evaluated: Evaluated, chance: float) -> bool:
    """Say whether a model is better than the dummy, by chance no more often than this.

    By the folds' own deviation; and of an accuracy or an area under the ROC curve,
    whose deviation under chance is known, by the number of rows.
    """
    from scipy import stats

    metric = evaluated.metric
    own, theirs = _pairs(model, dummy, metric, chance_of(metric, evaluated.about))
    overlap = overlap_of(evaluated)
    if len(own) > 1:
        found = difference(own, theirs, overlap, confidence=1 - 2 * chance)
        if found.low > 0:
            return True
    if overlap:
        return False
    least = float(stats.norm.isf(chance))
    return any(
        _gain_of(model, dummy, name) > least * deviation
        for name, deviation in _under_chance(evaluated, dummy).items()
        if name in model.test and name in dummy.test
    )


def _gain_of(model: Model, dummy: Model, metric: str) -> float:
    own, theirs = _pairs(model, dummy, metric, -math.inf)
    return (math.fsum(own) - math.fsum(theirs)) / len(own) if own else -math.inf


def _under_chance(evaluated: Evaluated, dummy: Model) -> dict[str, float]:
    """Return the deviations, under chance, of metrics where rows say it.

    Source:
        J. A. Hanley and B. J. McNeil, The meaning and use of the area under a receiver
        operating characteristic curve, Radiology 143 (1982), of two equal laws.
    """
    n = sum(scored for _, scored in evaluated.about.get("sizes") or ())
    if not n:
        return {}
    found = {}
    share = dummy.metrics.get("accuracy")
    if share is not None:
        found["accuracy"] = math.sqrt(share * (1 - share) / n)
    shares = _shares(evaluated.about)
    if len(shares) == 2 and all(shares):  # noqa: PLR2004 - of two classes
        found["roc_auc"] = math.sqrt((n + 1) / (12 * n * n * shares[0] * shares[1]))
    return found


def _middle(models: Sequence[Model], evaluated: Evaluated) -> Model:
    """Return the median of trials, the better one of two."""
    metric, sign = evaluated.metric, evaluated.study.sign
    by_value = sorted(models, key=lambda m: sign * m.metrics[metric])
    return by_value[(len(by_value) - 1) // 2]


def _pairs(
    best: Model, dummy: Model, metric: str, guess: float
) -> tuple[list[float], list[float]]:
    """Return the scores of both on the folds that both have."""
    pairs = pairs_of(best.test.get(metric, ()), dummy.test.get(metric, ()))
    return [a for a, _ in pairs], [max(b, guess) for _, b in pairs]


def chance_of(metric: str, about: Mapping[str, Any]) -> float:
    """Return what a guess by the classes' shares comes to; -inf where unknown.

    A class of share p that is guessed in a share q of the rows has precision p, recall
    q and F1 2pq / (p + q).
    """
    shares = _shares(about)
    k = len(shares)
    if k < 2:  # noqa: PLR2004 - nothing to guess
        return -math.inf
    if metric == "precision_macro":
        return math.fsum(shares) / k
    if metric in {"f1", "precision"} and k == 2:  # noqa: PLR2004 - of the second class
        p = shares[-1]
        return p if metric == "precision" else 2 * p / (1 + p)
    weights = {"f1_macro": [1 / k] * k, "f1_weighted": shares}.get(metric)
    if weights is None:
        return -math.inf
    return max(_f1_of_guess(shares, q, weights) for q in (shares, [1 / k] * k))


def _f1_of_guess(
    shares: Sequence[float], guessed: Sequence[float], weights: Sequence[float]
) -> float:
    three = zip(shares, guessed, weights, strict=True)
    return math.fsum(w * 2 * p * q / (p + q) for p, q, w in three)


def _shares(about: Mapping[str, Any]) -> Sequence[float]:
    counts = [n for _, n in about.get("counts") or ()]
    total = sum(counts)
    return [n / total for n in counts] if total else []
