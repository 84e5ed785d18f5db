"""What other searches call an argument leads to where it goes here."""

from __future__ import annotations

import inspect

import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import RandomizedSearchCV
from sklearn.svm import SVC

from hpbridge.errors import ArgumentError
from hpbridge.sklearn import BridgeSearchCV

SPACE = {"C": stats.loguniform(1e-2, 1e2)}


@pytest.mark.parametrize("word", ["param_distributions", "param_grid", "search_spaces"])
def test_the_space_may_have_the_name_that_it_has_elsewhere(word) -> None:
    search = BridgeSearchCV(SVC(), **{word: SPACE}, n_iter=2)
    assert search.space is SPACE
    assert "space" in search.get_params()
    assert word not in search.get_params()
    assert clone(search).space.keys() == SPACE.keys()


def test_every_default_is_that_of_scikit_learn() -> None:
    ours, theirs = (
        {name: p.default for name, p in inspect.signature(cls).parameters.items()}
        for cls in (BridgeSearchCV, RandomizedSearchCV)
    )
    shared = (set(ours) & set(theirs)) - {"estimator"}
    assert shared | {"param_distributions", "estimator"} == set(theirs)
    assert {name: str(ours[name]) for name in shared} == {
        name: str(theirs[name]) for name in shared
    }


ELSEWHERE = {
    "optimizer_kwargs": ({"base_estimator": "RF"}, "backend= names the optimizer"),
    "n_startup_trials": (
        5,
        "is an option of optuna:tpe: options={'n_startup_trials': 5}",
    ),
    "n_trials": (20, "is n_iter here"),
    "n_points": (2, "is batch_size here"),
    "search_optimization": ("hyperopt", 'backend="library:algorithm"'),
    "fit_params": ({}, r"fit\(X, y, \*\*fit_params\)"),
    "timeout": (3, "is not taken by a search"),
    "scorer": ("f1", "is no argument; did you mean 'scoring'"),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_argument_of_another_search_says_where_it_goes(name) -> None:
    value, text = ELSEWHERE[name]
    with pytest.raises(ArgumentError, match=f"'{name}' .*{text}"):
        BridgeSearchCV(SVC(), SPACE, backend="optuna:tpe", **{name: value})


def test_all_wrong_arguments_are_told_at_once() -> None:
    with pytest.raises(TypeError) as told:
        BridgeSearchCV(SVC(), SPACE, backend="no", param_grid={}, seed=1, nope=2)
    assert told.value.reasons == (
        "'seed' is random_state here",
        f"'nope' is no argument; {told.value.reasons[1].split('; ')[1]}",
        "space and param_grid are one argument; give it once",
    )
