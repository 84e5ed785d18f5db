"""Real training, recorded once: every point of a grid, and its score at each step.

    uv run python tests/benchmarks/stopping/recorded.py    # makes them anew, minutes

A study over such a grid is exact: what its objective reports is what the model scored
when it was trained, and costs nothing. Files are in ``tests/benchmarks/data``.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import hpbridge as hpb

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class Task:
    """Models that were trained: a grid, and what each point reported.

    Attributes:
        grid: The values of each parameter, in order.
        train: Called with a point; returns what it reports, step by step.
        is_folds: Whether steps are folds: then the value is their mean, and each study
            goes through them in an order of its own; else it is the last one.
    """

    name: str
    title: str
    grid: Mapping[str, Sequence[Any]]
    train: Callable[..., Sequence[float]]
    direction: str = "minimize"
    is_folds: bool = False

    @property
    def path(self) -> Path:
        return DATA / f"{self.name}.npz"

    @property
    def space(self) -> dict[str, hpb.Float]:
        """The places in the grid; between two of them the nearest one counts."""
        return {n: hpb.Float(-0.49, len(v) - 0.51) for n, v in self.grid.items()}

    def record(self) -> None:
        """Train every point, and keep what it scored."""
        points = [
            dict(zip(self.grid, values, strict=True))
            for values in itertools.product(*self.grid.values())
        ]
        curves = np.array([self.train(**point) for point in points], dtype=np.float32)
        sizes = [len(values) for values in self.grid.values()]
        self.path.parent.mkdir(exist_ok=True)
        np.savez_compressed(self.path, curves=curves.reshape(*sizes, -1))

    def curves(self) -> np.ndarray:
        """Return what every point scored, by places in the grid, then by step."""
        with np.load(self.path) as file:
            found = file["curves"].astype(float)
        assert found.shape[:-1] == tuple(map(len, self.grid.values())), self.name
        return found


class Replay:
    """The objective of a recorded task: it yields what was scored, step by step.

    Args:
        task: That was recorded.
        seed: Of the order of folds.

    Attributes:
        n_steps: How many steps all trials ran.
    """

    def __init__(self, task: Task, seed: int) -> None:
        self.task, self.values, self.n_steps = task, task.curves(), 0
        self.order = list(range(self.values.shape[-1]))
        if task.is_folds:
            random.Random(seed).shuffle(self.order)

    def __call__(self, trial: hpb.Trial) -> float:
        curve = self.curve(trial)
        for k, value in enumerate(curve, 1):
            self.n_steps += 1
            trial.report(value, k)
            if k < len(curve) and trial.should_prune():
                raise hpb.TrialPruned
        return self.value(trial)

    def curve(self, params: Mapping[str, Any]) -> list[float]:
        """Return what a point scores, step by step."""
        place = tuple(round(params[name]) for name in self.task.grid)
        return [float(v) for v in self.values[place][self.order]]

    def value(self, params: Mapping[str, Any]) -> float:
        """Return what a point comes to."""
        curve = self.curve(params)
        return sum(curve) / len(curve) if self.task.is_folds else curve[-1]

    def finals(self) -> np.ndarray:
        """Return what all points come to."""
        if self.task.is_folds:
            return self.values.mean(axis=-1).ravel()
        return self.values[..., -1].ravel()


# What was trained -----------------------------------------------------------------

N_EPOCHS, N_ROUNDS, N_FOLDS = 27, 81, 10


def _digits() -> tuple[Any, Any, Any, Any]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    return train_test_split(X, y, test_size=0.33, random_state=0, stratify=y)


def train_network(rate: float, hidden: int, batch: int, alpha: float) -> list[float]:
    """Return the log loss on rows that are not trained on, epoch by epoch."""
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    X, X_valid, y, y_valid = _digits()
    model = MLPClassifier(
        (hidden,),
        learning_rate_init=rate,
        batch_size=batch,
        alpha=alpha,
        random_state=0,
    )
    found = []
    for _ in range(N_EPOCHS):
        model.partial_fit(X, y, classes=range(10))
        found.append(log_loss(y_valid, model.predict_proba(X_valid)))
    return found


def train_boosting(
    rate: float, depth: int, subsample: float, least: int
) -> list[float]:
    """Return the log loss on rows that are not trained on, round by round."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split

    parts = train_test_split(
        *load_breast_cancer(return_X_y=True), test_size=0.4, random_state=0
    )
    X, X_valid, y, y_valid = parts
    model = GradientBoostingClassifier(
        n_estimators=N_ROUNDS,
        learning_rate=rate,
        max_depth=depth,
        subsample=subsample,
        min_samples_leaf=least,
        max_features="sqrt",
        random_state=0,
    ).fit(X, y)
    return [log_loss(y_valid, p) for p in model.staged_predict_proba(X_valid)]


