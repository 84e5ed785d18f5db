"""An optimizer inside the search proposes what it proposes alone, bit for bit."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hosted_sklearn import HOSTED
from scipy import stats
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import make_classification
from sklearn.model_selection import KFold, cross_val_score
from sklearn.svm import SVC

import hpbridge as hpb
import hpbridge.sklearn
from hpbridge.contract.capabilities import Feature, no
from hpbridge.contract.registry import registry
from hpbridge.errors import (
    HpbridgeError,
    LibraryNotInstalledError,
    UnsupportedFeatureError,
)
from hpbridge.sklearn import BridgeSearchCV
from hpbridge.trial import State

X, y = make_classification(40, n_features=4, random_state=0)
SPACE = hpb.Space(
    {
        "C": hpb.Float(1e-2, 1e2, log=True),
        "degree": hpb.Int(1, 5),
        "kernel": hpb.Categorical(["rbf", "linear"]),
    }
)
CONDITIONAL = hpb.Space(
    {
        "kernel": hpb.Categorical(["rbf", "linear"]),
        "gamma": hpb.Float(0.1, 1.0, when={"kernel": "rbf"}),
        "C": hpb.Float(1e-2, 1e2, log=True),
    },
    forbid=[lambda p: p["C"] < 0.1 and p["kernel"] == "rbf"],
)

QUICK = {"skopt:gp": {"n_initial_points": 4}, "hyperopt:tpe": {"n_startup_jobs": 5}}
OPTIMIZERS = [
    *("random", "optuna:tpe", "optuna:random", "hyperopt:tpe", "skopt:gp"),
    "bayesopt:ucb",
]


def trajectory(study):
    return [
        (t.params, t.state, repr(t.metrics[study.main_metric])) for t in study.trials
    ]


def alone(optimizer, space, score, n_trials=8, *, options=None):
    experiment = hpb.Experiment(
        objective=score, space=space, direction={"score": "maximize"}
    )
    return hpb.run(
        experiment,
        optimizer,
        n_trials=n_trials,
        seed=3,
        options=options,
        store=":memory:",
    )


@pytest.mark.parametrize("space", [SPACE, CONDITIONAL], ids=["flat", "conditional"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_trajectory_is_that_of_the_optimizer_alone(optimizer, space) -> None:
    search = BridgeSearchCV(
        SVC(),
        space,
        backend=optimizer,
        n_iter=8,
        options=QUICK.get(optimizer),
        cv=2,
        refit=False,
        random_state=3,
    )
    study = alone(
        optimizer,
        space,
        lambda t: cross_val_score(SVC(**t), X, y, cv=2).mean(),
        options=QUICK.get(optimizer),
    )
    assert trajectory(search.fit(X, y).study_) == trajectory(study)
    assert len({t.params["C"] for t in study.trials}) > 1


class Fragile(BaseEstimator):
    """Fails, or is not finite, in parts of its space."""

    def __init__(self, x=0.0):
        self.x = x

    def fit(self, X, y=None):  # noqa: N803
        if self.x < -0.5:
            msg = "too small"
            raise ValueError(msg)
        return self

    def score(self, X=None, y=None):  # noqa: N803
        if -0.3 < self.x < 0.2:
            return math.nan
        return -math.inf if self.x > 0.4 else -((self.x - 0.3) ** 2)


def fragile(trial):
    return Fragile(trial["x"]).fit(None).score()


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        ("optuna:tpe", {}),
        ("hyperopt:tpe", {}),
        ("skopt:gp", {"n_initial_points": 15}),
    ],
)
def test_bad_outcomes_are_told_as_they_are_alone(optimizer, options) -> None:
    space = {"x": hpb.Float(-1, 1)}
    search = BridgeSearchCV(
        Fragile(),
        space,
        backend=optimizer,
        options=options,
        n_iter=25,
        cv=KFold(2),
        refit=False,
        random_state=3,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of failed fits and of scores not finite
        ours = search.fit(X).study_
    study = alone(optimizer, space, fragile, 25, options=options)
    assert [(t.params, t.state) for t in ours.trials] == [
        (t.params, t.state) for t in study.trials
    ]
    values = [t.metrics["score"] for t in ours.trials]
    assert -math.inf in values
    texts = {t.error for t in ours.trials if t.state is State.FAILED}
    assert texts == {"ValueError: too small", "returned nan for metric 'score'"}
    raised = next(t for t in ours.trials if t.error == "ValueError: too small")
    assert "Traceback" in raised.traceback


def test_two_fits_are_the_same_and_a_second_is_a_new_search() -> None:
    search = BridgeSearchCV(SVC(), SPACE, n_iter=12, cv=2, random_state=1)
    first = search.fit(X, y).cv_results_["params"]
    assert search.fit(X, y).cv_results_["params"] == first
    assert len(search.study_.trials) == 12
    other = clone(search).set_params(random_state=2).fit(X, y)
    assert other.cv_results_["params"] != first


def test_the_seed_is_drawn_as_scikit_learn_draws() -> None:
    def tried(state):
        search = BridgeSearchCV(SVC(), SPACE, n_iter=2, cv=2, random_state=state)
        return search.fit(X, y).cv_results_["params"]

    assert tried(np.random.RandomState(5)) == tried(np.random.RandomState(5))
    state = np.random.get_state()
    np.random.seed(7)
    try:
        drawn = tried(None)
        np.random.seed(7)
        assert tried(None) == drawn
        assert tried(None) != drawn
    finally:
        np.random.set_state(state)


def test_a_batch_is_proposed_before_any_of_it_is_told() -> None:
    settings = {"n_iter": 14, "cv": 2, "random_state": 0, "refit": False}
    one = BridgeSearchCV(SVC(), SPACE, batch_size=1, **settings).fit(X, y)
    four = BridgeSearchCV(SVC(), SPACE, batch_size=4, **settings).fit(X, y)
    assert [t.tells_before for t in one.study_.trials] == list(range(14))
    assert [t.tells_before for t in four.study_.trials] == [
        *([0] * 4 + [4] * 4 + [8] * 4 + [12] * 2)
    ]
    assert len(four.cv_results_["params"]) == 14
    assert one.cv_results_["params"][:10] == four.cv_results_["params"][:10]
    assert one.cv_results_["params"] != four.cv_results_["params"]


def test_an_optimizer_that_does_not_learn_is_one_batch() -> None:
    settings = {"backend": "random", "n_iter": 6, "cv": 2, "random_state": 0}
    free = BridgeSearchCV(SVC(), SPACE, **settings).fit(X, y)
    single = BridgeSearchCV(SVC(), SPACE, batch_size=1, **settings).fit(X, y)
    assert {t.tells_before for t in free.study_.trials} == {0}
    assert free.cv_results_["params"] == single.cv_results_["params"]


def test_one_at_a_time_is_refused_a_batch_before_the_first_fit(monkeypatch) -> None:
    plugins = registry()
    spec, algorithm = plugins.algorithm("random")
    can = algorithm.capabilities.but({Feature.PENDING: no("it waits for results")})
    single = replace(algorithm, capabilities=can)
    spec = replace(spec, name="single", algorithms={algorithm.name: single})
    monkeypatch.setitem(plugins.backends, "single", spec)
    search = BridgeSearchCV(SVC(), SPACE, backend="single", batch_size=2, cv=2)
    refused = "batch_size=2 needs several at once: the library cannot .it waits"
    with pytest.raises(UnsupportedFeatureError, match=refused) as told:
        search.fit(X, y)
    assert "optuna:tpe" in str(told.value)
    search.set_params(batch_size=None, n_iter=2).fit(X, y)
    assert [t.tells_before for t in search.study_.trials] == [0, 1]


def test_spaces_are_searched_one_after_the_other() -> None:
    spaces = [
        ({"C": stats.loguniform(1e-2, 1e2), "kernel": ["linear"]}, 3),
        ({"C": stats.loguniform(1e-2, 1e2), "kernel": ["rbf"]}, 4),
        {"degree": [2, 3], "kernel": "poly"},
    ]
    search = BridgeSearchCV(SVC(), spaces, n_iter=2, cv=2, random_state=0).fit(X, y)
    tried = search.cv_results_["params"]
    assert [p["kernel"] for p in tried] == ["linear"] * 3 + ["rbf"] * 4 + ["poly"] * 2
    assert tried[0]["C"] != tried[3]["C"]
    assert [len(s.trials) for s in search.studies_] == [3, 4, 2]
    scores = [t.metrics["score"] for s in search.studies_ for t in s.trials]
    assert scores == list(search.cv_results_["mean_test_score"])
    with pytest.raises(AttributeError, match="after one space was searched, not 3"):
        _ = search.study_


def test_a_grid_that_is_exhausted_ends_the_search() -> None:
    space = {"degree": [1, 2], "kernel": ["rbf", "linear"]}
    search = BridgeSearchCV(
        SVC(), space, backend="optuna:grid", n_iter=9, cv=2, random_state=0
    )
    with pytest.warns(UserWarning, match="after 4 of n_iter=9 candidates"):
        search.fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.study_.stop_reason.startswith("exhausted")


def test_the_study_of_a_search_is_a_study(tmp_path) -> None:
    search = BridgeSearchCV(SVC(), SPACE, n_iter=3, cv=2, random_state=0).fit(X, y)
    study = search.study_
    assert study.optimizer == "optuna:tpe"
    assert study.seed == 0
    assert study.best_trial.metrics["score"] == search.best_score_
    assert study.best_trial.params == search.best_params_
    row = study.to_pandas().iloc[0]
    results = search.cv_results_
    assert row["metric:score"] == results["mean_test_score"][0]
    assert row["metric:mean_fit_time"] == results["mean_fit_time"][0]
    folds = [results[f"split{k}_test_score"][0] for k in range(2)]
    assert study.trials[0].attributes["split_test_score"] == folds
    study.export(tmp_path / "study.json")
    written = json.loads((tmp_path / "study.json").read_text())
    assert [t["metrics"]["score"] for t in written["trials"]] == list(
        results["mean_test_score"]
    )
    assert pickle.loads(pickle.dumps(search)).study_ == study


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"backend": "optuma"}, "No backend named 'optuma'; did you mean 'optuna'"),
        ({"backend": "optuna:tpo"}, "Backend 'optuna' has no algorithm 'tpo'"),
        ({"options": {"n_startup": 3}}, "n_startup"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_fit(settings, text) -> None:
    class Unfit(SVC):
        def fit(self, *_):
            raise AssertionError

    search = BridgeSearchCV(Unfit(), SPACE, cv=2, random_state=0)
    search.set_params(**settings)
    with pytest.raises(HpbridgeError, match=text):
        search.fit(X, y)


EXPERIMENT = hpb.Experiment(
    objective=lambda t: {"loss": (t["x"] - 0.3) ** 2 + t["n"]},
    space={"x": hpb.Float(-1, 1), "n": hpb.Int(0, 3), "net": hpb.Constant((3, 4))},
    direction={"loss": "minimize"},
)


@pytest.mark.parametrize("optimizer", ["random", "optuna:tpe", "hyperopt:tpe"])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_host_runs_any_experiment(optimizer, direction) -> None:
    experiment = hpb.Experiment(
        objective=EXPERIMENT.objective,
        space=EXPERIMENT.space,
        direction={"loss": direction},
    )
    trials = HOSTED.run(optimizer, experiment, 25, 4)
    study = hpb.run(experiment, optimizer, n_trials=25, seed=4, store=":memory:")
    assert trials == [(t.params, t.metrics["loss"]) for t in study.trials]


def test_the_host_hands_on_failures() -> None:
    def objective(trial):
        if trial["x"] < -0.3:
            msg = "no"
            raise ValueError(msg)
        return math.nan if trial.number == 3 else trial["x"]

    experiment = hpb.Experiment(objective=objective, space={"x": hpb.Float(-1, 1)})
    trials = HOSTED.run("optuna:tpe", experiment, 20, 0)
    study = hpb.run(experiment, "optuna:tpe", n_trials=20, seed=0, store=":memory:")
    assert [p for p, _ in trials] == [t.params for t in study.trials]
    assert [repr(v) for _, v in trials] == [
        repr(t.metrics.get("value", math.nan)) for t in study.trials
    ]


def test_the_module_imports_scikit_learn_only_when_it_is_used() -> None:
    source = (
        "import sys, hpbridge.sklearn as module\n"
        "print('sklearn' in sys.modules, 'numpy' in sys.modules)\n"
        "print(module.BridgeSearchCV.__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["False False", "BridgeSearchCV"]


def test_without_scikit_learn_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "hpbridge.hosts.sklearn.search")
    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    with pytest.raises(LibraryNotInstalledError) as told:
        hpbridge.sklearn.BridgeSearchCV  # noqa: B018 - looking it up imports it
    assert str(told.value) == (
        "BridgeSearchCV needs sklearn.model_selection, which is not installed.\n"
        "Hint: `pip install scikit-learn`."
    )
