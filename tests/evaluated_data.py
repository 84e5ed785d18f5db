"""Small data sets for evaluations, and what their tests do with each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.datasets import (
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.model_selection import cross_validate

import hpbridge as hpb

if TYPE_CHECKING:
    from hpbridge.study import Study

TWO = make_classification(120, 5, random_state=0)
THREE = make_classification(
    120, 5, n_classes=3, n_informative=4, n_redundant=0, random_state=0
)
LABELS = make_multilabel_classification(120, 5, n_classes=3, random_state=0)
NUMBERS = make_regression(120, 5, noise=3.0, random_state=0)
SEVERAL = make_regression(120, 5, n_targets=3, noise=3.0, random_state=0)


def evaluated(
    estimator: Any,
    X: Any,  # noqa: N803 - as everywhere in scikit-learn
    y: Any,
    space: dict[str, Any],
    **settings: Any,
) -> tuple[hpb.Evaluation, Study]:
    """Return an evaluation and its study of two trials; each must be complete."""
    settings = {"procedure": hpb.KFold(2), **settings}
    evaluation = hpb.Evaluation(estimator, X, y, space=space, **settings)
    study = hpb.run(evaluation, "random", n_trials=2, seed=0, store=":memory:")
    assert [trial.error for trial in study.trials if trial.error] == []
    return evaluation, study


def expected(evaluation: hpb.Evaluation, values: Any, **settings: Any) -> list[Any]:
    """Return the first metric fold by fold, by scikit-learn's own call."""
    rows, name = evaluation.folds.kept.rows(), next(iter(evaluation.scorers))
    found = cross_validate(
        evaluation.models.fresh(values),
        rows.X,
        rows.y,
        cv=list(evaluation.folds.folds),
        scoring={name: evaluation.scorers[name]},
        **settings,
    )
    return found[f"test_{name}"].tolist()


def is_as_expected(evaluation: hpb.Evaluation, study: Study, **settings: Any) -> bool:
    """Say whether each trial has the numbers of scikit-learn's own call."""
    name = next(iter(evaluation.scorers))
    return all(
        trial.attributes[f"split_test_{name}"]
        == expected(evaluation, trial.values, **settings)
        for trial in study.trials
    )


def opened(evaluation: hpb.Evaluation, study: Study) -> dict[str, dict[str, float]]:
    """Return the metrics of each model on the sealed test."""
    from hpbridge.evaluation import bootstrap, opening

    best = study.best_trial
    contenders = opening.contenders_of(evaluation, best)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "SAMPLES", 5)  # the interval is not what is tested
        found = opening.open_test(evaluation, contenders, best)
    metrics = {name: model["metrics"] for name, model in found["models"].items()}
    assert all(np.isfinite(v) for each in metrics.values() for v in each.values())
    return metrics


def references(evaluation: hpb.Evaluation) -> dict[str, Any]:
    """Return the dummy and, where they are no trial, the defaults; none has failed."""
    found: dict[str, Any] = evaluation.attributes["evaluation"]["references"]
    assert not [each["error"] for each in found.values() if "error" in each]
    return found
