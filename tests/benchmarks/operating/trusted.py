"""HPB204: estimators of many kinds, what matters at its default or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.operating.scenario import Scenario
from benchmarks.operating.searches import evaluated_by, made_up, reference, spoke
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

from hpbridge.evaluation.steps import steps_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.study import Study

MATTERS: list[tuple[Any, dict[str, Any]]] = [
    (SVC(), {"C": 10.0, "gamma": 0.1}),
    (SVR(), {"C": 10.0, "gamma": 0.1}),
    (LogisticRegression(), {"C": 0.1}),
    (Ridge(), {"alpha": 10.0}),
    (SGDClassifier(), {"alpha": 0.01}),
    (KNeighborsClassifier(), {"n_neighbors": 11}),
    (
        DecisionTreeClassifier(),
        {"max_depth": 5, "max_features": 0.5, "ccp_alpha": 0.01},
    ),
    (RandomForestClassifier(), {"min_samples_leaf": 3, "max_features": 0.3}),
    (RandomForestRegressor(), {"max_depth": 9, "max_features": 0.3}),
    (HistGradientBoostingClassifier(), {"learning_rate": 0.03, "max_leaf_nodes": 9}),
    (
        GradientBoostingRegressor(),
        {"learning_rate": 0.03, "max_depth": 5, "max_features": 0.5},
    ),
    (AdaBoostClassifier(), {"learning_rate": 0.3, "n_estimators": 200}),
    (
        MLPClassifier(),
        {"hidden_layer_sizes": (50,), "alpha": 0.01, "learning_rate_init": 0.01},
    ),
    (
        MLPRegressor(),
        {"hidden_layer_sizes": (50,), "alpha": 0.01, "learning_rate_init": 0.01},
    ),
]
"""Estimators, and what is known to matter of each, with a value that is no default."""


def wrapped(estimator: Any, way: int) -> tuple[Any, str]:
    """Return an estimator by itself or inside of another, and how it is addressed."""
    if way == 1:
        pipeline: Pipeline = make_pipeline(StandardScaler(), estimator)
        return pipeline, f"{pipeline.steps[-1][0]}__"
    if way == 2 and is_classifier(estimator):
        return CalibratedClassifierCV(estimator), "estimator__"
    if way == 2:
        return TransformedTargetRegressor(estimator), "regressor__"
    return estimator, ""


def cases(is_left: bool) -> Callable[[int], dict[str, tuple[Study, Any]]]:
    """Return studies with their estimators: what matters searched, set, or left."""

    def of_seed(seed: int) -> dict[str, tuple[Study, Any]]:
        rng = np.random.default_rng(seed)
        known, matters = MATTERS[rng.integers(len(MATTERS))]
        names = list(rng.permutation(list(matters)))
        left = names[: rng.integers(1, len(names) + 1)] if is_left else []
        rest = [name for name in names if name not in left]
        by_hand = [name for name in rest if rng.random() < 0.3]
        own = clone(known).set_params(**{name: matters[name] for name in by_hand})
        estimator, prefix = wrapped(own, int(rng.integers(3)))
        searched = [f"{prefix}{name}" for name in rest if name not in by_hand]
        space = tuple(searched) or (f"{prefix}random_state",)
        study = evaluated_by(
            made_up([], space=space),
            [[400, 100]] * 5,
            {"defaults": reference(test_accuracy=[0.8] * 5)},
            steps=steps_of({"": estimator}),
        )
        return {"": (study, estimator)}

    return of_seed


def left_in_the_search(case: tuple[Study, Any]) -> bool:
    """Say what skore's SKD015 says of the estimator of a search.

    Source:
        skore 0.28.0, `skore/_checks/skd015_search_params_to_tune.py`.
    """
    from skore._checks.tunable_hyperparameters import HYPERPARAMETERS_TO_TUNE
    from skore._checks.utils import collapse_equivalents

    study, estimator = case
    keys = set(study.space.searched)
    pairs = [(estimator, keys)]
    if isinstance(estimator, Pipeline):
        pairs = [
            (step, {k.partition("__")[2] for k in keys if k.startswith(f"{name}__")})
            for name, step in estimator.steps
        ]
    return any(
        collapse_equivalents(HYPERPARAMETERS_TO_TUNE[type(step).__name__], own)
        for step, own in pairs
        if type(step).__name__ in HYPERPARAMETERS_TO_TUNE
    )


def _ours(case: tuple[Study, Any]) -> bool | None:
    return spoke("HPB204")(case[0])


_RULES: dict[str, Any] = {"ours": _ours, "skores": {"SKD015": left_in_the_search}}

SCENARIOS = (
    Scenario(
        "HPB204",
        "14 estimators, alone and wrapped: some of what matters at its default",
        True,
        cases(True),
        **_RULES,
    ),
    Scenario(
        "HPB204",
        "14 estimators, alone and wrapped: all that matters searched or set",
        False,
        cases(False),
        **_RULES,
    ),
)
