"""A fitted model's answers to some rows, scored again and again without predicting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.evaluation.metrics import Scorer

_METHODS = ("predict", "predict_proba", "decision_function")


class Answers(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Looks like the fitted model to a scorer; its features are row numbers.

    Args:
        model: A fitted estimator.
        X: The rows that it answers to, once.

    Attributes:
        kept: What each of its methods answered.
    """

    def __init__(self, model: Any, X: Any) -> None:
        self.kept: dict[str, Any] = {}
        for name in _METHODS:
            if hasattr(model, name):
                self.kept[name] = np.asarray(getattr(model, name)(X))
        if hasattr(model, "classes_"):
            self.classes_ = model.classes_
        self.is_fitted_ = True

    @available_if(lambda self: "predict" in self.kept)  # type: ignore[untyped-decorator]
    def predict(self, numbers: Any) -> Any:
        """Return what was predicted for rows of these numbers."""
        return self.kept["predict"][np.ravel(numbers)]

    @available_if(lambda self: "predict_proba" in self.kept)  # type: ignore[untyped-decorator]
    def predict_proba(self, numbers: Any) -> Any:
        """Return the chances of each class for rows of these numbers."""
        return self.kept["predict_proba"][np.ravel(numbers)]

    @available_if(lambda self: "decision_function" in self.kept)  # type: ignore[untyped-decorator]
    def decision_function(self, numbers: Any) -> Any:
        """Return the decision values for rows of these numbers."""
        return self.kept["decision_function"][np.ravel(numbers)]


class _OfClasses(ClassifierMixin, Answers):  # type: ignore[misc]
    pass


class _OfNumbers(RegressorMixin, Answers):  # type: ignore[misc]
    pass


def answers_of(model: Any, X: Any, *, is_of_classes: bool) -> Answers:
    """Return the answers of a fitted model to some rows."""
    return (_OfClasses if is_of_classes else _OfNumbers)(model, X)


def score(
    scorers: Mapping[str, Scorer], answers: Answers, y: Any, numbers: Any
) -> dict[str, float]:
    """Return every metric of answers to the rows of these numbers, again if need be."""
    rows, truth = np.reshape(numbers, (-1, 1)), np.asarray(y)[numbers]
    return {name: float(s(answers, rows, truth)) for name, s in scorers.items()}


def resampled(
    scorer: Scorer, contenders: Mapping[str, Answers], y: Any, seed: int, count: int
) -> dict[str, Any]:
    """Return a metric of models on bootstrap samples of the same rows.

    Args:
        scorer: Of the metric.
        contenders: Answers by name.
        y: The truth.
        seed: Of the samples.
        count: How many.

    Returns:
        An array of `count` values by name; NaN where a sample has none.
    """
    rng, truth = np.random.default_rng(seed), np.asarray(y)
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(count):
        numbers = rng.integers(0, len(truth), len(truth))
        for name, answers in contenders.items():
            try:
                value = float(scorer(answers, numbers.reshape(-1, 1), truth[numbers]))
            except ValueError:  # a sample without one of the classes
                value = np.nan
            found[name].append(value)
    return {name: np.asarray(values) for name, values in found.items()}
