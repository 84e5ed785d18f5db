"""Callbacks are told of a search what they are told of `RandomizedSearchCV`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.model_selection import RandomizedSearchCV

from hpbridge.sklearn import BridgeSearchCV

pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has none")

from sklearn.callback.tests._utils import (
    MaxIterEstimator,
    RecordingAutoPropagatedCallback,
    RecordingCallback,
)

RNG = np.random.RandomState(0)
X, y = RNG.rand(20, 3), RNG.rand(20)


def told(make, callback, **settings):
    """Return every call of a hook, with the path of its task and what it was given."""
    space = {"max_iter": stats.randint(2, 3)}  # the same for every optimizer
    search = make(
        MaxIterEstimator(), space, n_iter=4, cv=2, scoring="r2", random_state=0
    )
    search.set_params(**settings).set_callbacks(callback).fit(X, y)
    assert all(each["estimator"] is search for each in search_calls(callback))
    return [
        (each["name"], path(each["context"]), given(each)) for each in callback.record
    ]


def search_calls(callback):
    return [
        each
        for each in callback.record
        if "SearchCV" in each["context"].estimator_name and "kwargs" in each
    ]


def path(context):
    found = []
    while context is not None:
        is_search = "SearchCV" in context.estimator_name
        found.append(
            (
                "a search" if is_search else context.estimator_name,
                *(context.task_name, context.task_id, context.max_subtasks),
                *(context.sequential_subtasks, context.source_task_name),
            )
        )
        context = context.parent
    return found


def given(call):
    return {
        name: None if value is None else np.asarray(value).tolist()
        for name, value in call.get("kwargs", {}).items()
        if name in {"X", "y"}
    }


@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize(
    "callback", [RecordingCallback, RecordingAutoPropagatedCallback]
)
@pytest.mark.parametrize(
    "settings",
    [
        {"backend": "random"},
        {"backend": "random", "batch_size": 3},
        {"backend": "optuna:tpe"},
        {"backend": "optuna:tpe", "batch_size": 3},
    ],
    ids=str,
)
def test_every_hook_is_called_as_there(settings, callback, refit) -> None:
    wanted = told(RandomizedSearchCV, callback(), refit=refit)
    assert told(BridgeSearchCV, callback(), refit=refit, **settings) == wanted
    assert len(wanted) > 10


def test_several_spaces_are_one_task() -> None:
    callback = RecordingCallback()
    spaces = [({"max_iter": stats.randint(1, 4)}, 2), ({"max_iter": [1, 2]}, 3)]
    search = BridgeSearchCV(
        MaxIterEstimator(), spaces, cv=2, random_state=0, scoring="r2"
    )
    search.set_callbacks(callback).fit(X, y)
    tasks = [
        each["context"]
        for each in callback.record
        if each["name"] == "on_fit_task_begin"
    ]
    (search_task,) = [task for task in tasks if task.task_name == "search"]
    fits = [task for task in tasks if task.task_name == "candidate-split-evaluation"]
    assert search_task.max_subtasks == len(fits) == 10
    assert [task.task_id for task in fits] == list(range(10))
