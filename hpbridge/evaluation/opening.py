"""Open the sealed test, once: what the tuned model is worth beside the others."""

from __future__ import annotations

import shlex
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics as skm
from sklearn.base import clone
from sklearn.calibration import calibration_curve
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.preprocessing import label_binarize

from hpbridge.errors import ExperimentError
from hpbridge.evaluation.answers import answers_of, resampled, score
from hpbridge.evaluation.references import DEFAULTS, DUMMY, dummy_for
from hpbridge.space.plain_data import plain_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.evaluation.answers import Answers
    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.rows import Rows
    from hpbridge.trial import FinishedTrial

OPENINGS = "openings"
"""The attribute of a study that holds every opening of its test."""

BEST, INCUMBENT = "best", "incumbent"
"""The models that are scored beside the references."""

SAMPLES = 1000
"""Bootstrap samples behind an interval."""

_MOST_POINTS = 200
"""Of a curve or a scatter, in the record."""


def fitted(evaluation: Evaluation, estimator: Any) -> Any:
    """Return an estimator fitted on all rows but those of the test."""
    rows = evaluation.folds.kept.rows()
    weights = {k: v for k, v in rows.params.items() if k != "groups"}
    return clone(estimator).fit(rows.X, rows.y, **weights)


def contenders_of(evaluation: Evaluation, best: FinishedTrial) -> dict[str, Any]:
    """Return the models that are compared, fitted: dummy, defaults, best, incumbent."""
    models = evaluation.models
    first = next(iter(models.estimators.values()))
    is_of_classes = evaluation.target.is_of_classes
    dummy = dummy_for(is_of_classes=is_of_classes, seed=evaluation.seed)
    found = {
        DUMMY: fitted(evaluation, dummy),
        DEFAULTS: fitted(evaluation, first),
        BEST: fitted(evaluation, models.fresh(best.values)),
    }
    if evaluation.incumbent is not None:
        found[INCUMBENT] = evaluation.incumbent
    return found


def open_test(
    evaluation: Evaluation, contenders: Mapping[str, Any], trial: int
) -> dict[str, Any]:
    """Score fitted models on the sealed test, and return all of it as plain data.

    Args:
        evaluation: Whose test.
        contenders: Fitted models by name.
        trial: The number of the best trial.

    Raises:
        ExperimentError: If there is no test here.
    """
    if evaluation.test_rows is None:
        problem = "it has no sealed test: there is none, or this is a copy without it"
        raise ExperimentError.invalid(evaluation.name, [problem])
    rows = evaluation.test_rows.rows()
    of_classes = evaluation.target.is_of_classes
    answers = {
        name: answers_of(model, rows.X, is_of_classes=of_classes)
        for name, model in contenders.items()
    }
    everything = np.arange(len(rows))
    main = next(iter(evaluation.scorers))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        found = {
            name: {
                "metrics": score(evaluation.scorers, each, rows.y, everything),
                **_shape(evaluation, each, rows),
            }
            for name, each in answers.items()
        }
        drawn = resampled(
            evaluation.scorers[main], answers, rows.y, evaluation.seed, SAMPLES
        )
    for name, values in drawn.items():
        found[name]["interval"] = _interval(values)
    against = [n for n in (DUMMY, DEFAULTS, INCUMBENT) if n in drawn]
    data = {
        "at": time.time(),
        "command": shlex.join(sys.argv),
        "trial": trial,
        "n_rows": len(rows),
        "metric": main,
        "models": found,
        "differences": {
            n: _difference(drawn[BEST], drawn[n], found, n) for n in against
        },
    }
    return plain_data(data).value  # type: ignore[no-any-return]


def _interval(values: Any) -> list[float]:
    return [float(v) for v in np.nanquantile(values, [0.025, 0.975])]


def _difference(
    best: Any, other: Any, found: Mapping[str, Any], name: str
) -> dict[str, float]:
    """Return by how much the best is better on the same bootstrap samples."""
    values = best - other
    kept = values[~np.isnan(values)]
    low, high = _interval(values)
    main = next(iter(found[BEST]["metrics"]))
    return {
        "mean": found[BEST]["metrics"][main] - found[name]["metrics"][main],
        "low": low,
        "high": high,
        "p_better": float(np.mean(kept > 0)) if len(kept) else float("nan"),
    }


def _shape(evaluation: Evaluation, answers: Answers, rows: Rows) -> dict[str, Any]:
    """Return what a number hides: who is taken for whom, curves, residuals."""
    truth, said = np.asarray(rows.y), answers.kept["predict"]
    if not evaluation.target.is_of_classes:
        return {"residuals": _residuals(truth, said)}
    if not evaluation.target.is_single:
        return {}
    labels = list(evaluation.target.counts)
    scores = skm.precision_recall_fscore_support(
        truth, said, labels=labels, zero_division=0.0
    )
    names = ("precision", "recall", "f1", "support")
    found: dict[str, Any] = {
        "labels": labels,
        "confusion": skm.confusion_matrix(truth, said, labels=labels).tolist(),
        "per_class": {n: v.tolist() for n, v in zip(names, scores, strict=True)},
    }
    return {**found, **_curves(answers, truth)}


def _curves(answers: Answers, truth: Any) -> dict[str, Any]:
    chances = answers.kept.get("predict_proba", answers.kept.get("decision_function"))
    if chances is None:
        return {}
    classes = list(answers.classes_)
    if len(classes) == 2:  # noqa: PLR2004 - the second one is the positive one
        of_class = {1: chances[:, -1] if chances.ndim > 1 else chances}
        is_class = {1: np.asarray(truth) == classes[1]}
    else:
        whole = label_binarize(truth, classes=classes)
        of_class = {k: chances[:, k] for k in range(len(classes))}
        is_class = {k: whole[:, k].astype(bool) for k in range(len(classes))}
    found: dict[str, Any] = {"roc": [], "precision_recall": [], "calibration": []}
    for k, values in of_class.items():
        if is_class[k].all() or not is_class[k].any():
            continue
        false, true, _ = skm.roc_curve(is_class[k], values)
        precision, recall, _ = skm.precision_recall_curve(is_class[k], values)
        found["roc"].append(_thin(classes[k], false, true))
        found["precision_recall"].append(_thin(classes[k], recall, precision))
        if "predict_proba" in answers.kept:
            share, mean = calibration_curve(
                is_class[k], values, n_bins=10, strategy="quantile"
            )
            found["calibration"].append(_thin(classes[k], mean, share))
    return {name: curves for name, curves in found.items() if curves}


def _thin(label: Any, x: Any, y: Any) -> dict[str, Any]:
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST_POINTS)).astype(int))
    return {"label": label, "x": x[kept].tolist(), "y": y[kept].tolist()}


def _residuals(truth: Any, said: Any) -> dict[str, Any]:
    kept = np.unique(
        np.linspace(0, len(truth) - 1, min(len(truth), _MOST_POINTS)).astype(int)
    )
    rest = truth - said
    return {
        "predicted": said[kept].tolist(),
        "residual": rest[kept].tolist(),
        "quantiles": np.quantile(rest, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]).tolist(),
    }
