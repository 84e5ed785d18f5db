"""scikit-learn's own checks of an estimator, run on a search of each kind."""

from __future__ import annotations

import inspect

import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from hpbridge import Float
from hpbridge.sklearn import BridgeSearchCV

SEARCHES = [
    BridgeSearchCV(
        Pipeline([("scale", StandardScaler()), ("ridge", Ridge())]),
        {"ridge__alpha": Float(0.1, 1.0)},
        backend="random",
        n_iter=2,
        cv=2,
        error_score="raise",
        random_state=0,
    ),
    BridgeSearchCV(
        LogisticRegression(max_iter=20, tol=0.1),
        {"C": [0.1, 1.0, 10.0]},
        n_iter=2,
        cv=2,
        backend="random",
        error_score="raise",
        random_state=0,
    ),
    BridgeSearchCV(
        LogisticRegression(max_iter=20, tol=0.1),
        {"C": [0.1, 1.0]},
        backend="optuna:tpe",
        n_iter=2,
        cv=2,
        error_score="raise",
        random_state=0,
    ),
]


def excused(search) -> dict[str, str]:
    """Return why a search need not pass a check, by the check's name."""
    if not isinstance(search.estimator, Pipeline):
        return {}
    return {
        "check_supervised_y_2d": (
            "the pipeline warns of no y in a column; "
            "scikit-learn excuses RandomizedSearchCV for the same"
        )
    }


# scikit-learn before 1.6 is told of no exceptions, and has none to be told of.
_takes_excuses = (
    "expected_failed_checks" in inspect.signature(parametrize_with_checks).parameters
)
_mark = parametrize_with_checks(
    SEARCHES, **({"expected_failed_checks": excused} if _takes_excuses else {})
).mark
# Of older ones the cases are a generator, which pytest would not have.
of_scikit_learn = pytest.mark.parametrize(
    _mark.args[0], list(_mark.args[1]), **_mark.kwargs
)


# numpy warns of what scikit-learn then refuses: labels that are infinite.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@of_scikit_learn
def test_a_search_is_an_estimator(estimator, check):
    check(estimator)
