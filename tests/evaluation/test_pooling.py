"""Metrics without a value in folds of one row are computed from all answers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    f1_score,
    get_scorer,
    make_scorer,
    r2_score,
    roc_auc_score,
)
from sklearn.model_selection import LeaveOneOut, cross_val_predict, cross_validate
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.evaluation.pooling import is_mean_of_rows
from hpbridge.evaluation.target import read_target

X, Y = make_classification(40, 5, random_state=0)
SPACE = {"C": hpb.Float(0.1, 10)}


def leave_one_out(estimator=None, X=X, y=Y, **settings) -> hpb.Evaluation:
    settings = {"space": SPACE, "test": None, **settings}
    estimator = LogisticRegression() if estimator is None else estimator
    return hpb.Evaluation(estimator, X, y, procedure=hpb.LeaveOneOut(), **settings)


def run(evaluation, **settings):
    settings = {"n_trials": 1, "seed": 0, "store": ":memory:", **settings}
    return hpb.run(evaluation, "random", **settings)


CLASSES = read_target(np.arange(90) % 7 // 3, is_of_classes=True, problems=[])
NUMBERS = read_target(np.linspace(1, 5, 90), is_of_classes=False, problems=[])


@pytest.mark.parametrize(
    ("metric", "target", "is_mean"),
    [
        ("accuracy", CLASSES, True),
        ("f1_micro", CLASSES, True),
        ("f1_macro", CLASSES, False),
        ("balanced_accuracy", CLASSES, False),
        ("roc_auc_ovr", CLASSES, False),
        ("matthews_corrcoef", CLASSES, False),
        ("neg_mean_squared_error", NUMBERS, True),
        ("neg_mean_absolute_error", NUMBERS, True),
        ("neg_mean_absolute_percentage_error", NUMBERS, True),
        ("neg_root_mean_squared_error", NUMBERS, False),
        ("r2", NUMBERS, False),
        ("neg_max_error", NUMBERS, False),
    ],
)
def test_which_metrics_are_means_of_rows(metric, target, is_mean):
    assert is_mean_of_rows(get_scorer(metric), target) is is_mean


def test_a_scorer_that_needs_the_model_itself_is_left_to_its_folds():
    assert is_mean_of_rows(lambda model, _X, _y: float(model.coef_[0]), CLASSES)


def test_they_are_those_of_cross_val_predict():
    evaluation = leave_one_out(metrics=["f1_macro", "accuracy", "roc_auc"])
    trial = run(evaluation).trials[0]
    model, cv = LogisticRegression(C=trial.values["C"]), LeaveOneOut()
    said = cross_val_predict(model, X, Y, cv=cv)
    decided = cross_val_predict(model, X, Y, cv=cv, method="decision_function")
    assert trial.metrics["f1_macro"] == f1_score(Y, said, average="macro")
    assert trial.metrics["roc_auc"] == roc_auc_score(Y, decided)
    theirs = cross_validate(model, X, Y, cv=cv, return_train_score=True)
    assert trial.attributes["split_test_accuracy"] == theirs["test_score"].tolist()
    assert trial.metrics["accuracy"] == theirs["test_score"].mean()
    assert trial.attributes["split_train_accuracy"] == theirs["train_score"].tolist()


def test_the_record_says_which_they_are():
    study = run(leave_one_out(metrics=["f1_macro", "accuracy"]))
    assert study.attributes["evaluation"]["pooled"] == ["f1_macro"]
    trial = study.trials[0]
    assert "split_test_f1_macro" not in trial.attributes
    assert len(trial.attributes["split_train_f1_macro"]) == 40
    assert trial.reports == ()
    dummy = study.attributes["evaluation"]["references"]["dummy"]
    assert dummy["metrics"]["f1_macro"] == pytest.approx(0, abs=0.4)


def test_folds_of_several_rows_pool_nothing():
    evaluation = hpb.Evaluation(LogisticRegression(), X, Y, space=SPACE)
    assert evaluation.folds.pooled == ()


def test_numbers_are_pooled_too():
    X, y = make_regression(30, 3, noise=9, random_state=0)
    space = {"alpha": hpb.Float(0.1, 2)}
    evaluation = leave_one_out(Ridge(), X, y, space=space)
    trial = run(evaluation).trials[0]
    assert evaluation.folds.pooled == ("r2", "neg_root_mean_squared_error")
    said = cross_val_predict(Ridge(**trial.values), X, y, cv=LeaveOneOut())
    assert trial.metrics["r2"] == r2_score(y, said)


def test_chances_of_three_classes():
    X, y = load_iris(return_X_y=True)
    evaluation = leave_one_out(
        DecisionTreeClassifier(max_depth=2),
        X[::5],
        y[::5],
        space={"max_depth": hpb.Int(1, 3)},
        metrics="roc_auc_ovr",
    )
    trial = run(evaluation).trials[0]
    model = DecisionTreeClassifier(max_depth=2, random_state=0)
    chances = cross_val_predict(
        model, X[::5], y[::5], cv=LeaveOneOut(), method="predict_proba"
    )
    expected = roc_auc_score(y[::5], chances, multi_class="ovr")
    assert trial.metrics["roc_auc_ovr"] == expected


def test_areas_from_decisions_alone():
    X, y = load_iris(return_X_y=True)
    evaluation = leave_one_out(SVC(), X[::5], y[::5], metrics="roc_auc_ovr")
    assert run(evaluation).trials[0].metrics["roc_auc_ovr"] > 0.8


def test_a_scorer_of_ones_own_is_pooled():
    metric = make_scorer(f1_score, pos_label=1)
    trial = run(leave_one_out(metrics={"mine": metric, "accuracy": "accuracy"}))
    said = cross_val_predict(LogisticRegression(), X, Y, cv=LeaveOneOut())
    assert trial.trials[0].metrics["mine"] == f1_score(Y, said)


def test_workers_come_to_the_same():
    evaluation = leave_one_out(metrics=["roc_auc", "accuracy"])
    found = [
        [t.metrics["roc_auc"] for t in run(evaluation, n_trials=3, workers=w).trials]
        for w in (1, 2)
    ]
    assert found[0] == found[1]


def test_no_interval_is_made_of_them():
    from hpbridge.analysis.evaluated import Evaluated
    from hpbridge.analysis.verdict import verdict

    poor = DecisionTreeClassifier(max_depth=1, splitter="random")
    evaluation = leave_one_out(
        poor,
        space={"max_depth": hpb.Int(1, 5)},
        metrics=["f1_macro", "accuracy"],
        seed=1,
    )
    study = run(evaluation, n_trials=4)
    evaluated = Evaluated(study)
    gain = evaluated.gain_over(evaluated.defaults)
    assert np.isnan(gain.low)
    assert gain.why_none is not None
    assert "f1_macro is computed from the answers of all folds" in gain.why_none
    assert "without an interval, since f1_macro is" in verdict(evaluated).sentence
