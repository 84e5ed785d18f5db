"""A search takes its optimizer and its options by name, beside the library's words."""

from __future__ import annotations

import inspect

import skopt
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from hpbridge_skopt import BridgeBayesSearchCV


def fitted(**kwargs):
    iris = load_iris()
    search = BridgeBayesSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"max_depth": (1, 5), "min_samples_leaf": (0.01, 0.4, "log-uniform")},
        n_iter=4,
        cv=2,
        random_state=0,
        **kwargs,
    )
    return search.fit(iris.data, iris.target)


def test_optimizer_and_options_need_no_dict() -> None:
    options = {"n_startup_trials": 2}
    named = fitted(optimizer="optuna:tpe", options=options)
    kwargs = {"optimizer": "optuna:tpe", "options": options}
    packed = fitted(optimizer_kwargs=kwargs)
    assert named.cv_results_["params"] == packed.cv_results_["params"]
    assert named.get_params()["options"] == options
    assert clone(named).get_params()["optimizer"] == "optuna:tpe"


def test_its_other_arguments_are_the_librarys() -> None:
    theirs, ours = (
        [(n, str(p.default)) for n, p in inspect.signature(cls).parameters.items()]
        for cls in (skopt.BayesSearchCV, BridgeBayesSearchCV)
    )
    assert ours[: len(theirs)] == theirs
    assert [name for name, _ in ours[len(theirs) :]] == ["optimizer", "options"]
