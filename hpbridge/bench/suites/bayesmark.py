"""bayesmark's problems: nine models of scikit-learn on its bundled data sets.

Its 90 problems that need no Boston data, restated; its last release (2020) cannot be
imported beside today's scikit-learn. A fifth of the rows is kept apart; the loss is
that of five-fold cross-validation on the others, ``generalization`` that on the rows
kept apart. Parameters that bayesmark warps by the logit are searched there, as
``logit_max_features``.

The values are those that were published in 2020, as far as scikit-learn still has the
model: to all digits for kNN, SVM (but its likelihood, which draws at random), ridge
regression, and linear and lasso classifiers on iris; within a few per cent for trees
and forests, which draw at random, and for the other linear ones, which stop elsewhere
today. AdaBoost and the networks are other algorithms now: problems of the same kind,
with other values.

Whole numbers are drawn evenly; bayesmark rounds, which draws both ends half as often.
"""

from __future__ import annotations

import functools
import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.bench.suites.bayesmark_models import (
    N_FOLDS,
    classifier,
    folds_of,
    judged,
    regressor,
)
from hpbridge.contract.suites import BenchProblem
from hpbridge.experiment import Experiment
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.space.kinds import Parameter
    from hpbridge.trial import Trial

LOSS, GENERALIZATION = "loss", "generalization"
N_TRIALS = 50

CLASSES = {
    "breast": "load_breast_cancer",
    "digits": "load_digits",
    "iris": "load_iris",
    "wine": "load_wine",
}
NUMBERS = {"diabetes": "load_diabetes"}
MODELS = ("DT", "MLP-adam", "MLP-sgd", "RF", "SVM", "ada", "kNN", "lasso", "linear")
NOISY = frozenset({"DT", "MLP-adam", "MLP-sgd", "RF", "ada"})
"""Models that draw at random while they are fitted: by the trial's seed."""

_SOURCE = (
    "bayesmark 0.0.8, sklearn_funcs.py (Turner and Eriksson 2020), restated on "
    "scikit-learn"
)
_LOGIT = "logit_"

_TREE: dict[str, tuple[Any, ...]] = {
    "max_depth": ("int", 1, 15),
    "min_samples_split": ("logit", 0.01, 0.99),
    "min_samples_leaf": ("logit", 0.01, 0.49),
    "min_weight_fraction_leaf": ("logit", 0.01, 0.49),
    "max_features": ("logit", 0.01, 0.99),
    "min_impurity_decrease": ("real", 0.0, 0.5),
}
_MLP: dict[str, tuple[Any, ...]] = {
    "hidden_layer_sizes": ("int", 50, 200),
    "alpha": ("log", 1e-5, 1e1),
    "batch_size": ("int", 10, 250),
    "learning_rate_init": ("log", 1e-5, 1e-1),
    "tol": ("log", 1e-5, 1e-1),
    "validation_fraction": ("logit", 0.1, 0.9),
}
_BY_CLASS: dict[str, tuple[Any, ...]] = {
    "C": ("log", 1e-2, 1e2),
    "intercept_scaling": ("log", 1e-2, 1e2),
}
_BY_NUMBER: dict[str, tuple[Any, ...]] = {
    "alpha": ("log", 1e-2, 1e2),
    "fit_intercept": ("bool",),
    "normalize": ("bool",),
    "max_iter": ("logint", 10, 5000),
}

RANGES: dict[str, dict[str, tuple[Any, ...]]] = {
    "DT": _TREE,
    "RF": _TREE,
    "kNN": {"n_neighbors": ("int", 1, 25), "p": ("int", 1, 4)},
    "SVM": {
        "C": ("log", 1.0, 1e3),
        "gamma": ("log", 1e-4, 1e-3),
        "tol": ("log", 1e-5, 1e-1),
    },
    "MLP-adam": {
        **_MLP,
        "beta_1": ("logit", 0.5, 0.99),
        "beta_2": ("logit", 0.9, 1.0 - 1e-6),
        "epsilon": ("log", 1e-9, 1e-6),
    },
    "MLP-sgd": {
        **_MLP,
        "power_t": ("logit", 0.1, 0.9),
        "momentum": ("logit", 0.001, 0.999),
    },
    "ada": {"n_estimators": ("int", 10, 100), "learning_rate": ("log", 1e-4, 1e1)},
    "lasso": _BY_CLASS,
    "linear": _BY_CLASS,
    "lasso of numbers": {
        **_BY_NUMBER,
        "tol": ("log", 1e-5, 1e-1),
        "positive": ("bool",),
    },
    "linear of numbers": {**_BY_NUMBER, "tol": ("log", 1e-4, 1e-1)},
}
"""Kind and range of every parameter, by model."""

BEST_OF_KNN = {
    "kNN_breast_acc": -0.9428571428571428,
    "kNN_breast_nll": 0.30918507594279093,
    "kNN_diabetes_mae": 44.47684104627767,
    "kNN_diabetes_mse": 3021.4708602025376,
    "kNN_digits_acc": -0.9867728424022724,
    "kNN_digits_nll": 0.0863379380590854,
    "kNN_iris_acc": -0.974909090909091,
    "kNN_iris_nll": 0.10828718727378166,
    "kNN_wine_acc": -0.831527093596059,
    "kNN_wine_nll": 0.7679215349092728,
}
"""The least visible loss among all 100 settings."""


