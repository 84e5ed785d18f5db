"""Candidates of a search that a pruner ends before their last fold."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.errors import ExperimentError, OptionError, PrunerNotFoundError
from hpbridge.sklearn import BridgeSearchCV
from hpbridge.trial import State

X, y = (part[::3] for part in load_breast_cancer(return_X_y=True))
SPACE = {
    "svc__C": hpb.Float(1e-3, 1e2, log=True),
    "svc__gamma": hpb.Float(1e-4, 1e1, log=True),
}
MODEL = make_pipeline(StandardScaler(), SVC())


def search(space=None, **settings):
    settings = {"backend": "random", "n_iter": 10, "cv": 8, **settings}
    settings = {"random_state": 1, "pruner": "race", **settings}
    return BridgeSearchCV(MODEL, space or SPACE, **settings)


@pytest.fixture(scope="module")
def raced():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a mean that is NaN is nothing to warn of
        return search(return_train_score=True).fit(X, y)


def test_the_others_are_those_of_a_search_without_it(raced) -> None:
    whole = search(pruner=None, return_train_score=True, batch_size=1).fit(X, y)
    own, all_ = raced.cv_results_, whole.cv_results_
    assert own.keys() == all_.keys()
    assert own["params"] == all_["params"]
    is_pruned = np.isnan(own["mean_test_score"])
    assert 0 < is_pruned.sum() < 10
    for name in own:
        if "score" in name and "time" not in name and "rank" not in name:
            assert np.array_equal(own[name][~is_pruned], all_[name][~is_pruned]), name
    for k in range(8):
        scores, known = own[f"split{k}_test_score"], all_[f"split{k}_test_score"]
        ran = ~np.isnan(scores)
        assert np.array_equal(scores[ran], known[ran])
    assert raced.best_params_ == whole.best_params_
    assert raced.best_score_ == whole.best_score_
    assert raced.n_splits_ == 8
    assert (own["rank_test_score"][is_pruned] == own["rank_test_score"].max()).all()
    assert (own["mean_fit_time"] > 0).all()
    assert raced.best_estimator_.score(X, y) == whole.best_estimator_.score(X, y)


def test_its_study_says_who_was_ended_and_when(raced) -> None:
    study = raced.study_
    assert study.settings.budget.pruner["name"] == "race:ttest"
    order = np.random.default_rng(1).permutation(8)
    splits = np.array([raced.cv_results_[f"split{k}_test_score"] for k in range(8)]).T
    states = [trial.state for trial in study.trials]
    assert {State.PRUNED, State.COMPLETE} == set(states)
    for trial, scores in zip(study.trials, splits, strict=True):
        n_run = len(trial.reports)
        assert trial.reports == tuple(enumerate(scores[order][:n_run], 1))
        assert (n_run == 8) == (trial.state is State.COMPLETE)
        if trial.state is State.PRUNED:
            assert trial.metrics == {}
            best = max(
                (t for t in study.trials[: trial.number] if t.state is State.COMPLETE),
                key=lambda t: t.metrics["score"],
            )
            own = [value for _, value in trial.reports]
            other = [value for _, value in best.reports[:n_run]]
            test = stats.ttest_rel(own, other, alternative="less")
            assert test.pvalue < 0.05
    assert study.best_trial.params == {name: raced.best_params_[name] for name in SPACE}


@pytest.mark.parametrize(
    ("backend", "settings"),
    [
        ("optuna", {"n_jobs": 2, "batch_size": 3}),
        ("hyperopt", {"pruner": ("race:winloss", {"burn_in": 2})}),
        *(
            pytest.param(backend, {"pruner": pruner}, marks=pytest.mark.slow)
            for backend, pruner in (
                ("skopt:et", "median"),
                ("bayesopt", ("asha", {"reduction_factor": 2})),
            )
        ),
    ],
)
def test_any_optimizer_and_pruner(backend, settings) -> None:
    found = search(backend=backend, **settings).fit(X, y)
    again = search(backend=backend, **{**settings, "n_jobs": 1}).fit(X, y)
    assert State.PRUNED in {trial.state for trial in found.study_.trials}
    for key in ("mean_test_score", "split0_test_score"):
        assert np.array_equal(
            found.cv_results_[key], again.cv_results_[key], equal_nan=True
        )
    model = MODEL.set_params(**found.best_params_)
    assert found.best_score_ == cross_val_score(model, X, y, cv=8).mean()


def test_several_metrics_spaces_and_words_of_scikit_learn() -> None:
    space = [
        {"svc__C": stats.loguniform(1e-3, 1e2)},
        {"svc__gamma": [1e-4, 1e-2, 1.0, 10.0]},
    ]
    found = search(space, scoring=["f1", "accuracy"], refit="accuracy").fit(X, y)
    is_pruned = np.isnan(found.cv_results_["mean_test_accuracy"])
    assert is_pruned.any()
    assert np.array_equal(is_pruned, np.isnan(found.cv_results_["mean_test_f1"]))
    trials = [trial for study in found.studies_ for trial in study.trials]
    assert len(trials) == 10
    assert sum(each.state is State.PRUNED for each in trials) == is_pruned.sum()


def fails_at(estimator, rows, target):
    if estimator[-1].C > 1:
        msg = "no score"
        raise ValueError(msg)
    return estimator.score(rows, target)


def test_what_fails_runs_to_its_end_and_is_no_pruned_trial() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn, of each fit
        found = search(scoring=fails_at, n_iter=8).fit(X, y)
    states = {
        trial.state for trial in found.study_.trials if trial.params["svc__C"] > 1
    }
    assert states == {State.FAILED}
    assert not math.isnan(found.best_score_)


def test_repeated_folds_without_a_seed_are_the_same_for_all() -> None:
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2)
    found = search(cv=cv, n_iter=4).fit(X, y)
    assert found.n_splits_ == 6
    assert len(found.study_.trials[0].reports) == 6


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"pruner": "rice"}, PrunerNotFoundError, "race"),
        ({"pruner": ("race", {"burn": 2})}, OptionError, "burn_in"),
        ({"cv": 3}, ExperimentError, "the first burn_in=3 folds"),
        ({"cv": [(range(90), range(90, 189))]}, ExperimentError, "has one"),
    ],
)
def test_what_cannot_be_is_refused_before_the_first_fit(settings, error, said) -> None:
    with pytest.raises(error, match=said):
        search(**settings).fit(X, y)
