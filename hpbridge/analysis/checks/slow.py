"""Whether the best model is slow where a faster model class is as good."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.analysis.checks.gap import unit_of
from hpbridge.analysis.evaluated import Model, folds_in, model_of
from hpbridge.analysis.paired import REGION

if TYPE_CHECKING:
    from hpbridge.analysis.evaluated import Evaluated

SLOW, SLOW_TITLE = "HPB210", "a slow model that a simpler one matches"

CLASS = "model"
"""The parameter that chooses a model class."""

LINEAR = "linear"
"""The attribute of a study that has what a linear model came to on its folds."""

P_BETTER = 0.9
"""From this chance on, the best is taken to be better than a faster rival."""

FACTOR, LEAST_SECONDS = 2.0, 0.1
"""A model is slow from this many times, and seconds a fold, more than another's."""


def slow(evaluated: Evaluated) -> Finding:
    """Say whether a faster model class, or a linear one, is as good as the best."""
    code, title = SLOW, SLOW_TITLE
    best, ratio = evaluated.best, evaluated.ratio
    if best is None:
        return cannot(code, title, "no trial is complete and feasible")
    rivals = {**_best_of_classes(evaluated), **_linear(evaluated)}
    seconds = _seconds(best)
    if not rivals:
        why = (
            "only one model class was searched, and no linear model beside it: the "
            f"best takes {seconds:.3g} s a fold"
        )
        return cannot(code, title, why)
    if math.isnan(seconds) or ratio is None:
        return cannot(code, title, "the record has no seconds of fitting, or no folds")
    found = [
        (_seconds(rival), name)
        for name, rival in rivals.items()
        if _is_slower(seconds, _seconds(rival)) and _is_as_good(rival, evaluated)
    ]
    if not found:
        sentence = (
            f"no faster model class is as good as the best, which takes "
            f"{seconds:.3g} s a fold."
        )
        return Finding(code, title, False, sentence, 0.0)
    fastest, name = min(found)
    times = seconds / max(fastest, 1e-9)
    sentence = (
        f"the best takes {seconds:.3g} s a fold, and {name}, which is about as "
        f"good, {fastest:.3g} s: {times:.3g} times less."
    )
    hint = f"use {name}, or say what the slower one is for"
    return Finding(code, title, True, sentence, times, hint)


def is_worth_a_line(evaluated: Evaluated) -> bool:
    """Say whether a linear model would tell: one class was searched, and it is slow."""
    best = evaluated.best
    return (
        best is not None
        and CLASS not in evaluated.study.space.searched
        and LINEAR not in evaluated.study.attributes
        and _seconds(best) >= FACTOR * LEAST_SECONDS
    )


def _linear(evaluated: Evaluated) -> dict[str, Model]:
    """Return the linear model that was fitted beside a search, if one was."""
    noted = evaluated.study.attributes.get(LINEAR)
    last = noted[-1] if isinstance(noted, list) and noted else None
    if not isinstance(last, dict) or "metrics" not in last:
        return {}
    name = "a linear model"
    return {name: Model(name, last["metrics"], *folds_in(last["attributes"]))}


def _best_of_classes(evaluated: Evaluated) -> dict[str, Model]:
    """Return the best trial of every model class but the best one's."""
    study = evaluated.study
    best = study.best_by_main_metric()
    if CLASS not in study.space.searched or best is None:
        return {}
    metric, sign = study.main_metric, study.sign
    found: dict[str, Model] = {}
    for trial in sorted(
        (t for t in study.trials if study.is_feasible(t)),
        key=lambda t: sign * t.metrics[metric],
    ):
        name = str(trial.params.get(CLASS))
        if trial.params.get(CLASS) != best.params.get(CLASS):
            found.setdefault(name, model_of(trial, name))
    return found


def _seconds(model: Model) -> float:
    names = ("mean_fit_time", "mean_score_time")
    return math.fsum(model.metrics.get(name, math.nan) for name in names)


def _is_slower(seconds: float, other: float) -> bool:
    return seconds >= FACTOR * other and seconds - other >= LEAST_SECONDS


def _is_as_good(rival: Model, evaluated: Evaluated) -> bool:
    """Say whether the best is not better than a rival by more than the region.

    Its chance to be so, by the corrected posterior over the folds, must be small.
    """
    gain = evaluated.gain_over(rival, REGION * unit_of(evaluated))
    return gain is not None and gain.p_better < P_BETTER
