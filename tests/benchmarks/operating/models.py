"""HPB205 and HPB207: real models on simulated rows, scored fold by fold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.operating.scenario import Scenario
from benchmarks.operating.searches import (
    evaluated_by,
    first,
    reference,
    scored,
    search,
    spoke,
)
from scipy.stats import rankdata
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.analysis.evaluated import Evaluated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.study import Study

K = 5
N_TRIALS = (20, 50)


def scores(chances: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return accuracy, area under the ROC curve and negative log loss."""
    ranks = rankdata(chances)
    n_true = truth.sum()
    n_false = len(truth) - n_true
    area = (ranks[truth].sum() - n_true * (n_true + 1) / 2) / max(n_true * n_false, 1)
    safe = np.clip(chances, 1e-6, 1 - 1e-6)
    return {
        "accuracy": float(((chances > 0.5) == truth).mean()),
        "roc_auc": float(area),
        "neg_log_loss": float(np.log(np.where(truth, safe, 1 - safe)).mean()),
    }


class Linear:
    """Ridge regression of the classes, its answers squashed."""

    def __init__(self, strength: float) -> None:
        self.strength = strength

    def fit(self, X: np.ndarray, y: np.ndarray) -> Linear:
        """Fit."""
        A = np.column_stack([np.ones(len(X)), X])
        penalty = self.strength * np.eye(A.shape[1])
        self.weights = np.linalg.solve(A.T @ A + penalty, A.T @ (2.0 * y - 1))
        return self

    def chances(self, X: np.ndarray) -> np.ndarray:
        """Return the chance of the second class."""
        return 1 / (1 + np.exp(-2 * (self.weights[0] + X @ self.weights[1:])))


class Tree:
    """A decision tree."""

    def __init__(self, max_depth: int) -> None:
        self.tree = DecisionTreeClassifier(max_depth=max_depth, random_state=0)

    def fit(self, X: np.ndarray, y: np.ndarray) -> Tree:
        """Fit."""
        self.tree.fit(X, y)
        return self

    def chances(self, X: np.ndarray) -> np.ndarray:
        """Return the chance of the second class."""
        return self.tree.predict_proba(X)[:, -1]


class Guess:
    """The share of the second class."""

    def fit(self, _: np.ndarray, y: np.ndarray) -> Guess:
        """Fit."""
        self.share = y.mean()
        return self

    def chances(self, X: np.ndarray) -> np.ndarray:
        """Return it for each row."""
        return np.full(len(X), self.share)


