"""What is wrong with data, target, metrics and splits is said before any fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import metrics as skm
from sklearn import model_selection as ms
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.errors import ExperimentError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = (X[:, 0] + RNG.normal(size=60) > 0).astype(int)
THREE = np.arange(60) % 3
NUMBERS = X[:, 0] * 2 + RNG.normal(size=60)
MISSING = np.where(np.arange(60) == 3, np.nan, Y)
SPACE = {"C": hpb.Float(0.1, 10)}
ALPHA = {"alpha": hpb.Float(0.1, 10)}


class NeverFits(LogisticRegression):
    """Raises where it is fitted."""

    def fit(self, *_args, **_settings):
        raise AssertionError


class CannotBeCloned(ClassifierMixin, BaseEstimator):
    """Changes what it is given."""

    def __init__(self, a=1):
        self.a = [a]

    def fit(self, _X, _y):
        raise AssertionError


def evaluation(estimator=None, X=X, y=Y, **settings) -> hpb.Evaluation:
    settings.setdefault("space", ALPHA if isinstance(estimator, Ridge) else SPACE)
    return hpb.Evaluation(
        NeverFits() if estimator is None else estimator, X, y, **settings
    )


def problems_of(*args, **settings) -> list[str]:
    with pytest.raises(hpb.HpbridgeError) as caught:
        evaluation(*args, **settings)
    assert caught.value.hint
    return list(caught.value.problems)


RARE = np.r_[np.zeros(57, int), 1, 1, 1]
WRONG = {
    "lengths": ({"y": Y[:50]}, "X has 60 rows and y has 50"),
    "no rows": ({"X": X[:0], "y": Y[:0]}, "X and y have no rows"),
    "nothing": ({"X": None}, "X must have rows, as an array has; got NoneType"),
    "text": ({"X": "a" * 60}, "X must have rows, as an array has; got str"),
    "a dict": ({"X": {"a": 1}}, "X must have rows, as an array has; got dict"),
    "lazy": ({"X": pl.DataFrame(X).lazy()}, "LazyFrame: collect() it first"),
    "ragged": (
        {"X": [[1, 2]] * 59 + [[1]]},
        "the rows of X differ in length: row 0 has 2 values, row 59 has 1 (1 of 60",
    ),
    "one dimension": ({"X": X[:, 0]}, "X has one dimension: X.reshape(-1, 1)"),
    "same columns": (
        {"X": pd.DataFrame(X, columns=list("aabc"))},
        "X has 2 columns that are called 'a'",
    ),
    "no bytes": ({"X": [[lambda: 0]] * 60}, "the data cannot be fingerprinted: "),
    "NaN": ({"y": MISSING}, "1 of the 60 values of y are missing (NaN)"),
    "None": ({"y": [None, *Y[1:]]}, "1 of the 60 values of y are missing (NaN)"),
    "NA": (
        {"y": pd.Series(Y).astype("Int64").where(np.arange(60) > 1)},
        "2 of the 60 values of y are missing (NaN)",
    ),
    "numbers for a classifier": ({"y": NUMBERS}, "y is continuous and the estimator"),
    "objects": ({"y": Y.astype(object)}, "y has Python objects (int): make them"),
    "one class": ({"X": X[:1], "y": Y[:1]}, "y has one class alone, "),
    "a rare class": ({"y": RARE}, "class 1 has 2 rows outside of the test, fewer than"),
    "a rare class, repeated": (
        {"y": RARE, "procedure": ms.RepeatedStratifiedKFold(), "test": None},
        "class 1 has 3 rows, fewer than the 5 folds",
    ),
    "a class that is left out": (
        {"y": np.r_[Y[:59], 2], "procedure": hpb.LeaveOneOut(), "test": None},
        "class 2 has 1 row: where it is left out, nothing is known of its class",
    ),
    "an empty class": (
        {"y": np.r_[[0] * 40, [1] * 18, 2, 2], "test": 0.1, "procedure": 2},
        "a test of 10% of the rows has none of class 2",
    ),
    "groups without a splitter of them": (
        {"groups": THREE, "procedure": ms.KFold(3)},
        "groups are given, and KFold(n_splits=3, ",
    ),
    "groups in time": ({"groups": THREE, "procedure": hpb.TimeOrder(2)}, "groups are"),
    "few groups": ({"groups": THREE}, "n_splits=5 greater than the number of groups"),
    "NaN in groups": ({"groups": MISSING}, "1 of the 60 values of groups are missing"),
    "negative weights": (
        {"sample_weight": np.r_[-1.0, np.ones(59)]},
        "1 of the 60 values of sample_weight are below 0",
    ),
    "no weight": ({"sample_weight": np.zeros(60)}, "sample_weight is 0 for every row"),
    "infinite weight": (
        {"sample_weight": np.r_[np.inf, np.ones(59)]},
        "sample_weight has values that are infinite",
    ),
    "weights of text": ({"sample_weight": ["a"] * 60}, "sample_weight must be numbers"),
    "weights in a table": (
        {"sample_weight": np.ones((60, 2))},
        "sample_weight must be one number a row, has the shape (60, 2)",
    ),
    "few weights": ({"sample_weight": [1]}, "sample_weight has 1 values for the 60"),
    "weights twice": (
        {"sample_weight": Y + 1, "params": {"sample_weight": Y + 1}},
        "sample_weight is given twice",
    ),
    "params": ({"params": [1]}, "params must be a dict by name, got [1]"),
    "names of params": ({"params": {1: 2}}, "params must be a dict by name, got the"),
    "a large test": ({"test": 2}, "test must be a share in (0, 1), an explicit (X, y)"),
    "a test of text": ({"test": "x"}, "test must be a share in (0, 1)"),
    "a short test": ({"test": (X, Y[:3])}, "the test: X has 60 rows and y has 3"),
    "a narrow test": ({"test": (X[:, :2], Y)}, "the test: it has 2 columns, and X has"),
    "another class": ({"test": (X, THREE)}, "the test: it has classes that the data"),
    "few weights of a test": (
        {"test": (X, Y, {"sample_weight": [1]})},
        "the test: sample_weight has 1 values for the 60 rows of y",
    ),
    "a tiny test": ({"test": 0.001}, "no share of 0.001 can be set aside for the test"),
    "a procedure by name": ({"procedure": "kfold"}, "procedure must be KFold, HoldOut"),
    "a class": ({"procedure": ms.KFold}, "procedure is a class: make an object, KFold"),
    "no folds": ({"procedure": []}, "the procedure makes no fold"),
    "a metric by another name": (
        {"metrics": "f1_makro"},
        "there is no metric 'f1_makro'; did you mean 'f1_macro'?",
    ),
    "no metric": ({"metrics": []}, "metrics must be names or scorers, got []"),
    "a metric twice": (
        {"metrics": ["accuracy", "accuracy"]},
        "the metric 'accuracy' is named twice",
    ),
    "a function": (
        {"metrics": [skm.accuracy_score]},
        "the metric 'accuracy_score' is a function of targets and answers: ",
    ),
    "a constraint on nothing": (
        {"constraints": {"acuracy": ">= 1"}, "metrics": "accuracy"},
        "no trial has the metric 'acuracy' of constraints=; did you mean 'accuracy'?",
    ),
    "a seed": ({"seed": -1}, "seed must be a whole number in [0, 2**32), got -1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name):
    settings, expected = WRONG[name]
    assert any(expected in text for text in problems_of(**settings))


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (np.where(Y, "a", "b"), "y is no numbers ('a') and the estimator is a regress"),
        (pd.date_range("2020", periods=60), "y is no numbers (datetime"),
        (np.where(NUMBERS > 0, np.inf, NUMBERS), "y cannot be predicted: Input cont"),
        (NUMBERS + 1j, "y cannot be predicted: Complex data not supported"),
    ],
)
def test_what_a_regressor_cannot_predict(y, text):
    assert any(each.startswith(text) for each in problems_of(Ridge(), y=y))


def test_a_test_of_text_for_a_regressor():
    (text,) = problems_of(Ridge(), y=NUMBERS, test=(X[:2], ["a", "b"]))
    assert text.startswith("the test: y is no numbers")


def test_metrics_that_do_not_fit_are_named_with_those_that_do():
    first, second = problems_of(y=THREE, metrics=["f1", "roc_auc", "accuracy"])
    assert first.startswith("the metric 'f1' does not fit a target of 3 classes: ")
    assert "those that do: accuracy, average_precision, balanced_accuracy" in second
    assert "neg_mean_squared_error" not in second
    (text,) = problems_of(Ridge(), y=NUMBERS, metrics="accuracy")
    assert text.endswith("neg_root_mean_squared_error, r2")


def test_parameters_that_are_not_there_are_named_all_at_once():
    space = {"c": hpb.Float(1, 2), "gama": hpb.Float(1, 2), "C": hpb.Float(1, 2)}
    first, second = problems_of(SVC(), space=space)
    assert first.startswith("SVC has no parameter 'c'; there are: C, ")
    assert second == "SVC has no parameter 'gama'; did you mean 'gamma'?"


@pytest.mark.parametrize(
    ("estimator", "text"),
    [
        (CannotBeCloned(), "estimator cannot be cloned: Cannot clone object"),
        (SVC, "estimator is a class: make an object, SVC()"),
        (object(), "estimator is no estimator of scikit-learn's kind"),
    ],
)
def test_what_is_no_estimator(estimator, text):
    (found,) = problems_of(estimator, space={"a": hpb.Int(1, 3)})
    assert found.startswith(text)


def test_all_that_is_wrong_is_said_at_once():
    found = problems_of(
        SVC(), y=MISSING, space={"c": hpb.Float(1, 2)}, seed=-1, sample_weight=[1]
    )
    starts = ("seed", "SVC has no", "sample_weight has 1", "1 of the 60 values of y")
    assert all(f.startswith(s) for f, s in zip(found, starts, strict=True))


TEXTS = ["good film", "bad film"] * 30
TAKEN = {
    "lists": {"X": X.tolist(), "y": Y.tolist()},
    "text": {"y": np.where(Y, "a", "b")},
    "objects of text": {"y": np.where(Y, "a", "b").astype(object)},
    "categories": {"y": pd.Series(np.where(Y, "a", "b")).astype("category")},
    "a frame": {"y": pd.DataFrame({"y": Y})},
    "a column": {"y": Y.reshape(-1, 1)},
    "another index": {"X": pd.DataFrame(X, index=range(60, 0, -1)), "y": pd.Series(Y)},
    "polars": {"X": pl.DataFrame(X), "y": pl.Series(Y)},
    "a frame of polars": {"y": pl.DataFrame({"y": Y})},
    "bools": {"y": Y.astype(bool)},
    "a sparse column": {"y": sparse.csr_matrix(Y.reshape(-1, 1))},
    "some weights of 0": {"sample_weight": Y * 1.0},
    "groups of text": {"groups": np.array(list("abcdefghij") * 6)},
    "rows as given": {"procedure": [(range(10), range(10, 20))]},
    "rows of time": {"procedure": ms.TimeSeriesSplit(3), "y": np.arange(60) % 2},
    "a test with weights": {"test": (X, Y, {"sample_weight": np.ones(60)})},
    "a test of one class": {"test": (X[:3], [1, 1, 1])},
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_right_is_taken(name):
    made = evaluation(LogisticRegression(), **TAKEN[name])
    scores = made.folds.scores(LogisticRegression())
    assert all(np.isfinite(list(each.test.values())).all() for each in scores)


@pytest.mark.parametrize(
    "texts", [TEXTS, np.array(TEXTS, dtype=object), pd.Series(TEXTS)], ids=type
)
def test_texts_are_taken(texts):
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    y = [1, 0] * 30
    made = evaluation(model, texts, y, space={"logisticregression__C": SPACE["C"]})
    assert [s.test["accuracy"] for s in made.folds.scores(model)] == [1.0] * 5


def test_a_sparse_target_is_told():
    made = evaluation(y=sparse.csr_matrix(Y.reshape(-1, 1)))
    assert "y is sparse, and taken as an array" in made.notes


def test_what_does_not_depend_on_the_data_is_told_with_what_is_wrong_with_them():
    with pytest.raises(ExperimentError) as caught:
        hpb.Evaluation(
            LogisticRegression(),
            np.zeros((60, 3)),
            np.arange(59) % 2,
            space={"c": hpb.Float(0.1, 1)},
            metrics=["f1_macr"],
            test=1.5,
            procedure=hpb.KFold(1),
        )
    text = "\n".join(caught.value.problems)
    for word in ("'c'", "60 rows", "'f1_macr'", "got 1.5", "n_splits", "59"):
        assert word in text


def test_metrics_that_bounds_may_be_on_are_named_once():
    with pytest.raises(ExperimentError) as caught:
        hpb.Evaluation(
            LogisticRegression(),
            np.arange(180.0).reshape(60, 3),
            np.arange(60) % 2,
            space={"C": hpb.Float(0.1, 1)},
            optimize=["acuracy"],
            constraints={"recal": ">= 0.9"},
        )
    (sentence,) = [each for each in caught.value.problems if "recal" in each]
    names = sentence.partition("there are: ")[2].split(", ")
    assert len(names) == len({*names})
