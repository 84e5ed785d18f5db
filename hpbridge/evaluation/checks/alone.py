"""How far features alone predict the target: 0 as a guess does, 1 perfectly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.evaluation.checks.data import Sample
    from hpbridge.evaluation.procedure import Fold

_BINS = 64
_LEAST_IN_BIN = 5


def alone(sample: Sample, codes: Any, folds: Sequence[Fold] | None = None) -> float:
    """Return how far one column predicts the target, by means over ranges of it.

    Args:
        sample: With the target.
        codes: Of the column's values.
        folds: Over which; all of the sample's by default.
    """
    folds = sample.folds if folds is None else folds
    y, of_classes = sample.y, sample.target.is_single
    answers = [
        _by_ranges(codes[fit], y[fit], codes[score], of_classes=of_classes)
        for fit, score in folds
    ]
    truth = np.concatenate([y[score] for _, score in folds])
    return strength(truth, np.concatenate(answers), of_classes=of_classes)


def _by_ranges(codes: Any, y: Any, asked: Any, *, of_classes: bool) -> Any:
    """Return the answers for some codes, learned from others in the same range."""
    edges = _edges(codes)
    bins, wanted = np.searchsorted(edges, codes), np.searchsorted(edges, asked)
    n = len(edges) + 1
    if not of_classes:
        y = y.reshape(len(y), -1)
        counts = np.bincount(bins, minlength=n)
        sums = [np.bincount(bins, column, minlength=n) for column in y.T]
        means = np.where(counts > 0, sums / np.maximum(counts, 1), y.mean(0)[:, None])
        return means.T[wanted]
    k = int(y.max()) + 1
    table = np.bincount(bins * k + y, minlength=n * k).reshape(n, k)
    chances = table.sum(axis=0)
    # Of the classes alike, however rare one is.
    weighed = table / np.maximum(chances, 1)
    answers = weighed.argmax(axis=1)
    answers[table.sum(axis=1) == 0] = chances.argmax()
    return answers[wanted]


def _edges(codes: Any) -> Any:
    """Return where ranges begin: one for each code, or of about as many rows each."""
    values, counts = np.unique(codes, return_counts=True)
    if len(values) <= _BINS:
        return values[1:] - 0.5
    n = min(_BINS, max(len(codes) // _LEAST_IN_BIN, 2))
    at = np.searchsorted(counts.cumsum(), np.arange(1, n) * len(codes) / n)
    return np.unique(values[at] - 0.5)


def together(sample: Sample, numbers: Sequence[int], folds: Sequence[Fold]) -> Any:
    """Return the answers of a small forest on several columns, and the truth.

    Returns:
        Two arrays over all rows that the folds score.
    """
    X, y = sample.matrix(numbers), sample.y
    of_classes = sample.target.is_single
    kind: Any = ExtraTreesClassifier if of_classes else ExtraTreesRegressor
    settings: dict[str, Any] = {"n_estimators": 15, "min_samples_leaf": 2}
    if of_classes:
        settings["class_weight"] = "balanced"
    else:
        settings["max_features"] = 0.5
    answers = []
    for fit, score in folds:
        forest = kind(**settings, random_state=0).fit(X[fit], y[fit])
        found = forest.predict(X[score])
        answers.append(found if of_classes else found.reshape(len(score), -1))
    return np.concatenate(answers), np.concatenate([y[score] for _, score in folds])


def strength(truth: Any, answers: Any, *, of_classes: bool) -> float:
    """Return how good answers are: 0 for a guess, 1 for the truth.

    Of classes, the mean of their recalls, less what a guess reaches; of numbers, the
    mean R2.
    """
    if of_classes:
        right = np.bincount(truth, truth == answers)
        counts = np.bincount(truth)
        there = counts > 0
        if there.sum() < 2:  # noqa: PLR2004 - nothing to tell apart
            return 0.0
        recall, guess = (right[there] / counts[there]).mean(), 1 / there.sum()
        return float((recall - guess) / (1 - guess))
    truth, answers = truth.reshape(len(truth), -1), answers.reshape(len(truth), -1)
    spread = ((truth - truth.mean(axis=0)) ** 2).mean(axis=0)
    error = ((truth - answers) ** 2).mean(axis=0)
    return float(np.mean(1 - error / np.where(spread > 0, spread, np.inf)))
