"""LightGBM and XGBoost, by their classes for scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from evaluated_data import (
    NUMBERS,
    THREE,
    TWO,
    evaluated,
    is_as_expected,
    opened,
    references,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import hpbridge as hpb
from hpbridge.errors import ExperimentError

lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is not installed")
xgboost = pytest.importorskip("xgboost", reason="XGBoost is not installed")

X3, Y3 = THREE
WORDS = np.array(["one", "two", "three"])[Y3]
SPACE = {"num_leaves": hpb.Int(2, 8), "learning_rate": hpb.Float(0.05, 0.5, log=True)}
DEPTH = {"max_depth": hpb.Int(1, 4)}


def light(**settings):
    return lightgbm.LGBMClassifier(n_estimators=4, n_jobs=1, verbose=-1, **settings)


def extreme(kind="XGBClassifier", **settings):
    return getattr(xgboost, kind)(n_estimators=4, n_jobs=1, **settings)


def mixed():
    frame = pd.DataFrame(X3, columns=list("abcde"))
    frame["kind"] = pd.Categorical(np.where(frame["a"] > 0, "high", "low"))
    frame.loc[::7, "b"] = np.nan
    return frame


MODELS = {
    "lightgbm": (light(), SPACE),
    "xgboost": (extreme(enable_categorical=True), DEPTH),
}


@pytest.mark.parametrize("case", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("X", [X3, mixed(), pl.DataFrame(X3)], ids=type)
def test_arrays_gaps_categories_and_frames(case, X):
    estimator, space = case
    metrics = ["f1_macro", "roc_auc_ovr"]
    evaluation, study = evaluated(estimator, X, Y3, space, metrics=metrics)
    assert is_as_expected(evaluation, study)
    references(evaluation)


@pytest.mark.parametrize("case", MODELS.values(), ids=MODELS)
def test_the_sealed_test_is_opened(case):
    estimator, space = case
    evaluation, study = evaluated(estimator, mixed(), Y3, space)
    found = opened(evaluation, study)
    assert found["best"]["accuracy"] > found["dummy"]["accuracy"]


OF_NUMBERS = {
    "lightgbm": lightgbm.LGBMRegressor(n_estimators=4, n_jobs=1, verbose=-1),
    "xgboost": extreme("XGBRegressor"),
}


@pytest.mark.parametrize("estimator", OF_NUMBERS.values(), ids=OF_NUMBERS)
def test_numbers_are_predicted(estimator):
    evaluation, study = evaluated(estimator, *NUMBERS, DEPTH)
    assert is_as_expected(evaluation, study)


def test_weights_go_to_fit():
    X, y = TWO
    weights = np.where(y == 1, 5.0, 1.0)
    for estimator in (light(), extreme()):
        evaluation, study = evaluated(estimator, X, y, DEPTH, sample_weight=weights)
        own = dict(evaluation.folds.kept.rows().params)
        assert is_as_expected(evaluation, study, params=own)


def test_lightgbm_takes_words_for_classes():
    evaluation, study = evaluated(light(), X3, WORDS, SPACE)
    assert is_as_expected(evaluation, study)


@pytest.mark.parametrize(
    "y", [WORDS, Y3 + 1, Y3.astype(str)], ids=["words", "1", "'0'"]
)
def test_that_xgboost_takes_numbered_classes_is_said_before_the_first_fit(y):
    for model, space in (
        (extreme(), DEPTH),
        (
            make_pipeline(StandardScaler(), extreme()),
            {"xgbclassifier__max_depth": hpb.Int(1, 3)},
        ),
        ({"x": (extreme(), DEPTH), "l": light()}, {}),
    ):
        with pytest.raises(ExperimentError) as caught:
            hpb.Evaluation(model, X3, y, space=space)
        (problem,) = caught.value.problems
        assert problem.startswith("XGBClassifier takes classes that are numbered")
        assert "LabelEncoder" in problem


def test_bools_are_numbered_classes():
    X, y = TWO
    evaluated(extreme(), X, y.astype(bool), DEPTH)


def test_xgboost_says_so_itself():
    with pytest.raises(ValueError, match="Invalid classes inferred"):
        extreme().fit(X3, WORDS)