def _logit(share: float) -> float:
    return math.log(share / (1.0 - share))


def _parameter(kind: str, *ends: Any) -> Parameter:
    if kind == "bool":
        return Categorical([False, True])
    if kind in {"int", "logint"}:
        return Int(*ends, log=kind == "logint")
    if kind == "logit":
        return Float(*map(_logit, ends))
    return Float(*ends, log=kind == "log")


@functools.cache
def _rows(data: str) -> list[Any]:
    """Return features and targets: of the visible rows, and of those kept apart."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    loader = getattr(datasets, {**CLASSES, **NUMBERS}[data])
    features, targets = loader(return_X_y=True)
    seen, unseen, seen_targets, unseen_targets = train_test_split(
        features, targets, test_size=0.2, random_state=0, shuffle=True
    )
    return [seen, seen_targets, unseen, unseen_targets]


@dataclass(frozen=True)
class Fitted:
    """The objective: one model on one data set by one metric."""

    model: str
    data: str
    metric: str

    def __call__(self, trial: Trial) -> dict[str, float]:
        """Return the loss of cross-validation, and that on the rows kept apart."""
        loss, unseen = self.losses(self.settings(trial), trial.seed)
        return {LOSS: loss, GENERALIZATION: unseen}

    @property
    def name(self) -> str:
        """As in ``kNN_diabetes_mae``."""
        return f"{self.model}_{self.data}_{self.metric}"

    @property
    def ranges(self) -> Mapping[str, tuple[Any, ...]]:
        """Kind and range of every parameter that the model has here."""
        of_numbers = f"{self.model} of numbers" if self.data in NUMBERS else ""
        return RANGES.get(of_numbers) or RANGES[self.model]

    def experiment(self) -> Experiment:
        """Return the experiment that minimizes its loss."""
        space = {
            _LOGIT + name if kind == "logit" else name: _parameter(kind, *ends)
            for name, (kind, *ends) in self.ranges.items()
        }
        direction = {LOSS: "minimize"}
        return Experiment(
            objective=self,
            space=space,
            name=self.name,
            direction=direction,  # type: ignore[arg-type]
        )

    def settings(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the model's own parameters, none of them warped."""
        from scipy.special import expit

        found = dict(params)
        for name, (kind, *ends) in self.ranges.items():
            if kind == "logit":
                low, high = ends
                share = float(expit(found.pop(_LOGIT + name)))
                found[name] = min(max(share, low), high)
        return found

    def losses(self, settings: Mapping[str, Any], seed: int) -> tuple[float, float]:
        """Return the visible loss and the one on the rows kept apart.

        Args:
            settings: The model's own parameters.
            seed: For models that draw at random.

        Source: bayesmark 0.0.8, sklearn_funcs.py: SklearnModel.evaluate.
        """
        import numpy as np

        seen, targets, unseen, unseen_targets = _rows(self.data)
        random = np.random.RandomState(seed)  # of all fits, so that each draws its own
        is_classes = self.data in CLASSES

        def loss_of(rows: Any, answers: Any, others: Any, theirs: Any) -> float:
            model = self.estimator(settings, random, len(rows)).fit(rows, answers)
            return judged(model, others, theirs, self.metric)

        with warnings.catch_warnings(action="ignore"):
            visible = [
                loss_of(seen[fit], targets[fit], seen[judge], targets[judge])
                for fit, judge in folds_of(targets, is_classes=is_classes)
            ]
            apart = loss_of(seen, targets, unseen, unseen_targets)
        return math.fsum(visible) / N_FOLDS, apart

    def estimator(self, settings: Mapping[str, Any], random: Any, n_rows: int) -> Any:
        """Return the model with these settings, to be fitted to so many rows."""
        if self.data in NUMBERS:
            return regressor(self.model, dict(settings), random, n_rows)
        return classifier(self.model, dict(settings), random, self.metric)


def problems() -> list[BenchProblem]:
    """Return all 90 problems, without fitting a model."""
    return [
        _stated(Fitted(model, data, metric))
        for model in MODELS
        for data in sorted({**CLASSES, **NUMBERS})
        for metric in (("mae", "mse") if data in NUMBERS else ("acc", "nll"))
    ]


def _stated(fitted: Fitted) -> BenchProblem:
    ranges = fitted.ranges.values()
    kinds = {"model", "mixed" if len({kind for kind, *_ in ranges}) > 1 else "integer"}
    if all(kind in {"real", "log", "logit"} for kind, *_ in ranges):
        kinds = {"model", "continuous"}
    if fitted.model in NOISY:
        kinds.add("noisy")
    best = BEST_OF_KNN.get(fitted.name)
    return BenchProblem(
        name=fitted.name,
        make=fitted.experiment,
        dimension=len(ranges),
        kinds=frozenset(kinds),
        optimum=best,
        optimum_of="" if best is None else "table",
        n_trials=N_TRIALS,
        source=_SOURCE,
    )
