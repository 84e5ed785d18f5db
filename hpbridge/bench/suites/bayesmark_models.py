"""What bayesmark fitted and how it judged it, on today's scikit-learn.

The published values are those of scikit-learn 0.20: its folds, its likelihood and its
option ``normalize``, which are others or gone today, are restated here.

Source: bayesmark 0.0.8, sklearn_funcs.py: MODELS_CLF, MODELS_REG, SklearnModel.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Settings = dict[str, Any]

N_FOLDS = 5
ADAM = {"solver": "adam", "early_stopping": True}
SGD = {
    "solver": "sgd",
    "early_stopping": True,
    "learning_rate": "invscaling",
    "nesterovs_momentum": True,
}


def folds_of(targets: Any, *, is_classes: bool) -> list[tuple[Any, Any]]:
    """Return the indices of fitted and of judged rows, fold by fold.

    Source: scikit-learn 0.20, model_selection/_split.py: KFold; StratifiedKFold, which
    cut each class by itself, and today deals what is left over in another order.
    """
    import numpy as np

    fold = np.empty(len(targets), dtype=int)
    for label in np.unique(targets) if is_classes else [None]:
        rows = np.flatnonzero(targets == label) if is_classes else np.arange(len(fold))
        for k, part in enumerate(np.array_split(rows, N_FOLDS)):
            fold[part] = k
    return [
        (np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(N_FOLDS)
    ]


def judged(model: Any, rows: Any, answers: Any, metric: str) -> float:
    """Return the loss of a fitted model.

    Source: scikit-learn 0.20, metrics/classification.py: log_loss, which kept
    probabilities 1e-15 away from 0 and 1; today it is what a float can tell from 1.
    """
    import numpy as np

    if metric == "nll":
        shares = model.predict_proba(rows)
        if len(model.classes_) == 2:  # noqa: PLR2004 - of two, one was looked at
            positive = np.clip(shares[:, 1], 1e-15, 1 - 1e-15)
            shares = np.stack([1 - positive, positive], axis=1)
        else:
            shares = np.clip(shares, 1e-15, 1 - 1e-15)
            shares /= shares.sum(axis=1, keepdims=True)
        places = np.searchsorted(model.classes_, answers)
        return -float(np.log(shares[np.arange(len(shares)), places]).mean())
    found = model.predict(rows)
    if metric == "acc":
        return -float(np.mean(found == answers))
    errors = answers - found
    return float(np.mean(np.abs(errors) if metric == "mae" else errors**2))


def classifier(name: str, settings: Settings, random: Any, metric: str) -> Any:
    """Return a classifier.

    Args:
        name: Of the model.
        settings: Its parameters.
        random: A seed or a RandomState, of what it draws.
        metric: By which it is judged, ``"acc"`` or ``"nll"``.
    """
    from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.tree import DecisionTreeClassifier

    makers: dict[str, Callable[[], Any]] = {
        "kNN": lambda: KNeighborsClassifier(**settings, algorithm="kd_tree"),
        "SVM": lambda: _support_vectors(settings, random, metric),
        "DT": lambda: DecisionTreeClassifier(**settings, random_state=random),
        "RF": lambda: RandomForestClassifier(10, **settings, random_state=random),
        "MLP-adam": lambda: MLPClassifier(**settings, **ADAM, random_state=random),
        "MLP-sgd": lambda: MLPClassifier(**settings, **SGD, random_state=random),
        "ada": lambda: AdaBoostClassifier(**settings, random_state=random),
        "lasso": lambda: _one_against_the_rest(settings, random, l1_ratio=1),
        "linear": lambda: _one_against_the_rest(settings, random, l1_ratio=0),
    }
    return makers[name]()


def regressor(name: str, settings: Settings, random: Any, n_rows: int) -> Any:
    """Return a regressor.

    Args:
        name: Of the model.
        settings: Its parameters.
        random: A seed or a RandomState, of what it draws.
        n_rows: To which it will be fitted.
    """
    from sklearn.ensemble import AdaBoostRegressor, RandomForestRegressor
    from sklearn.linear_model import Lasso, Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.neural_network import MLPRegressor
    from sklearn.svm import SVR
    from sklearn.tree import DecisionTreeRegressor

    makers: dict[str, Callable[[], Any]] = {
        "kNN": lambda: KNeighborsRegressor(**settings, algorithm="kd_tree"),
        "SVM": lambda: SVR(**settings),
        "DT": lambda: DecisionTreeRegressor(**settings, random_state=random),
        "RF": lambda: RandomForestRegressor(10, **settings, random_state=random),
        "MLP-adam": lambda: MLPRegressor(**settings, **ADAM, random_state=random),
        # The rectifier diverges often, in bayesmark's experience.
        "MLP-sgd": lambda: MLPRegressor(
            **settings, **SGD, activation="tanh", random_state=random
        ),
        "ada": lambda: AdaBoostRegressor(**settings, random_state=random),
        "lasso": lambda: _normalized(Lasso, settings, math.sqrt(n_rows)),
        "linear": lambda: _normalized(Ridge, settings, n_rows),
    }
    return makers[name]()


def _is_sklearn(version: str) -> bool:
    import sklearn
    from packaging.version import Version

    return Version(sklearn.__version__) >= Version(version)


def _support_vectors(settings: Settings, random: Any, metric: str) -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    if metric == "acc":
        return SVC(**settings)  # what it predicts, it predicts without probabilities
    if _is_sklearn("1.11"):
        return CalibratedClassifierCV(SVC(**settings), ensemble=False)
    return SVC(**settings, probability=True, random_state=random)


def _one_against_the_rest(settings: Settings, random: Any, l1_ratio: int) -> Any:
    """Return what was ``LogisticRegression(multi_class="ovr")`` with liblinear."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    penalty: Settings = {"l1_ratio": l1_ratio}
    if not _is_sklearn("1.8"):
        penalty = {"penalty": "l1" if l1_ratio else "l2"}
    model = LogisticRegression(
        **settings, **penalty, solver="liblinear", random_state=random
    )
    return OneVsRestClassifier(model)


def _normalized(model: Any, settings: Settings, scale: float) -> Any:
    """Return a linear model with its former option ``normalize``.

    It divided each centred column by its length, which is its standard deviation times
    the root of the number of rows: columns of standard deviation 1 and so much more of
    a penalty are the same. It did nothing without an intercept.

    Source: scikit-learn 0.20, linear_model/base.py: _preprocess_data.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    settings = dict(settings)
    if not settings.pop("normalize") or not settings["fit_intercept"]:
        return model(**settings)
    settings["alpha"] *= scale
    return make_pipeline(StandardScaler(), model(**settings))
