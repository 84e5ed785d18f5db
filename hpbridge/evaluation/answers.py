"""A fitted model's answers to some rows, scored again and again without predicting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.evaluation.metrics import Scorer

METHODS = ("predict", "predict_proba", "decision_function")
"""What scorers ask of a model."""


class Answers(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Looks like a fitted model to a scorer; its features are row numbers.

    Args:
        kept: What each of the model's methods answered, by the method's name.
        classes: In the order of the columns; None of numbers.
    """

    def __init__(self, kept: Mapping[str, Any], classes: Any = None) -> None:
        self.kept = kept
        if classes is not None:
            self.classes_ = classes
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
    kept = {
        name: np.asarray(getattr(model, name)(X))
        for name in METHODS
        if hasattr(model, name)
    }
    classes = getattr(model, "classes_", None)
    return answers_from(kept, classes, is_of_classes=is_of_classes)


def answers_from(
    kept: Mapping[str, Any], classes: Any = None, *, is_of_classes: bool
) -> Answers:
    """Return answers that are known."""
    return (_OfClasses if is_of_classes else _OfNumbers)(kept, classes)


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
