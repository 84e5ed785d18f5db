"""Estimators and data of every kind that scikit-learn's own functions take."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from evaluated_data import (
    LABELS,
    NUMBERS,
    SEVERAL,
    THREE,
    TWO,
    evaluated,
    is_as_expected,
    opened,
    references,
)
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import hpbridge as hpb
from hpbridge.errors import ExperimentError

REGULAR = {"C": hpb.Float(0.1, 10, log=True)}
RIDGE = {"alpha": hpb.Float(0.1, 10)}
DEPTH = {"max_depth": hpb.Int(1, 4)}

X2, Y2 = TWO
X3, Y3 = THREE
WORDS = np.array(["no", "yes"])[Y2]

TARGETS = {
    "numbers": Y2,
    "words": WORDS,
    "words as objects": WORDS.astype(object),
    "bools": Y2.astype(bool),
    "a list": WORDS.tolist(),
    "a column": Y2.reshape(-1, 1),
    "a frame of one column": pd.DataFrame({"y": WORDS}),
    "pandas' words": pd.Series(WORDS),
    "pandas' categories": pd.Categorical(WORDS),
    "a series of categories": pd.Series(pd.Categorical(WORDS)),
    "pandas' Int64": pd.Series(Y2, dtype="Int64"),
    "pandas' boolean": pd.Series(Y2.astype(bool), dtype="boolean"),
    "polars' words": pl.Series(WORDS),
    "polars' categories": pl.Series(WORDS, dtype=pl.Categorical),
    "a polars frame": pl.DataFrame({"y": WORDS}),
}


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_labels_come_in_any_container(y):
    evaluation, study = evaluated(LogisticRegression(), X2, y, REGULAR)
    assert is_as_expected(evaluation, study)
    plain, same = evaluated(LogisticRegression(), X2, Y2, REGULAR)
    assert [t.metrics["accuracy"] for t in study.trials] == [
        t.metrics["accuracy"] for t in same.trials
    ]
    assert [n for _, n in evaluation.record["counts"]] == [
        n for _, n in plain.record["counts"]
    ]


FEATURES = {
    "lists": X2.tolist(),
    "pandas": pd.DataFrame(X2),
    "polars": pl.DataFrame(X2),
    **{f: scipy.sparse.csr_matrix(X2).asformat(f) for f in ("csr", "csc", "coo")},
    "a sparse array": scipy.sparse.coo_array(X2),
}


@pytest.mark.parametrize("X", FEATURES.values(), ids=FEATURES)
def test_features_come_in_any_container(X):
    evaluation, study = evaluated(LogisticRegression(), X, Y2, REGULAR)
    assert is_as_expected(evaluation, study)


def test_bools_and_words_are_scored_in_the_sealed_test_too():
    for y in (Y2.astype(bool), WORDS, pd.Series(pd.Categorical(WORDS))):
        evaluation, study = evaluated(
            LogisticRegression(), X2, y, REGULAR, metrics=["f1_macro", "roc_auc"]
        )
        assert opened(evaluation, study)["best"]["roc_auc"] > 0.8


OF_LABELS = {
    "one each": (
        MultiOutputClassifier(LogisticRegression()),
        {"estimator__C": REGULAR["C"]},
    ),
    "a chain": (
        ClassifierChain(LogisticRegression(), random_state=0),
        {"estimator__C": REGULAR["C"]},
    ),
    "neighbours": (KNeighborsClassifier(), {"n_neighbors": hpb.Int(1, 9)}),
    "a tree": (DecisionTreeClassifier(), DEPTH),
}


@pytest.mark.parametrize("case", OF_LABELS.values(), ids=OF_LABELS)
def test_several_labels_a_row(case):
    estimator, space = case
    X, y = LABELS
    metrics = ["f1_micro", "roc_auc"]
    evaluation, study = evaluated(estimator, X, y, space, metrics=metrics)
    assert is_as_expected(evaluation, study)
    assert references(evaluation)["dummy"]["metrics"]["roc_auc"] == 0.5
    assert opened(evaluation, study)["best"]["roc_auc"] > 0.6


NUMBERS = {
    "one": (*NUMBERS, Ridge(), RIDGE),
    "several": (*SEVERAL, Ridge(), RIDGE),
    "several in a frame": (
        *map(pd.DataFrame, SEVERAL),
        DecisionTreeRegressor(),
        DEPTH,
    ),
    "several in polars": (*map(pl.DataFrame, SEVERAL), Ridge(), RIDGE),
    "transformed": (
        *NUMBERS,
        TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
        {"regressor__alpha": RIDGE["alpha"]},
    ),
}


@pytest.mark.parametrize("case", NUMBERS.values(), ids=NUMBERS)
def test_numbers_are_predicted(case):
    X, y, estimator, space = case
    evaluation, study = evaluated(estimator, X, y, space)
    assert is_as_expected(evaluation, study)
    assert opened(evaluation, study)["dummy"]["r2"] < 0.1


def mixed():
    """Return a frame with gaps, and a column of words."""
    frame = pd.DataFrame(X3, columns=list("abcde"))
    frame["kind"] = np.where(frame["a"] > 0, "high", "low")
    frame.loc[::7, "b"] = np.nan
    return frame


@pytest.mark.parametrize("container", [lambda x: x, pl.from_pandas])
def test_columns_are_transformed_by_name(container):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer(
        [("n", numbers, list("abcde")), ("w", OneHotEncoder(), ["kind"])]
    )
    space = {
        "columntransformer__n__simpleimputer__strategy": hpb.Categorical(
            ["mean", "median"]
        ),
        "logisticregression__C": REGULAR["C"],
    }
    X = container(mixed().fillna({"b": 0.0}))
    model = make_pipeline(columns, LogisticRegression())
    evaluation, study = evaluated(model, X, Y3, space)
    assert is_as_expected(evaluation, study)
    opened(evaluation, study)


def test_gaps_and_categories_go_to_an_estimator_that_takes_them():
    X = mixed().astype({"kind": "category"})
    model = HistGradientBoostingClassifier(
        max_iter=5, categorical_features="from_dtype"
    )
    evaluation, study = evaluated(model, X, Y3, DEPTH)
    assert is_as_expected(evaluation, study)
    opened(evaluation, study)


def test_texts_are_rows():
    X, y = ["good day", "bad day", "fine", "bad"] * 20, [1, 0, 1, 0] * 20
    model = make_pipeline(CountVectorizer(), LogisticRegression())
    _, study = evaluated(model, X, y, {"logisticregression__C": REGULAR["C"]})
    assert study.best_trial.metrics["accuracy"] == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_values_may_be_tuples_none_or_estimators():
    space = {
        "scale": hpb.Categorical(
            {"std": StandardScaler(), "minmax": MinMaxScaler(), "no": "passthrough"}
        ),
        "model__hidden_layer_sizes": hpb.Categorical({"one": (4,), "two": (4, 3)}),
        "model__max_iter": 5,
    }
    model = Pipeline([("scale", StandardScaler()), ("model", MLPClassifier())])
    evaluation, study = evaluated(model, X3, Y3, space)
    fresh = evaluation.models.fresh(study.trials[-1].values)
    assert fresh["model"].max_iter == 5
    assert fresh["model"].hidden_layer_sizes in {(4,), (4, 3)}
    depth = {"max_depth": hpb.Categorical([None, 2])}
    evaluation, study = evaluated(DecisionTreeClassifier(), X3, Y3, depth)
    assert study.trials[0].values == {"max_depth": None}


def test_an_estimator_that_is_a_value_is_not_shared_by_trials():
    scaler = StandardScaler()
    space = {"scale": hpb.Categorical({"own": scaler, "no": "passthrough"})}
    model = Pipeline([("scale", "passthrough"), ("model", LogisticRegression())])
    evaluated(model, X2, Y2, space)
    assert not hasattr(scaler, "mean_")


def test_names_reach_as_deep_as_the_estimator():
    inner = BaggingClassifier(DecisionTreeClassifier(), n_estimators=2)
    model = BaggingClassifier(inner, n_estimators=2)
    space = {"estimator__estimator__max_depth": hpb.Int(1, 3)}
    evaluation, study = evaluated(model, X3, Y3, space)
    assert is_as_expected(evaluation, study)


def test_alternatives_have_names_of_their_own():
    models = {
        "svm": (SVC(), {"C": REGULAR["C"]}),
        "tree": (DecisionTreeClassifier(), DEPTH),
    }
    evaluation, study = evaluated(models, X3, Y3, {})
    assert is_as_expected(evaluation, study)
    opened(evaluation, study)


def test_several_classes_a_row_are_refused():
    y = np.column_stack([Y3, Y3[::-1]])
    with pytest.raises(ExperimentError, match="multiclass-multioutput"):
        hpb.Evaluation(DecisionTreeClassifier(), X3, y, space=DEPTH)


def test_lists_of_labels_are_told_how_to_be_columns():
    y = [["a"], ["b", "c"]] * (len(X2) // 2)
    with pytest.raises(ExperimentError, match="MultiLabelBinarizer"):
        hpb.Evaluation(DecisionTreeClassifier(), X2, y, space=DEPTH)


def test_a_metric_of_one_class_is_told_how_to_name_it():
    with pytest.raises(
        ExperimentError, match=r"make_scorer\(f1_score, pos_label='yes'"
    ):
        hpb.Evaluation(LogisticRegression(), X2, WORDS, space=REGULAR, metrics="f1")
    scorer = make_scorer(f1_score, pos_label="yes")
    evaluation, study = evaluated(
        LogisticRegression(), X2, WORDS, REGULAR, metrics={"f1": scorer}
    )
    assert is_as_expected(evaluation, study)
