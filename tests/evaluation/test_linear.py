"""A linear model is fitted beside a slow one, once, where features are numbers."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.evaluation.linear import linear_for
from hpbridge.evaluation.rows import Rows
from hpbridge.evaluation.target import read_target

X, Y = make_classification(160, 6, random_state=0)


class Slow(LogisticRegression):
    """Takes its time."""

    def fit(self, X, y):
        time.sleep(0.25)
        return super().fit(X, y)


class SlowTree(DecisionTreeClassifier):
    def fit(self, X, y):
        time.sleep(0.25)
        return super().fit(X, y)


def run(estimator, space, **settings):
    evaluation = hpb.Evaluation(
        estimator, X, Y, space=space, procedure=hpb.KFold(2), test=None, **settings
    )
    return evaluation, hpb.run(
        evaluation, "random", n_trials=2, seed=0, store=":memory:"
    )


def of_code(study, code="HPB210"):
    return next(f for f in hpb.report(study).findings if f.code == code)


def test_a_slow_model_that_a_linear_one_matches_is_told_of():
    evaluation, study = run(Slow(), {"C": hpb.Float(0.1, 10, log=True)})
    found = of_code(study)
    assert found.spoke
    assert "a linear model, which is about as good" in found.sentence
    assert any(note.startswith("HPB210") for note in study.notes)
    (noted,) = study.attributes["linear"]
    rows = evaluation.folds.kept.rows()
    own = cross_validate(
        linear_for(rows, evaluation.target),
        rows.X,
        rows.y,
        cv=list(evaluation.folds.folds),
        scoring="f1_macro",
    )
    assert noted["attributes"]["split_test_f1_macro"] == own["test_score"].tolist()


def test_a_slow_model_that_is_better_is_not():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 2))
    target = (points[:, 0] * points[:, 1] > 0).astype(int)
    evaluation = hpb.Evaluation(
        SlowTree(), points, target, space={"max_depth": hpb.Int(5, 9)}, test=None
    )
    study = hpb.run(evaluation, "random", n_trials=1, seed=0, store=":memory:")
    assert of_code(study).spoke is False


@pytest.mark.parametrize("settings", [{"silence": ["HPB210"]}, {}], ids=str)
def test_nothing_is_fitted_for_a_quick_model_or_a_silent_check(settings):
    estimator = Slow() if settings else LogisticRegression()
    _, study = run(estimator, {"C": hpb.Float(0.1, 10)}, **settings)
    assert "linear" not in study.attributes


@pytest.mark.parametrize(
    ("of", "is_there"),
    [
        (np.asarray, True),
        (sparse.csr_matrix, True),
        (pd.DataFrame, True),
        (pl.DataFrame, True),
        (lambda x: x.tolist(), True),
        (lambda x: pd.DataFrame(x).assign(kind="a"), False),
        (lambda x: x.reshape(-1, 3, 2), False),
    ],
)
def test_features_have_to_be_numbers(of, is_there):
    target = read_target(Y, is_of_classes=True, problems=[])
    rows = Rows(of(X), Y)
    model = linear_for(rows, target)
    assert (model is not None) == is_there
    if is_there:
        assert model.fit(rows.X, rows.y).score(rows.X, rows.y) > 0.6


def test_weights_are_nothing_that_it_takes():
    target = read_target(Y, is_of_classes=True, problems=[])
    weighted = Rows(X, Y, {"sample_weight": np.ones(len(Y))})
    assert linear_for(weighted, target) is None
    assert linear_for(Rows(X, Y, {"groups": Y}), target) is not None


def test_numbers_and_labels_have_one_too():
    x, y = make_regression(80, 4, random_state=0)
    numbers = read_target(y, is_of_classes=False, problems=[])
    assert linear_for(Rows(x, y), numbers).fit(x, y).score(x, y) > 0.9
    labels = np.stack([Y, 1 - Y], 1)
    several = read_target(labels, is_of_classes=True, problems=[])
    assert linear_for(Rows(X, labels), several).fit(X, labels).predict(X).shape == (
        160,
        2,
    )
