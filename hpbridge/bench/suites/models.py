"""Problems that fit scikit-learn's models to its bundled data: of fast and full.

Each is deterministic: splits and models have a seed of their own, and everything is
computed with one thread, so that one machine gives the same bits whatever else it does.
"""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any

from hpbridge.contract.suites import BenchProblem
from hpbridge.experiment import Experiment
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEED = 0
_DIABETES_VARIANCE = 5930.0  # of the target: the error of the mean is about 1


@functools.cache
def _data(name: str, n_rows: int | None = None) -> tuple[Any, Any]:
    """Return features and target of a bundled data set, or so many of its rows."""
    import numpy as np
    from sklearn import datasets

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    if n_rows is None:
        return x, y
    rows = np.random.default_rng(_SEED).permutation(len(y))[:n_rows]
    return x[rows], y[rows]


def _score(
    model: Any, data: tuple[Any, Any], scoring: str, n_folds: int, *, is_class: bool
) -> float:
    """Return the mean score over folds."""
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
    from threadpoolctl import (  # type: ignore[import-untyped]
        threadpool_limits,
    )

    kind = StratifiedKFold if is_class else KFold
    splits = kind(n_folds, shuffle=True, random_state=_SEED)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # of models that do not converge
        scores = cross_val_score(model, *data, cv=splits, scoring=scoring)
    return float(scores.mean())


def _scaled(model: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), model)


def svm_breast(trial: Mapping[str, Any]) -> float:
    """Return the error of a support vector machine on breast cancer data."""
    from sklearn.svm import SVC

    model = _scaled(SVC(C=trial["C"], gamma=trial["gamma"]))
    return 1 - _score(model, _data("breast_cancer"), "accuracy", 5, is_class=True)


def cash_breast(trial: Mapping[str, Any]) -> float:
    """Return the balanced error of one of three kinds of models on the same data."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    kind = trial["model"]
    if kind == "svc":
        model = SVC(C=trial["C"], gamma=trial["gamma"])
    elif kind == "logistic":
        model = LogisticRegression(C=trial["logistic_C"], max_iter=200)
    else:
        model = DecisionTreeClassifier(
            max_depth=trial["depth"], min_samples_leaf=trial["leaf"], random_state=_SEED
        )
    model, data = _scaled(model), _data("breast_cancer")
    return 1 - _score(model, data, "balanced_accuracy", 3, is_class=True)


def knn_digits(trial: Mapping[str, Any]) -> float:
    """Return the error of nearest neighbours on 600 digits."""
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(trial["k"], weights=trial["weights"], p=trial["p"])
    return 1 - _score(model, _data("digits", 600), "accuracy", 5, is_class=True)


def rf_wine(trial: Mapping[str, Any]) -> float:
    """Return the log loss of a random forest on wine data."""
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(
        trial["trees"],
        max_depth=trial["depth"],
        max_features=trial["features"],
        min_samples_leaf=trial["leaf"],
        random_state=_SEED,
    )
    return -_score(model, _data("wine"), "neg_log_loss", 3, is_class=True)


def hgb_diabetes(trial: Mapping[str, Any]) -> float:
    """Return the squared error of boosted trees on diabetes data, by its variance."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(
        learning_rate=trial["lr"],
        max_iter=trial["iterations"],
        max_leaf_nodes=trial["leaves"],
        l2_regularization=trial["l2"],
        min_samples_leaf=trial["leaf"],
        random_state=_SEED,
    )
    data = _data("diabetes")
    error = -_score(model, data, "neg_mean_squared_error", 3, is_class=False)
    return error / _DIABETES_VARIANCE


def _svm_breast() -> Experiment:
    space = {"C": Float(1e-2, 1e3, log=True), "gamma": Float(1e-5, 1, log=True)}
    return _error(svm_breast, space)


def _cash_breast() -> Experiment:
    svc, tree = {"model": "svc"}, {"model": "tree"}
    space = {
        "model": Categorical(["svc", "logistic", "tree"]),
        "C": Float(1e-2, 1e2, log=True, when=svc),
        "gamma": Float(1e-4, 1, log=True, when=svc),
        "logistic_C": Float(1e-3, 1e2, log=True, when={"model": "logistic"}),
        "depth": Int(1, 12, when=tree),
        "leaf": Int(1, 40, log=True, when=tree),
    }
    return _error(cash_breast, space)


def _knn_digits() -> Experiment:
    space = {
        "k": Int(1, 30),
        "weights": Categorical(["uniform", "distance"]),
        "p": Int(1, 2),
    }
    return _error(knn_digits, space)


def _rf_wine() -> Experiment:
    space = {
        "trees": Int(5, 60, log=True),
        "depth": Int(1, 12),
        "features": Float(0.1, 1),
        "leaf": Int(1, 15, log=True),
    }
    return _error(rf_wine, space)


def _hgb_diabetes() -> Experiment:
    space = {
        "lr": Float(0.01, 0.5, log=True),
        "iterations": Int(10, 60, log=True),
        "leaves": Int(3, 31),
        "l2": Float(1e-6, 10, log=True),
        "leaf": Int(5, 50),
    }
    return _error(hgb_diabetes, space)


def _error(objective: Any, space: Mapping[str, object]) -> Experiment:
    return Experiment(objective=objective, space=space, direction={"error": "minimize"})


_MODEL = frozenset({"model"})
_SEEN = "best seen"  # by 100 trials or more of TPE and of random search

SVM_BREAST = BenchProblem(
    name="svm_breast",
    make=_svm_breast,
    dimension=2,
    kinds=_MODEL | {"continuous"},
    optimum=0.01582052476323559,
    optimum_of=_SEEN,
    n_trials=30,
    source="scikit-learn's SVC on its breast cancer data",
)
CASH_BREAST = BenchProblem(
    name="cash_breast",
    make=_cash_breast,
    dimension=6,
    kinds=_MODEL | {"mixed", "conditional"},
    optimum=0.023961415552136267,
    optimum_of=_SEEN,
    n_trials=30,
    source="three kinds of scikit-learn's models on its breast cancer data",
)
KNN_DIGITS = BenchProblem(
    name="knn_digits",
    make=_knn_digits,
    dimension=3,
    kinds=_MODEL | {"mixed"},
    optimum=0.023333333333333206,
    optimum_of="table",
    n_trials=30,
    source="scikit-learn's nearest neighbours on 600 of its digits",
)
RF_WINE = BenchProblem(
    name="rf_wine",
    make=_rf_wine,
    dimension=4,
    kinds=_MODEL | {"mixed"},
    optimum=0.12789912712636572,
    optimum_of=_SEEN,
    n_trials=30,
    source="scikit-learn's random forest on its wine data",
)
HGB_DIABETES = BenchProblem(
    name="hgb_diabetes",
    make=_hgb_diabetes,
    dimension=5,
    kinds=_MODEL | {"mixed"},
    optimum=0.5415667994071993,
    optimum_of=_SEEN,
    n_trials=30,
    source="scikit-learn's boosted trees on its diabetes data",
)
