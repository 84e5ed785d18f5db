"""Metrics are scikit-learn's, read and tried before any fit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer, make_scorer, roc_auc_score
from sklearn.svm import SVC

from hpbridge.evaluation.metrics import (
    RankedOneVsRest,
    default_metrics,
    fitting_metrics,
    misfit,
    read_metrics,
    unknown_constraints,
)
from hpbridge.evaluation.target import read_target

TWO = read_target(np.arange(60) % 2, is_of_classes=True, problems=[])
THREE = read_target(np.arange(60) % 3, is_of_classes=True, problems=[])
WORDS = read_target(np.array(list("abc") * 20), is_of_classes=True, problems=[])
LABELS = read_target(
    np.random.default_rng(0).integers(0, 2, (60, 3)), is_of_classes=True, problems=[]
)
NUMBERS = read_target(np.linspace(1, 5, 60), is_of_classes=False, problems=[])
TARGETS = {
    "two": TWO,
    "three": THREE,
    "words": WORDS,
    "labels": LABELS,
    "numbers": NUMBERS,
}


def read(given, target=TWO, estimator=None):
    problems: list[str] = []
    estimator = LogisticRegression() if estimator is None else estimator
    return read_metrics(given, [estimator], target, problems), problems


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_metrics_by_default_that_fit(name):
    target = TARGETS[name]
    model = LogisticRegression() if target.is_of_classes else Ridge()
    found, problems = read(None, target, model)
    assert problems == []
    assert tuple(found) == default_metrics(target)
    assert set(found) <= set(fitting_metrics(target))


def test_metrics_that_fit_are_of_the_kind_of_the_target():
    assert {"f1", "roc_auc", "accuracy"} <= set(fitting_metrics(TWO))
    assert "f1" not in fitting_metrics(THREE)
    assert "neg_mean_squared_error" not in fitting_metrics(TWO)
    assert "roc_auc" not in fitting_metrics(NUMBERS)
    assert "neg_root_mean_squared_error" in fitting_metrics(NUMBERS)


def test_the_forms_in_which_metrics_are_given():
    own = make_scorer(roc_auc_score, response_method="decision_function")
    assert list(read("accuracy")[0]) == ["accuracy"]
    assert list(read(["f1", own])[0]) == ["f1", "roc_auc_score"]
    assert read({"mine": own})[0] == {"mine": own}
    assert list(read({"A": "f1"})[0]) == ["A"]
    assert list(read([lambda *_: 1.0])[0]) == ["lambda"]


def test_a_scorer_that_only_the_real_model_can_satisfy_is_let_through():
    def of_coefficients(model, X, y):
        return float(model.coef_.sum())

    assert misfit(of_coefficients, TWO) is None


def test_what_a_metric_needs_of_an_estimator_is_said():
    found, problems = read(["neg_log_loss", "accuracy"], estimator=SVC())
    assert list(found) == ["accuracy"]
    assert problems[0].startswith("the metric 'neg_log_loss' needs predict_proba, whi")


def test_areas_of_decisions_are_those_of_binary_curves():
    X, y = make_classification(
        200, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
    )
    model = SVC().fit(X, y)
    decided = model.decision_function(X)
    each = [roc_auc_score(y == k, decided[:, k]) for k in range(3)]
    scorer = read("roc_auc_ovr", THREE, SVC())[0]["roc_auc_ovr"]
    assert isinstance(scorer, RankedOneVsRest)
    assert scorer(model, X, y) == pytest.approx(np.mean(each), abs=1e-12)
    assert pickle.loads(pickle.dumps(scorer))(model, X, y) == scorer(model, X, y)


def test_areas_of_chances_are_those_of_scikit_learn():
    X, y = make_classification(
        200, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
    )
    model = LogisticRegression().fit(X, y)
    for average, name in (("macro", "roc_auc_ovr"), ("weighted", "roc_auc_ovr_weigh")):
        scorer = get_scorer(name.replace("_weigh", "_weighted"))
        ours = RankedOneVsRest(average)(model, X, y)
        assert ours == pytest.approx(scorer(model, X, y), abs=1e-12)


def test_constraints_are_on_what_trials_have():
    scorers = read(["accuracy", "f1"])[0]
    names = ["accuracy", "mean_train_f1", "mean_fit_time"]
    assert unknown_constraints(dict.fromkeys(names, ">= 0"), scorers) == []
    (text,) = unknown_constraints({"acuracy": ">= 0"}, scorers)
    assert (
        text
        == "no trial has the metric 'acuracy' of constraints=; did you mean 'accuracy'?"
    )
