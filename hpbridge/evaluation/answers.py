"""A fitted model's answers to some rows, scored again and again without predicting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if

from hpbridge.evaluation.metrics import RankedOneVsRest
from hpbridge.evaluation.routed import params_of_score
from hpbridge.evaluation.rows import is_by_row, part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.evaluation.metrics import Scorer
    from hpbridge.evaluation.rows import Rows

METHODS = ("predict", "predict_proba", "decision_function")
"""What scorers ask of a model."""


class Answers(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Looks like a fitted model to a scorer; its features are row numbers.

    Args:
        kept: What each of the model's methods answered, by the method's name; a list
            where a method answers with an array a label.
        classes: In the order of the columns; None of numbers.

    Attributes:
        model: Whose answers they are, where that is known.
    """

    model: Any = None

    def __init__(self, kept: Mapping[str, Any], classes: Any = None) -> None:
        self.kept = kept
        if classes is not None:
            self.classes_ = classes
        self.is_fitted_ = True

    def _of(self, method: str, numbers: Any) -> Any:
        said = self.kept[method]
        rows = np.ravel(numbers)
        return [each[rows] for each in said] if isinstance(said, list) else said[rows]

    @available_if(lambda self: "predict" in self.kept)  # type: ignore[untyped-decorator]
    def predict(self, numbers: Any) -> Any:
        """Return what was predicted for rows of these numbers."""
        return self._of("predict", numbers)

    @available_if(lambda self: "predict_proba" in self.kept)  # type: ignore[untyped-decorator]
    def predict_proba(self, numbers: Any) -> Any:
        """Return the chances of each class for rows of these numbers."""
        return self._of("predict_proba", numbers)

    @available_if(lambda self: "decision_function" in self.kept)  # type: ignore[untyped-decorator]
    def decision_function(self, numbers: Any) -> Any:
        """Return the decision values for rows of these numbers."""
        return self._of("decision_function", numbers)


class _OfClasses(ClassifierMixin, Answers):  # type: ignore[misc]
    pass


class _OfNumbers(RegressorMixin, Answers):  # type: ignore[misc]
    pass


def answers_of(model: Any, X: Any, *, is_of_classes: bool) -> Answers:
    """Return the answers of a fitted model to some rows."""
    kept = {n: _arrays(getattr(model, n)(X)) for n in METHODS if hasattr(model, n)}
    classes = getattr(model, "classes_", None)
    found = answers_from(kept, classes, is_of_classes=is_of_classes)
    found.model = model
    return found


def _arrays(said: Any) -> Any:
    """Return answers as an array, or as one a label where they are given so."""
    is_by_label = isinstance(said, list) and len(np.shape(said[0])) > 1
    return [*map(np.asarray, said)] if is_by_label else np.asarray(said)


def answers_from(
    kept: Mapping[str, Any], classes: Any = None, *, is_of_classes: bool
) -> Answers:
    """Return answers that are known."""
    return (_OfClasses if is_of_classes else _OfNumbers)(kept, classes)


class Marking:
    """The truth of some rows, by which answers to them are scored.

    Args:
        rows: With what goes with each row, as weights.

    Attributes:
        truth: The target.
        n_rows: How many rows there are.
    """

    def __init__(self, rows: Rows) -> None:
        self.truth, self._rows = np.asarray(rows.y), rows
        self.n_rows = len(self.truth)

    def weights_of(self, scorer: Scorer) -> dict[str, Any]:
        """Return what goes with the rows to a scorer, which asks for it."""
        return params_of_score(scorer, self._rows.params)

    def score(self, scorer: Scorer, answers: Answers, numbers: Any) -> float:
        """Return a metric of answers to the rows of these numbers, again if need be.

        A function of the user's gets the model and the rows themselves: it may look at
        more than the answers.

        Raises:
            ValueError: If the rows have no such metric.
        """
        given = {
            name: part(value, numbers) if is_by_row(value, self.n_rows) else value
            for name, value in self.weights_of(scorer).items()
        }
        if is_of_answers(scorer):
            X, y = np.reshape(numbers, (-1, 1)), self.truth[numbers]
            return float(scorer(answers, X, y, **given))
        X, y = part(self._rows.X, numbers), part(self._rows.y, numbers)
        return float(scorer(answers.model, X, y, **given))

    def scores(
        self, scorers: Mapping[str, Scorer], answers: Answers
    ) -> dict[str, float]:
        """Return every metric of answers to all rows."""
        everything = np.arange(self.n_rows)
        return {n: self.score(each, answers, everything) for n, each in scorers.items()}


def is_of_answers(scorer: Scorer) -> bool:
    """Say whether a metric depends on a model's answers and on the truth alone.

    Those that scikit-learn makes do.
    """
    return hasattr(scorer, "set_score_request") or isinstance(scorer, RankedOneVsRest)
