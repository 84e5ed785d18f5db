"""Searches of scikit-learn as studies: fitted, or their results in any form."""

from __future__ import annotations

import math
import pickle
import warnings

import joblib
import pandas as pd
import pytest
from scipy import stats
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
)
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.contract.builtin import FORMATS
from hpbridge.contract.foreign import Hints
from hpbridge.contract.registry import registry
from hpbridge.errors import FormatError
from hpbridge.formats.literals import read_literal_dict
from hpbridge.sklearn import BridgeSearchCV
from hpbridge.trial import State

FORM = next(form for form in FORMATS if form.name == "sklearn")
OTHERS = [f for f in FORMATS if f.name != "sklearn" and not f.is_general]
X, y = make_classification(60, n_features=4, random_state=0)
SPACE = {
    "C": stats.loguniform(1e-2, 1e2),
    "degree": [2, 3],
    "gamma": ["scale", 0.5, 1],
    "shrinking": [True, False],
}


@pytest.fixture(scope="module")
def search():
    return RandomizedSearchCV(SVC(), SPACE, n_iter=8, cv=3, random_state=0).fit(X, y)


def read(source, **hints):
    return FORM.read(source, Hints(**hints))


def sources_of(search, folder):
    """Return every form in which people keep a search's results."""
    frame = pd.DataFrame(search.cv_results_)
    plain, indexed = folder / "plain.csv", folder / "indexed"
    frame.to_csv(plain, index=False)
    frame.to_csv(indexed)
    return {
        "fitted": search,
        "dict": search.cv_results_,
        "frame": frame,
        "csv": plain,
        "csv with its index": indexed,
    }


