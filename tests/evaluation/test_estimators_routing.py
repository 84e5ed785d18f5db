"""Weights, groups and what else goes with rows: the numbers of `cross_validate`."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from evaluated_data import TWO, evaluated, is_as_expected, opened, references
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import hpbridge as hpb
from hpbridge.errors import ExperimentError

X, Y = TWO
WEIGHTS = np.where(Y == 1, 5.0, 1.0) + np.arange(len(Y)) / len(Y)
GROUPS = np.arange(len(Y)) // 4
REGULAR = {"C": hpb.Float(0.1, 10, log=True)}
OF_STEP = {"logisticregression__C": REGULAR["C"]}


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def weights_of(evaluation):
    return {"sample_weight": evaluation.folds.kept.rows().params["sample_weight"]}


def dummy_by_hand(evaluation, **settings):
    rows = evaluation.folds.kept.rows()
    return cross_validate(
        settings.pop("dummy", DummyClassifier()),
        rows.X,
        rows.y,
        cv=list(evaluation.folds.folds),
        scoring=evaluation.scorers,
        **settings,
    )


def test_weights_go_to_fit():
    evaluation, study = evaluated(
        LogisticRegression(), X, Y, REGULAR, sample_weight=WEIGHTS
    )
    assert is_as_expected(evaluation, study, params=weights_of(evaluation))
    assert not is_as_expected(evaluation, study)
    found = references(evaluation)["dummy"]["metrics"]["accuracy"]
    by_hand = dummy_by_hand(evaluation, params=weights_of(evaluation))
    assert found == pytest.approx(by_hand["test_accuracy"].mean())
    opened(evaluation, study)


def test_weights_of_a_step_weigh_the_dummy_too():
    model = make_pipeline(StandardScaler(), LogisticRegression())
    params = {"logisticregression__sample_weight": WEIGHTS}
    evaluation, study = evaluated(model, X, Y, OF_STEP, params=params)
    own = evaluation.folds.kept.rows().params
    assert is_as_expected(evaluation, study, params=dict(own))
    weight = own["logisticregression__sample_weight"]
    by_hand = dummy_by_hand(evaluation, params={"sample_weight": weight})
    found = references(evaluation)["dummy"]["metrics"]["accuracy"]
    assert found == pytest.approx(by_hand["test_accuracy"].mean())
    opened(evaluation, study)


def test_a_pipeline_is_told_for_which_step_the_weights_are():
    model = make_pipeline(StandardScaler(), LogisticRegression())
    message = r"'logisticregression__sample_weight', or enable"
    with pytest.raises(ExperimentError, match=message):
        hpb.Evaluation(model, X, Y, space=OF_STEP, sample_weight=WEIGHTS)


@pytest.mark.usefixtures("routing")
def test_weights_are_routed_to_fit_and_scorers():
    model = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=False),
        LogisticRegression().set_fit_request(sample_weight=True),
    )
    scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
    evaluation, study = evaluated(
        model, X, Y, OF_STEP, sample_weight=WEIGHTS, metrics={"accuracy": scorer}
    )
    assert is_as_expected(evaluation, study, params=weights_of(evaluation))
    by_hand = dummy_by_hand(
        evaluation,
        dummy=DummyClassifier().set_fit_request(sample_weight=True),
        params=weights_of(evaluation),
    )
    found = references(evaluation)["dummy"]["metrics"]["accuracy"]
    assert found == pytest.approx(by_hand["test_accuracy"].mean())


@pytest.mark.usefixtures("routing")
def test_the_sealed_test_is_weighed_as_the_folds_are():
    model = LogisticRegression().set_fit_request(sample_weight=False)
    scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
    evaluation, study = evaluated(
        model, X, Y, REGULAR, sample_weight=WEIGHTS, metrics={"accuracy": scorer}
    )
    rows, test = evaluation.folds.kept.rows(), evaluation.test_rows.rows()
    best = evaluation.models.fresh(study.best_trial.values).fit(rows.X, rows.y)
    weighed = best.score(test.X, test.y, sample_weight=test.params["sample_weight"])
    assert opened(evaluation, study)["best"]["accuracy"] == pytest.approx(weighed)


@pytest.mark.usefixtures("routing")
def test_a_request_by_another_name():
    model = LogisticRegression().set_fit_request(sample_weight="importance")
    evaluation, study = evaluated(model, X, Y, REGULAR, params={"importance": WEIGHTS})
    own = evaluation.folds.kept.rows().params
    assert is_as_expected(evaluation, study, params=dict(own))
    opened(evaluation, study)


@pytest.mark.usefixtures("routing")
def test_weights_that_nobody_requests_are_refused():
    message = "sample_weight is requested by neither LogisticRegression nor a metric"
    with pytest.raises(ExperimentError, match=message):
        hpb.Evaluation(LogisticRegression(), X, Y, space=REGULAR, sample_weight=WEIGHTS)


@pytest.mark.usefixtures("routing")
def test_who_says_neither_yes_nor_no_is_named_before_the_first_fit():
    model = make_pipeline(
        StandardScaler(), LogisticRegression().set_fit_request(sample_weight=True)
    )
    with pytest.raises(ExperimentError) as caught:
        hpb.Evaluation(
            model, X, Y, space=OF_STEP, sample_weight=WEIGHTS, metrics="accuracy"
        )
    step, metric = caught.value.problems
    assert step.startswith("StandardScaler says neither that it takes sample_weight")
    assert metric.startswith("the metric 'accuracy' says neither")


def test_workers_have_the_settings_of_scikit_learn_too():
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True)
        metric = get_scorer("accuracy").set_score_request(sample_weight=True)
        evaluation = hpb.Evaluation(
            model,
            X,
            Y,
            space=REGULAR,
            sample_weight=WEIGHTS,
            metrics={"accuracy": metric},
        )
    runs = [
        hpb.run(evaluation, "random", n_trials=3, workers=w, seed=0, store=":memory:")
        for w in (1, 2)
    ]
    assert [t.error for t in runs[1].trials] == [None] * 3
    assert [t.metrics["accuracy"] for t in runs[0].trials] == [
        t.metrics["accuracy"] for t in runs[1].trials
    ]


class AsksForGroups(ClassifierMixin, BaseEstimator):
    """Fails where it does not get the groups of the rows that it is fitted on."""

    def __init__(self, depth: int = 1) -> None:
        self.depth = depth

    def fit(self, X, y, groups):
        assert len(groups) == len(y)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_groups_go_to_the_folds_and_not_to_fit():
    evaluation, study = evaluated(LogisticRegression(), X, Y, REGULAR, groups=GROUPS)
    rows = evaluation.folds.kept.rows()
    for fitted, scored in evaluation.folds.folds:
        own = rows.params["groups"]
        assert not {*own[fitted]} & {*own[scored]}
    assert is_as_expected(evaluation, study)
    opened(evaluation, study)


def test_groups_and_a_splitter_of_scikit_learn():
    evaluation, study = evaluated(
        LogisticRegression(), X, Y, REGULAR, groups=GROUPS, procedure=GroupKFold(3)
    )
    assert is_as_expected(evaluation, study)


@pytest.mark.usefixtures("routing")
def test_groups_go_to_an_estimator_that_requests_them():
    model = AsksForGroups().set_fit_request(groups=True)
    evaluation, study = evaluated(model, X, Y, {"depth": hpb.Int(1, 3)}, groups=GROUPS)
    opened(evaluation, study)


def test_what_fit_does_not_take_is_said_before_it():
    data = {"sample_weight": WEIGHTS, "params": {"other": 3}}
    neighbours = {"n_neighbors": hpb.Int(1, 5)}
    with pytest.raises(ExperimentError) as caught:
        hpb.Evaluation(KNeighborsClassifier(), X, Y, space=neighbours, **data)
    assert list(caught.value.problems) == [
        "fit of KNeighborsClassifier takes no other",
        "fit of KNeighborsClassifier takes no sample_weight",
    ]
    model = make_pipeline(StandardScaler(), KNeighborsClassifier())
    space = {"kneighborsclassifier__n_neighbors": hpb.Int(1, 5)}
    params = {"kneighborsclassifier__sample_weight": WEIGHTS}
    with pytest.raises(ExperimentError, match="KNeighborsClassifier takes no sample"):
        hpb.Evaluation(model, X, Y, space=space, params=params)