def rows(
    rng: np.random.Generator, n: int, n_features: int, strength: float, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows whose class depends on half of the features, as strongly as given."""
    X = rng.normal(size=(n, n_features))
    useful = max(n_features // 2, 1)
    signal = strength * X[:, :useful].sum(axis=1) / math.sqrt(useful)
    odds = signal + math.log(share / (1 - share))
    return X, rng.random(n) < 1 / (1 + np.exp(-odds))


def over_folds(
    make: Callable[[], Any], X: np.ndarray, y: np.ndarray
) -> dict[str, list[float]]:
    """Return the scores of a model, on training and on validation rows."""
    parts = np.arange(len(y)) % K
    found: dict[str, list[float]] = {}
    for k in range(K):
        model = make().fit(X[parts != k], y[parts != k])
        for name, part in (("train", parts != k), ("test", parts == k)):
            for metric, value in scores(model.chances(X[part]), y[part]).items():
                found.setdefault(f"{name}_{metric}", []).append(value)
    return found


def tuned(
    X: np.ndarray,
    y: np.ndarray,
    space: Mapping[str, Any],
    make: Callable[[Any], Any],
    seed: int,
    n_trials: int = max(N_TRIALS),
) -> Study:
    """Return a random search over a model, with the dummy beside it."""

    known: dict[Any, dict[str, list[float]]] = {}

    def objective(trial: Any) -> dict[str, float]:
        point = tuple(trial.values())
        if point not in known:
            known[point] = over_folds(lambda: make(trial), X, y)
        return scored(trial, **known[point])

    study = first(
        search(objective, space, "random", seed, {"accuracy": "maximize"}, n_trials),
        n_trials,
    )
    n = len(y)
    return evaluated_by(
        study,
        [[n - n // K, n // K]] * K,
        {"dummy": reference(**over_folds(Guess, X, y))},
        counts=[["no", int((~y).sum())], ["yes", int(y.sum())]],
    )


TREES = {"max_depth": hpb.Int(1, 12)}
DEEP = {"max_depth": hpb.Int(6, 15)}
SHALLOW = {"max_depth": hpb.Int(3, 5)}
RIDGE = {"strength": hpb.Float(1e-2, 1e2, log=True)}


def tree(trial: Any) -> Tree:
    """Return the tree of a trial."""
    return Tree(trial["max_depth"])


def linear(trial: Any) -> Linear:
    """Return the linear model of a trial."""
    return Linear(trial["strength"])


def at_20(make: Callable[[int], Study]) -> Callable[[int], dict[str, Study]]:
    """Return the cases of a scenario, of 20 random trials."""
    return lambda seed: {"20 trials": make(seed)}


def overfitting(space: Mapping[str, Any], least: int, most: int) -> Callable[..., Any]:
    """Return what makes a search over trees on so many rows."""

    def make(seed: int) -> Study:
        rng = np.random.default_rng(seed)
        X, y = rows(rng, int(rng.integers(least, most)), 8, 2.0, 0.5)
        return tuned(X, y, space, tree, seed, 20)

    return make


def fitting(least: int, most: int, n_features: int) -> Callable[..., Any]:
    """Return what makes a search over linear models on so many rows."""

    def make(seed: int) -> Study:
        rng = np.random.default_rng(seed)
        X, y = rows(rng, int(rng.integers(least, most)), n_features, 2.0, 0.5)
        return tuned(X, y, RIDGE, linear, seed, 20)

    return make


def signal(least: float, most: float, space: Any, model: Any) -> Callable[..., Any]:
    """Return what makes a search on rows with a signal of that strength."""

    def make(seed: int) -> dict[str, Study]:
        rng = np.random.default_rng(seed)
        share = rng.uniform(0.5, 0.7)
        X, y = rows(
            rng, int(rng.integers(200, 800)), 6, rng.uniform(least, most), share
        )
        study = tuned(X, y, space, model, seed)
        return {f"{n} trials": first(study, n) for n in N_TRIALS}

    return make


def is_better(score: float, other: float, floor: float, fraction: float) -> bool:
    """Say what skore calls better: by a floor, and by a share of the other.

    Source:
        skore 0.28.0, `skore/_checks/utils.py`: check_score_better_than_baseline.
    """
    return score - other >= max(floor, fraction * abs(other))


def a_majority_has_a_gap(study: Study) -> bool:
    """Say what skore's SKD001 says of the best, by the metrics there are."""
    best = Evaluated(study).best
    assert best is not None
    votes = [
        is_better(float(np.mean(best.train[m])), float(np.mean(v)), 0.03, 0.10)
        for m, v in best.test.items()
    ]
    return sum(votes) > len(votes) / 2


def a_majority_is_on_par(study: Study) -> bool:
    """Say what skore's SKD002 says of the best, by the metrics there are."""
    evaluated = Evaluated(study)
    best, dummy = evaluated.best, evaluated.dummy
    assert best is not None
    assert dummy is not None
    votes = [
        not any(
            is_better(float(np.mean(a[m])), float(np.mean(b[m])), 0.01, 0.05)
            for a, b in ((best.train, dummy.train), (best.test, dummy.test))
        )
        for m in best.test
    ]
    return sum(votes) > len(votes) / 2


_GAP = {"ours": spoke("HPB205"), "skores": {"SKD001": a_majority_has_a_gap}}
_GUESS = {"ours": spoke("HPB207"), "skores": {"SKD002": a_majority_is_on_par}}

SCENARIOS = (
    Scenario(
        "HPB205",
        "trees of depth 6 to 15 on 200 to 600 rows",
        True,
        at_20(overfitting(DEEP, 200, 600)),
        **_GAP,
    ),
    Scenario(
        "HPB205",
        "trees of depth 3 to 5 on 500 to 1,000 rows: a small gap",
        True,
        at_20(overfitting(SHALLOW, 500, 1000)),
        **_GAP,
    ),
    Scenario(
        "HPB205",
        "linear models of 60 features on 300 to 600 rows",
        True,
        at_20(fitting(300, 600, 60)),
        **_GAP,
    ),
    Scenario(
        "HPB205",
        "linear models of 8 features on 1,000 to 3,000 rows: no gap",
        False,
        at_20(fitting(1000, 3000, 8)),
        **_GAP,
    ),
    Scenario(
        "HPB205",
        "linear models of 2 features on 100 to 200 rows: folds vary",
        False,
        at_20(fitting(100, 200, 2)),
        **_GAP,
    ),
    Scenario(
        "HPB207",
        "trees, classes that depend on no feature",
        True,
        signal(0, 0, TREES, tree),
        **_GUESS,
    ),
    Scenario(
        "HPB207",
        "linear models, classes that depend on no feature",
        True,
        signal(0, 0, RIDGE, linear),
        **_GUESS,
    ),
    Scenario(
        "HPB207",
        "linear models, classes that depend on the features",
        False,
        signal(1.0, 3.0, RIDGE, linear),
        **_GUESS,
    ),
    Scenario(
        "HPB207",
        "trees, classes that depend on the features",
        False,
        signal(1.0, 3.0, TREES, tree),
        **_GUESS,
    ),
)
