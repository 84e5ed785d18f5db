"""Numbers of folds are those of scikit-learn's `cross_validate`, bit for bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.datasets import make_classification, make_regression
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score, get_scorer, make_scorer
from sklearn.model_selection import GroupKFold, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.evaluation.folds import Folds, NoScoreError
from hpbridge.evaluation.kept import Kept
from hpbridge.evaluation.rows import Rows

X, Y = make_classification(150, 6, n_informative=4, n_classes=3, random_state=0)
WEIGHTS = np.linspace(0.1, 2, 150)
GROUPS = np.arange(150) // 5


def folds_of(
    y=Y, metrics=("accuracy",), params=None, cv=None, data=X, order=None
) -> Folds:
    folds = list(KFold(4).split(X) if cv is None else cv.split(X, y, GROUPS))
    scorers = metrics if isinstance(metrics, dict) else named(metrics)
    rows = Rows(data, y, params or {})
    return Folds(Kept(rows), folds, order or range(len(folds)), scorers)


def named(metrics) -> dict:
    return {name: get_scorer(name) for name in metrics}


def assert_same(folds: Folds, estimator, **settings) -> None:
    rows = folds.kept.rows()
    cv = [folds.folds[k] for k in folds.order]
    theirs = cross_validate(
        estimator,
        rows.X,
        rows.y,
        cv=cv,
        scoring=dict(folds.scorers),
        return_train_score=True,
        error_score="raise",
        **settings,
    )
    ours = folds.scores(estimator)
    assert [scores.number for scores in ours] == list(folds.order)
    for name in folds.scorers:
        assert [s.test[name] for s in ours] == theirs[f"test_{name}"].tolist()
        assert [s.train[name] for s in ours] == theirs[f"train_{name}"].tolist()


@pytest.mark.parametrize(
    ("estimator", "metrics"),
    [
        (make_pipeline(StandardScaler(), SVC()), ["f1_macro", "accuracy"]),
        (SVC(), ["recall_macro"]),
        (LogisticRegression(), ["roc_auc_ovr", "neg_log_loss", "f1_weighted"]),
        (RandomForestClassifier(10, random_state=0), ["roc_auc_ovo", "jaccard_macro"]),
        (DummyClassifier(strategy="stratified", random_state=0), ["accuracy"]),
    ],
    ids=repr,
)
def test_every_metric_of_classes(estimator, metrics):
    assert_same(folds_of(metrics=metrics), estimator)
    assert_same(folds_of(metrics=metrics, order=[2, 0, 3, 1]), estimator)


def test_every_metric_of_numbers():
    _, y = make_regression(150, 6, noise=5, random_state=0)
    metrics = ["r2", "neg_mean_absolute_error", "neg_root_mean_squared_error"]
    assert_same(folds_of(y, metrics), Ridge())


@pytest.mark.parametrize(
    "data",
    [pd.DataFrame(X), sparse.csr_matrix(X), sparse.csr_array(X), X.tolist()],
    ids=["pandas", "matrix", "sparse array", "lists"],
)
def test_every_container(data):
    assert_same(folds_of(data=data), LogisticRegression())


def test_weights_without_routing_are_for_the_fit_alone():
    params = {"sample_weight": WEIGHTS}
    folds = folds_of(metrics=["accuracy", "f1_macro"], params=params)
    assert_same(folds, LogisticRegression(), params=params)


def test_groups_without_routing_are_for_the_splitter_alone():
    folds = folds_of(params={"groups": GROUPS}, cv=GroupKFold(4))
    assert_same(folds, LogisticRegression())


def test_weights_and_groups_with_routing():
    accuracy, f1 = make_scorer(accuracy_score), make_scorer(f1_score, average="macro")
    params = {"sample_weight": WEIGHTS, "groups": GROUPS}
    with sklearn.config_context(enable_metadata_routing=True):
        weighted = {
            "accuracy": accuracy.set_score_request(sample_weight=True),
            "f1": f1.set_score_request(sample_weight=False),
        }
        folds = folds_of(metrics=weighted, params=params, cv=GroupKFold(4))
        estimator = LogisticRegression().set_fit_request(sample_weight=True)
        assert_same(folds, estimator, params={"sample_weight": WEIGHTS})


@pytest.mark.parametrize("workers", [1, 2])
def test_the_settings_of_scikit_learn_are_those_when_it_was_made(workers):
    with sklearn.config_context(enable_metadata_routing=True):
        metric = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        estimator = LogisticRegression().set_fit_request(sample_weight=True)
        evaluation = hpb.Evaluation(
            estimator,
            X,
            Y,
            space={"C": hpb.Float(0.1, 1)},
            metrics={"weighted": metric},
            sample_weight=WEIGHTS,
        )
        expected = evaluation.folds.scores(estimator)
    study = hpb.run(
        evaluation,
        "random",
        n_trials=1,
        seed=0,
        store=":memory:",
        workers=workers,
    )
    assert study.trials[0].error is None
    scores = study.trials[0].attributes["split_test_weighted"]
    assert scores == [s.test["weighted"] for s in sorted_by_number(expected)]


def sorted_by_number(done) -> list:
    return sorted(done, key=lambda scores: scores.number)


def test_what_nobody_asked_for_is_refused_as_by_scikit_learn():
    with sklearn.config_context(enable_metadata_routing=True):
        folds = folds_of(params={"sample_weight": WEIGHTS})
        with pytest.raises(ValueError, match="not explicitly set as requested"):
            folds.scores(LogisticRegression())


def test_each_fold_is_heard_of_before_the_next_is_fitted():
    fitted = []

    class Counts(DummyClassifier):
        def fit(self, X, y, sample_weight=None):
            fitted.append(len(X))
            return super().fit(X, y, sample_weight)

    heard = []

    def after(scores):
        heard.append((scores.number, len(fitted)))
        if len(heard) == 2:
            raise KeyError

    folds = folds_of(order=[3, 1, 0, 2])
    with pytest.raises(KeyError):
        folds.scores(Counts(), after)
    assert heard == [(3, 1), (1, 2)]


def test_a_number_of_jobs_that_is_set_outside_changes_nothing():
    joblib = pytest.importorskip("joblib")
    with joblib.parallel_config(n_jobs=2, backend="threading"):
        scores = folds_of().scores(LogisticRegression())
    assert [s.number for s in scores] == [0, 1, 2, 3]


def test_a_scorer_that_raises_is_named_with_its_fold():
    def touchy(estimator, X, y):
        if len(X) < 100:
            msg = "no such rows"
            raise KeyError(msg)
        return 1.0

    folds = folds_of(metrics={"accuracy": get_scorer("accuracy"), "touchy": touchy})
    with pytest.raises(NoScoreError, match="'touchy' failed on the rows that fold 0 "):
        folds.scores(LogisticRegression())


@pytest.mark.parametrize("value", [None, "high", 1j, [1.0, 2.0]], ids=repr)
def test_a_score_that_is_no_number_is_named(value):
    folds = folds_of(metrics={"mine": lambda *_: value})
    with pytest.raises(NoScoreError, match="'mine' must be a number, and is"):
        folds.scores(LogisticRegression())


def test_what_an_estimator_raises_comes_through():
    with pytest.raises(ValueError, match="'C' parameter"):
        folds_of().scores(LogisticRegression(C="much"))


def test_seconds_are_those_of_fit_and_score():
    scores = folds_of().scores(RandomForestClassifier(30))[0]
    assert scores.fit_seconds > scores.score_seconds > 0


def test_an_evaluation_of_groups_runs():
    study = hpb.run(
        hpb.Evaluation(
            LogisticRegression(), X, Y, space={"C": hpb.Float(0.1, 1)}, groups=GROUPS
        ),
        "random",
        n_trials=2,
        seed=0,
        store=":memory:",
    )
    assert [t.error for t in study.trials] == [None, None]
