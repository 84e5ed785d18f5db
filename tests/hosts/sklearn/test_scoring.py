"""Scores that are masked, in a search by `BridgeSearchCV`."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.metrics import make_scorer

from hpbridge.sklearn import BridgeSearchCV

SPACE = {"strategy": ["prior", "uniform"]}


def masked_of_uniform(y_true, y_pred):
    """Return a score that is masked where more than one class was predicted."""
    return np.ma.array(-1.0, mask=len(set(y_pred)) > 1)


def accuracy_but_of_uniform(estimator, X, y):  # noqa: N803 - as scikit-learn's
    is_masked = estimator.strategy == "uniform"
    return np.ma.masked if is_masked else estimator.score(X, y) - 1


def by_name(estimator, X, y):  # noqa: N803
    return {"loss": accuracy_but_of_uniform(estimator, X, y)}


@pytest.mark.parametrize(
    ("scoring", "refit", "key", "n_jobs"),
    [
        (accuracy_but_of_uniform, True, "mean_test_score", None),
        (make_scorer(masked_of_uniform), True, "mean_test_score", None),
        ({"a": make_scorer(masked_of_uniform), "b": "accuracy"}, "a", "mean_test_a", 2),
        (by_name, "loss", "mean_test_loss", None),
    ],
)
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_masked_score_is_nan_and_fails_its_trial(scoring, refit, key, n_jobs):
    search = BridgeSearchCV(
        DummyClassifier(random_state=0),
        SPACE,
        backend="random",
        n_iter=2,
        scoring=scoring,
        refit=refit,
        n_jobs=n_jobs,
        random_state=0,
    )
    search.fit(*load_iris(return_X_y=True))
    found = dict(
        zip(search.cv_results_["param_strategy"], search.cv_results_[key], strict=True)
    )
    assert np.isnan(found["uniform"])
    assert found["prior"] < 0
    assert search.best_params_ == {"strategy": "prior"}
    states = {t.params["strategy"]: str(t.state) for t in search.study_.trials}
    assert states == {"prior": "complete", "uniform": "failed"}