KINDS = ["fitted", "dict", "frame", "csv", "csv with its index"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_of_the_results_is_the_same_study(search, kind, tmp_path) -> None:
    source = sources_of(search, tmp_path)[kind]
    assert FORM.recognizes(source)
    assert not [other.name for other in OTHERS if other.recognizes(source)]
    found = read(source)
    results = search.cv_results_
    assert found.metrics == {"score": "maximize"}
    # From params: in the column of gamma, 1 stands beside 0.5 and a text.
    for trial, params in zip(found.trials, results["params"], strict=True):
        assert trial.params == params
        kinds = [type(v) for v in trial.params.values()]
        assert kinds == [
            type(v.item() if hasattr(v, "item") else v) for v in params.values()
        ]
    for row, trial in enumerate(found.trials):
        assert trial.state is State.COMPLETE
        assert trial.metrics["score"] == results["mean_test_score"][row]
        assert trial.metrics["std_test_score"] == results["std_test_score"][row]
        assert trial.metrics["mean_fit_time"] == results["mean_fit_time"][row]
        folds = [results[f"split{k}_test_score"][row] for k in range(3)]
        assert trial.attributes["split_test_score"] == folds
        seconds = 3 * (results["mean_fit_time"][row] + results["mean_score_time"][row])
        assert trial.run_seconds == pytest.approx(seconds)
        assert not [name for name in trial.attributes if "rank" in name]
    whole = hpb.read_study(source)
    assert len(whole.trials) == 8
    assert whole.best_trial.metrics["score"] == search.best_score_
    assert whole.best_trial.values == search.best_params_


def test_a_fitted_search_keeps_its_space(search) -> None:
    found = read(search)
    assert found.name == "SVC-RandomizedSearchCV"
    assert found.algorithm == "random"
    assert dict(found.space) == {
        "C": hpb.Float(1e-2, 1e2, log=True),
        "degree": hpb.Categorical([2, 3]),
        "gamma": hpb.Categorical(["scale", 0.5, 1]),
        "shrinking": hpb.Categorical([True, False]),
    }
    # Another optimizer goes on with it.
    study = hpb.read_study(search)
    assert study.space == found.space
    given = hpb.Space({**SPACE_OF_OURS, "C": hpb.Float(1e-3, 1e3, log=True)})
    assert read(search, space=given).space == given


SPACE_OF_OURS = {
    "degree": hpb.Categorical([2, 3]),
    "gamma": hpb.Categorical(["scale", 0.5, 1]),
    "shrinking": hpb.Categorical([True, False]),
}


def test_a_space_that_is_not_exact_is_not_made_up() -> None:
    drawn = stats.rv_histogram(([1, 2], [0.5, 1, 2]), density=True)
    search = RandomizedSearchCV(SVC(), {"C": drawn}, n_iter=2, cv=2, random_state=0)
    found = read(search.fit(X, y))
    assert found.space is None
    assert any("its space is not kept: 'C' is" in note for note in found.notes)
    kept = read(
        RandomizedSearchCV(SVC(), {"C": stats.expon(scale=1)}, n_iter=2, cv=2).fit(X, y)
    )
    assert kept.space == hpb.Space({"C": hpb.Float(0, math.inf, prior=stats.expon())})
    grids = GridSearchCV(SVC(), [{"C": [1, 2]}, {"degree": [1, 2]}], cv=2).fit(X, y)
    found = read(grids)
    assert found.space is None
    assert "it searched several spaces, of which none is kept" in found.notes
    assert [dict(t.params) for t in found.trials] == grids.cv_results_["params"]


def test_a_grid_of_tuples_is_a_grid_of_choices() -> None:
    search = GridSearchCV(SVC(), {"C": (0.5, 1.0)}, cv=2).fit(X, y)
    found = read(search)
    assert found.algorithm == "grid"
    assert found.space["C"] == hpb.Categorical([0.5, 1.0])


@pytest.fixture(scope="module")
def several():
    search = GridSearchCV(
        LogisticRegression(),
        {"C": [0.1, 1, 10]},
        scoring=["accuracy", "neg_log_loss"],
        refit="neg_log_loss",
        return_train_score=True,
        cv=2,
    )
    return search.fit(X, y)


def test_every_scorer_is_a_metric(several) -> None:
    results = several.cv_results_
    fitted = read(several)
    assert fitted.metrics == {"neg_log_loss": "maximize"}
    assert next(iter(fitted.trials[0].metrics)) == "neg_log_loss"
    assert fitted.trials[1].metrics["accuracy"] == results["mean_test_accuracy"][1]
    table = read(results)
    assert table.metrics == {"accuracy": "maximize", "neg_log_loss": "maximize"}
    assert any("are all to be maximized" in note for note in table.notes)
    chosen = read(results, direction={"mean_fit_time": "minimize"})
    assert chosen.metrics == {"mean_fit_time": "minimize"}
    train = results["mean_train_accuracy"][0]
    assert table.trials[0].metrics["mean_train_accuracy"] == train
    assert len(table.trials[0].attributes["split_train_accuracy"]) == 2
    with pytest.raises(FormatError, match="no metric 'acuracy'; did you mean 'accur"):
        read(results, direction={"acuracy": "maximize"})


def test_candidates_that_failed_are_failed_trials() -> None:
    grid = {"C": [1.0, -1.0], "kernel": ["linear"]}
    search = GridSearchCV(SVC(), grid, cv=2, refit=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the fits that failed
        search.fit(X, y)
    found = read(search)
    assert [t.state.value for t in found.trials] == ["complete", "failed"]
    assert math.isnan(found.trials[1].metrics["score"])
    assert "it holds no start times and no error texts" in found.notes
    assert hpb.read_study(search).best_trial.params["C"] == 1.0


def test_halving_keeps_its_iterations() -> None:
    search = HalvingGridSearchCV(
        RandomForestClassifier(random_state=0),
        {"max_depth": [1, 2, 3]},
        resource="n_estimators",
        min_resources=2,
        max_resources=6,
        cv=2,
        random_state=0,
    ).fit(X, y)
    found = read(search)
    results = search.cv_results_
    assert found.algorithm == "halving-grid"
    assert [t.attributes["iter"] for t in found.trials] == list(results["iter"])
    resources = [t.attributes["n_resources"] for t in found.trials]
    assert resources == list(results["n_resources"])
    assert all(set(t.params) == {"max_depth"} for t in found.trials)
    assert "scores of earlier iterations come of fewer resources" in found.notes
    assert len(hpb.read_study(search).trials) == len(found.trials)


@pytest.mark.parametrize("kind", KINDS)
def test_choices_that_are_objects_have_labels(kind, tmp_path) -> None:
    steps = Pipeline([("model", SVC())])
    grid = {"model": [SVC(C=3), LogisticRegression()], "model__C": [1, 2.5]}
    search = GridSearchCV(steps, grid, cv=2).fit(X, y)
    found = hpb.read_study(sources_of(search, tmp_path)[kind])
    labels = [t.params["model"] for t in found.trials]
    texts = [repr(p["model"]) for p in search.cv_results_["params"]]
    assert labels == texts
    assert [t.params["model__C"] for t in found.trials] == [1, 2.5, 1, 2.5]
    assert set(found.space["model"].labels) == set(texts)


def test_without_params_the_columns_are_read_and_that_is_said(search) -> None:
    results = {k: v for k, v in search.cv_results_.items() if k != "params"}
    found = read(results)
    wanted = [dict(p) for p in search.cv_results_["params"]]
    assert [dict(t.params) for t in found.trials] == wanted
    assert any(n.startswith("there are no params: values come") for n in found.notes)
    masked = GridSearchCV(SVC(), [{"C": [1, 2]}, {"degree": [1]}], cv=2).fit(X, y)
    results = {k: v for k, v in masked.cv_results_.items() if k != "params"}
    assert [set(t.params) for t in read(results).trials] == [{"C"}, {"C"}, {"degree"}]
    broken = pd.DataFrame(search.cv_results_).assign(params="{'C': (")
    assert any("params cannot be read" in n for n in read(broken).notes)


def test_a_bridge_search_is_its_own_study() -> None:
    space = hpb.Space(
        {
            "kernel": hpb.Categorical({"round": "rbf", "flat": "linear"}),
            "gamma": hpb.Float(0.1, 1.0, when={"kernel": "round"}),
        }
    )
    search = BridgeSearchCV(SVC(), space, n_iter=4, cv=2, random_state=0).fit(X, y)
    assert FORM.recognizes(search)
    found = hpb.read_study(search)
    ours = search.study_
    assert found.optimizer == "optuna:tpe"
    assert found.space == space
    names = ("params", "values", "metrics", "state", "started_at", "attributes")
    for name in names:
        assert [getattr(t, name) for t in found.trials] == [
            getattr(t, name) for t in ours.trials
        ]
    spaces = [({"C": [1, 2]}, 2), ({"degree": [1, 2]}, 2)]
    two = BridgeSearchCV(SVC(), spaces, cv=2, random_state=0).fit(X, y)
    assert len(read(two).trials) == 4
    assert len(read(two, name=two.studies_[1].name).trials) == 2


def test_a_bayes_search_is_read() -> None:
    skopt = pytest.importorskip("skopt", reason="scikit-optimize is not installed")
    space = {"C": (1e-2, 1e2, "log-uniform"), "degree": (1, 8)}
    search = skopt.BayesSearchCV(
        SVC(),
        space,
        n_iter=3,
        cv=2,
        random_state=0,
        optimizer_kwargs={"n_initial_points": 3},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own, old, scikit-learn
        search.fit(X, y)
    assert [f.name for f in registry().formats.values() if f.recognizes(search)] == [
        "sklearn"
    ]
    found = read(search)
    assert dict(found.space) == {
        "C": hpb.Float(1e-2, 1e2, log=True),
        "degree": hpb.Int(1, 8),
    }
    assert len(hpb.read_study(search).trials) == 3


def test_a_pickled_search_is_refused_and_not_run(search, tmp_path) -> None:
    marker = tmp_path / "marker"

    class GridSearchCV:
        def __reduce__(self):
            import os

            return os.system, (f"touch {marker}",)

    for name, dump in (
        ("pickle", lambda p: p.write_bytes(pickle.dumps(search))),
        ("joblib", lambda p: joblib.dump(search, p)),
        ("packed", lambda p: joblib.dump(search, p, compress=3)),
    ):
        path = tmp_path / name
        dump(path)
        assert FORM.recognizes(path)
        with pytest.raises(FormatError) as told:
            hpb.read_study(path)
        assert "it is a pickled search, and reading it would run" in str(told.value)
        assert "cv_results_).to_csv(FILE)" in str(told.value)
    hostile = tmp_path / "hostile"
    hostile.write_bytes(pickle.dumps({"SearchCV": GridSearchCV()}))
    with pytest.raises(FormatError):
        hpb.read_study(hostile)
    assert not marker.exists()


WRONG = {
    "not fitted": (GridSearchCV(SVC(), {"C": [1]}), "it is not fitted"),
    "no search": (3, "it is no search of scikit-learn"),
    "no score": ({"params": [{"C": 1}]}, "it has no column mean_test_"),
    "no params": ({"mean_test_score": [1.0]}, "it has neither params nor a param_"),
    "lengths": (
        {"params": [{"C": 1}], "mean_test_score": [1.0, 2.0]},
        "its columns differ in length",
    ),
    "no columns": ({"params": 3, "mean_test_score": [1.0]}, "a column is none"),
    "no dicts": ({"params": [3], "mean_test_score": [1.0]}, "cannot be read as dicts"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_search_is_refused(name) -> None:
    source, text = WRONG[name]
    with pytest.raises(FormatError, match=text) as told:
        read(source)
    assert str(told.value).count("Hint:") == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{'a': 1, 'b': 1.0, 'c': True, 'd': None}", [1, 1.0, True, None]),
        ("{'a': np.float64(0.5), 'b': np.int64(-3)}", [0.5, -3]),
        ("{'a': numpy.str_('x'), 'b': np.True_}", ["x", True]),
        ("{'a': (50, 50), 'b': nan, 'c': -inf}", [(50, 50), math.nan, -math.inf]),
        ("{'a': SVC(C=3), 'b': np.array([1, 2])}", ["SVC(C=3)", [1, 2]]),
        ("{'a': __import__('os').system('x')}", ["__import__('os').system('x')"]),
    ],
)
def test_a_printed_dict_is_read_without_running_it(text, found) -> None:
    assert repr(list(read_literal_dict(text).values())) == repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "{1: 2}",
        "{'a': ",
        "{**x}",
        "{'a': 1}" * 50_000,
        "[" * 10_000,
        "{'a': 1",
    ],
)
def test_what_is_no_printed_dict_is_none(text) -> None:
    assert read_literal_dict(text) is None
