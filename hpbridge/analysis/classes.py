"""The classes of models of one search: what each got, and what it came to."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import DEFAULTS, model_of
from hpbridge.analysis.paired import interval
from hpbridge.trial import Origin, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.analysis.evaluated import Evaluated, Model
    from hpbridge.trial import FinishedTrial

MODEL = "model"
"""The parameter that chooses between classes."""


@dataclass(frozen=True)
class ModelClass:
    """One class of models in a search of several.

    Attributes:
        name: As the evaluation names it.
        n_trials: How many trials it had.
        n_failed: How many of them failed.
        share: Of all trials that ran, in [0, 1].
        planned: The share that it was given, if it was given one.
        best: Its best complete and feasible trial, if there is one.
        value: The first metric of that trial; NaN where there is none.
        low: Lower end of the corrected interval over folds of that value; NaN where
            there is none.
        high: Upper end.
        defaults: The first metric of the class as it comes; NaN where it is not known.
        fit_seconds: Mean over its trials of the mean seconds of fitting one fold; NaN
            where the record has none.
    """

    name: str
    n_trials: int
    n_failed: int
    share: float
    planned: float | None
    best: Model | None
    value: float
    low: float
    high: float
    defaults: float
    fit_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data; the best trial by its number."""
        plain = {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in vars(self).items()
            if name != "best"
        }
        return {**plain, "trial": None if self.best is None else self.best.trial}


def classes_of(evaluated: Evaluated) -> list[ModelClass]:
    """Return the classes of models of a study, in the evaluation's order.

    Empty where the study is of one estimator, or of no evaluation.
    """
    named = evaluated.about.get("estimator")
    if not isinstance(named, Mapping) or len(named) < 2:  # noqa: PLR2004
        return []
    return [_class_of(evaluated, name) for name in named]


def _class_of(evaluated: Evaluated, name: str) -> ModelClass:
    study = evaluated.study
    trials = [t for t in study.trials if t.params.get(MODEL) == name]
    good = [t for t in trials if study.is_feasible(t)]
    metric, sign = evaluated.metric, study.sign
    top = min(good, key=lambda t: sign * t.metrics[metric], default=None)
    best = None if top is None else model_of(top, name)
    low, high = _interval(evaluated, best)
    planned = evaluated.about.get("shares", {}).get(name)
    return ModelClass(
        name=name,
        n_trials=len(trials),
        n_failed=sum(t.state is State.FAILED for t in trials),
        share=len(trials) / len(study.trials) if study.trials else 0.0,
        planned=planned,
        best=best,
        value=math.nan if best is None else best.metrics[metric],
        low=low,
        high=high,
        defaults=_defaults(evaluated, name, trials),
        fit_seconds=_mean(t.metrics.get("mean_fit_time", math.nan) for t in good),
    )


def _interval(evaluated: Evaluated, best: Model | None) -> tuple[float, float]:
    scores = [] if best is None else best.test.get(evaluated.metric, [])
    known = [each for each in scores if each is not None and math.isfinite(each)]
    if len(known) < 2 or evaluated.ratio is None:  # noqa: PLR2004 - no deviation
        return math.nan, math.nan
    return interval(known, evaluated.ratio)


def _defaults(
    evaluated: Evaluated, name: str, trials: Sequence[FinishedTrial]
) -> float:
    """Return the first metric of a class as it comes: of a trial, or beside them."""
    metric = evaluated.metric
    for trial in trials:
        if trial.origin is Origin.BASELINE and trial.state is State.COMPLETE:
            return trial.metrics[metric]
    references = evaluated.about.get("references", {})
    is_first = name == next(iter(evaluated.about["estimator"]))
    noted = references.get(DEFAULTS if is_first else f"{DEFAULTS}:{name}", {})
    value = noted.get("metrics", {}).get(metric, math.nan)
    return float(value)


def _mean(values: Any) -> float:
    known = [value for value in values if math.isfinite(value)]
    return statistics.fmean(known) if known else math.nan
