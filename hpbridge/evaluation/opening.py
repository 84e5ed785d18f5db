"""Open the sealed test, once: what the tuned model is worth beside the others."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from sklearn import metrics as skm
from sklearn.base import clone
from sklearn.calibration import calibration_curve
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.preprocessing import label_binarize

from hpbridge.analysis.evaluated import (
    AT_THRESHOLD,
    BEST,
    DEFAULTS,
    DUMMY,
    INCUMBENT,
    region_of,
)
from hpbridge.errors import ExperimentError, masked
from hpbridge.errors.foreign import describe_error
from hpbridge.evaluation.answers import Marking, answers_of
from hpbridge.evaluation.bootstrap import resampled
from hpbridge.evaluation.references import dummy_for
from hpbridge.evaluation.routed import of_dummy, params_of_fit
from hpbridge.evaluation.stepwise import Stepwise
from hpbridge.space.plain_data import plain_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpbridge.evaluation.answers import Answers
    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.rows import Rows
    from hpbridge.evaluation.threshold import Threshold
    from hpbridge.trial import FinishedTrial

_FEW, _FEWER = 500, 200
"""Bootstrap samples of a metric that is slow: of the first one, and of others."""

_MOST_POINTS = 200
"""Of a curve or a scatter, in the record."""

_MOST_OF_CURVES, _LEAST_POINTS = 2000, 20
"""Of the curves of all classes together, and of each of very many."""


@dataclass(frozen=True)
class Contenders:
    """The models that are compared, fitted.

    Attributes:
        models: By name.
        errors: Why a model is not among them, by its name.
    """

    models: Mapping[str, Any]
    errors: Mapping[str, str]


def fitted(evaluation: Evaluation, estimator: Any) -> Any:
    """Return an estimator fitted on all rows but those of the test."""
    return learnt(evaluation, estimator, evaluation.folds.kept.rows())


def learnt(evaluation: Evaluation, estimator: Any, rows: Rows) -> Any:
    """Return a clone of an estimator that is fitted on rows, as in the folds."""
    made, curve = clone(estimator), evaluation.folds.curve
    with sklearn.config_context(**evaluation.folds.config):
        params = params_of_fit(made, rows.params)
        if curve is None:
            return made.fit(rows.X, rows.y, **params)
        # Epoch by epoch perhaps.
        return Stepwise(made, curve).fit(rows.X, rows.y, **params).model_


def _fitted_dummy(evaluation: Evaluation, like: Any) -> Any:
    rows, folds = evaluation.folds.kept.rows(), evaluation.folds
    of_classes = evaluation.target.is_of_classes
    dummy = dummy_for(is_of_classes=of_classes, seed=evaluation.seed)
    with sklearn.config_context(**folds.config):
        dummy, params = of_dummy(dummy, like, folds.scorers, rows.params)
        return dummy.fit(rows.X, rows.y, **params_of_fit(dummy, params))


def fresh(evaluation: Evaluation, trial: FinishedTrial) -> Any:
    """Return the unfitted model of a trial, which may have been read from a store."""
    model = evaluation.models.fresh(evaluation.space.to_objects(trial.params))
    fidelity = evaluation.fidelity
    return model if fidelity is None else fidelity.applied(model, trial.budget)


def contenders_of(
    evaluation: Evaluation,
    best: FinishedTrial,
    incumbent: Any = None,
    threshold: Threshold | None = None,
) -> Contenders:
    """Return the models that are compared, fitted: dummy, defaults, best, incumbent.

    And the best with its threshold, where one was chosen.

    Raises:
        ExperimentError: If the best cannot be fitted on all rows at once.
    """
    first = next(iter(evaluation.models.estimators.values()))
    estimators = {DEFAULTS: first, BEST: fresh(evaluation, best)}
    models, errors = {}, {}
    for name in (DUMMY, *estimators):
        try:
            models[name] = (
                _fitted_dummy(evaluation, first)
                if name == DUMMY
                else fitted(evaluation, estimators[name])
            )
        except Exception as error:  # noqa: BLE001 - an estimator may raise anything
            errors[name] = describe_error(error)
    if BEST in errors:
        problem = (
            f"trial {best.number}, the best one, cannot be fitted on all rows but "
            f"those of the test: {errors[BEST]}"
        )
        raise ExperimentError.invalid(evaluation.name, [problem])
    if threshold is not None:
        models[AT_THRESHOLD] = threshold.applied(models[BEST])
    if incumbent is not None:
        models[INCUMBENT] = incumbent
    return Contenders(models, errors)


def open_test(
    evaluation: Evaluation, contenders: Contenders, trial: FinishedTrial
) -> dict[str, Any]:
    """Score fitted models on the sealed test, and return all of it as plain data.

    Args:
        evaluation: Whose test.
        contenders: Fitted models.
        trial: The best one.

    Raises:
        ExperimentError: If there is no test here.
    """
    if evaluation.test_rows is None:
        problem = "it has no sealed test: there is none, or this is a copy without it"
        raise ExperimentError.invalid(evaluation.name, [problem])
    rows = evaluation.test_rows.rows()
    marking, main = Marking(rows), next(iter(evaluation.scorers))
    errors = dict(contenders.errors)
    with sklearn.config_context(**evaluation.folds.config), _quietly():
        answers, found = _answered(evaluation, contenders.models, rows, errors)
        drawn = {
            name: resampled(
                (name, scorer),
                answers,
                marking,
                evaluation.seed,
                few=_FEW if name == main else _FEWER,
            )
            for name, scorer in evaluation.scorers.items()
        }
    for name, model in found.items():
        intervals = {metric: _interval(each[name]) for metric, each in drawn.items()}
        model |= {"interval": intervals[main], "intervals": intervals}
    against = [n for n in (DUMMY, DEFAULTS, INCUMBENT) if n in found]
    data = {
        "at": time.time(),
        "command": shlex.join(map(masked, sys.argv)),
        "trial": trial.number,
        "n_rows": len(rows),
        "metric": main,
        "models": found,
        "errors": errors,
        "differences": {n: _difference(drawn[main], found, n, main) for n in against},
    }
    return plain_data(data).value  # type: ignore[no-any-return]


def _answered(
    evaluation: Evaluation,
    models: Mapping[str, Any],
    rows: Rows,
    errors: dict[str, str],
) -> tuple[dict[str, Answers], dict[str, dict[str, Any]]]:
    """Return what models answered, and what it comes to; note which could not.

    Raises:
        ExperimentError: If the best one could not.
    """
    answers, found = {}, {}
    for name, model in models.items():
        try:
            said = answers_of(
                model, rows.X, is_of_classes=evaluation.target.is_of_classes
            )
            found[name] = {
                "metrics": Marking(rows).scores(evaluation.scorers, said),
                **_shape(evaluation, said, rows),
            }
            answers[name] = said
        except Exception as error:  # a model may raise anything
            errors[name] = describe_error(error)
            if name == BEST:
                problem = f"the best model cannot be scored on the test: {errors[BEST]}"
                raise ExperimentError.invalid(evaluation.name, [problem]) from error
    return answers, found


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Let no metric warn of a class that a sample lacks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        yield


def _interval(values: Any) -> list[float]:
    kept = values[~np.isnan(values)]
    if not len(kept):
        return [float("nan")] * 2
    return [float(v) for v in np.quantile(kept, [0.025, 0.975])]


def _difference(
    drawn: Mapping[str, Any], found: Mapping[str, Any], name: str, main: str
) -> dict[str, float]:
    """Return by how much the best is better on the same bootstrap samples."""
    best, other = (found[n]["metrics"][main] for n in (BEST, name))
    values = drawn[BEST] - drawn[name]
    kept = values[~np.isnan(values)]
    low, high = _interval(values)
    region = region_of(main, other)
    # Where no sample tells them apart, samples say nothing of how sure that is.
    is_alike = bool(len(kept)) and not kept.any()
    if len(kept) and not is_alike:
        chances = [float(np.mean(kept > region)), float(np.mean(kept < -region))]
    else:
        chances = [float("nan")] * 2
    return {
        "mean": best - other,
        "low": low,
        "high": high,
        "p_better": chances[0],
        "p_same": 1 - sum(chances),
        "p_worse": chances[1],
        "region": region,
        "alike": is_alike,
    }


def _shape(evaluation: Evaluation, answers: Answers, rows: Rows) -> dict[str, Any]:
    """Return what a number hides: who is taken for whom, curves, residuals."""
    truth, said = np.asarray(rows.y), answers.kept["predict"]
    if not evaluation.target.is_of_classes:
        return {"residuals": _residuals(truth, said)}
    if not evaluation.target.is_single:
        return _shape_of_labels(truth, said)
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


def _shape_of_labels(truth: Any, said: Any) -> dict[str, Any]:
    """Return the same where a row has several labels: each by itself."""
    scores = skm.precision_recall_fscore_support(truth, said, zero_division=0.0)
    names = ("precision", "recall", "f1", "support")
    return {
        "labels": list(range(truth.shape[1])),
        "per_class": {n: v.tolist() for n, v in zip(names, scores, strict=True)},
    }


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
    most = min(max(_MOST_OF_CURVES // len(of_class), _LEAST_POINTS), _MOST_POINTS)
    for k, values in of_class.items():
        if is_class[k].all() or not is_class[k].any():
            continue
        false, true, _ = skm.roc_curve(is_class[k], values)
        precision, recall, _ = skm.precision_recall_curve(is_class[k], values)
        found["roc"].append(_thin(classes[k], false, true, most))
        found["precision_recall"].append(_thin(classes[k], recall, precision, most))
        if "predict_proba" in answers.kept:
            share, mean = calibration_curve(
                is_class[k], values, n_bins=10, strategy="quantile"
            )
            found["calibration"].append(_thin(classes[k], mean, share, most))
    return {name: curves for name, curves in found.items() if curves}


def _thin(label: Any, x: Any, y: Any, most: int) -> dict[str, Any]:
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), most)).astype(int))
    return {"label": label, "x": x[kept].tolist(), "y": y[kept].tolist()}


def _residuals(truth: Any, said: Any) -> dict[str, Any]:
    truth, said = np.ravel(truth), np.ravel(said)  # several targets, one after another
    kept = np.unique(
        np.linspace(0, len(truth) - 1, min(len(truth), _MOST_POINTS)).astype(int)
    )
    rest = truth - said
    return {
        "predicted": said[kept].tolist(),
        "residual": rest[kept].tolist(),
        "quantiles": np.quantile(rest, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]).tolist(),
    }