def train_folds(load: str, n_rows: int) -> Callable[..., list[float]]:
    """Return what trains a support vector machine on each fold of a data set."""

    def train(C: float, gamma: float) -> list[float]:
        from sklearn import datasets
        from sklearn.model_selection import StratifiedKFold, cross_val_score
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        X, y = getattr(datasets, load)(return_X_y=True)
        kept = np.random.default_rng(0).permutation(len(y))[:n_rows]
        folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
        model = make_pipeline(StandardScaler(), SVC(C=C, gamma=gamma))
        return list(cross_val_score(model, X[kept], y[kept], cv=folds))

    return train


def train_regression(C: float, gamma: float) -> list[float]:
    """Return the R2 of a support vector machine on each fold of a data set."""
    from sklearn.datasets import load_diabetes
    from sklearn.model_selection import KFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    folds = KFold(N_FOLDS, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), SVR(C=C, gamma=gamma))
    return list(cross_val_score(model, *load_diabetes(return_X_y=True), cv=folds))


def _log(low: float, high: float, count: int) -> list[float]:
    return [float(v) for v in np.geomspace(low, high, count)]


_SVC = {"C": _log(1e-2, 1e3, 20), "gamma": _log(1e-5, 1.0, 20)}


def _folds(name: str, title: str, load: str, n_rows: int) -> Task:
    return Task(name, title, _SVC, train_folds(load, n_rows), "maximize", is_folds=True)


DIGITS = _folds("svc_digits", "SVC, digits", "load_digits", 500)
CANCER = _folds("svc_cancer", "SVC, breast cancer", "load_breast_cancer", 569)
WINE = _folds("svc_wine", "SVC, wine", "load_wine", 178)
DIABETES = Task(
    "svr_diabetes",
    "SVR, diabetes",
    {"C": _log(1e-1, 1e4, 20), "gamma": _log(1e-5, 1.0, 20)},
    train_regression,
    "maximize",
    is_folds=True,
)
NETWORK = Task(
    "mlp_digits",
    f"network on digits, {N_EPOCHS} epochs",
    {
        "rate": _log(1e-4, 0.3, 10),
        "hidden": [8, 16, 32, 64],
        "batch": [32, 128],
        "alpha": [1e-5, 1e-3, 1e-1],
    },
    train_network,
)
BOOSTING = Task(
    "boosting_cancer",
    f"boosting on breast cancer, {N_ROUNDS} rounds",
    {
        "rate": _log(0.005, 0.6, 10),
        "depth": [1, 2, 3, 4, 5],
        "subsample": [0.5, 0.75, 1.0],
        "least": [1, 5, 20],
    },
    train_boosting,
)
TASKS = (WINE, DIGITS, CANCER, DIABETES, BOOSTING, NETWORK)


def _named(names: Sequence[str]) -> Iterator[Task]:
    yield from (t for t in TASKS if not names or t.name in names)


if __name__ == "__main__":
    for each in _named(sys.argv[1:]):
        each.record()
        print(each.name, each.path.stat().st_size, "bytes", flush=True)
