"""What is predicted: classes, labels or numbers, and what can be said of them."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

_CLASSES = {"binary", "multiclass", "multilabel-indicator"}


@dataclass(frozen=True)
class Target:
    """A target, as far as procedure and metrics depend on it.

    Attributes:
        y: The values.
        kind: As of `sklearn.utils.multiclass.type_of_target`.
        is_of_classes: Whether classes are predicted and not numbers.
        counts: Rows of each class; empty for numbers and labels.
    """

    y: Any
    kind: str
    is_of_classes: bool
    counts: dict[Any, int]

    @property
    def is_single(self) -> bool:
        """Whether each row is of one class."""
        return self.is_of_classes and self.kind in {"binary", "multiclass"}

    @property
    def text(self) -> str:
        """The target in words, as in "a target of 3 classes"."""
        if self.kind == "multilabel-indicator":
            return f"a target of {np.shape(self.y)[1]} labels"
        if self.is_of_classes:
            return f"a target of {len(self.counts)} classes"
        return "a target of numbers"

    def some_rows(self, most: int) -> Any:
        """Return some of the values, with rows of every class among them."""
        y = np.asarray(self.y)
        if len(y) <= most:
            return y
        if not self.is_single:
            return y[:most]
        firsts = np.unique(y, return_index=True)[1]
        rest = np.setdiff1d(np.arange(len(y)), firsts)[: max(most - 2 * len(firsts), 0)]
        twice = [np.flatnonzero(y == y[k])[:2] for k in firsts]
        return y[np.concatenate([*twice, rest])]


def read_target(
    y: Any, *, is_of_classes: bool, problems: list[str], is_part: bool = False
) -> Target | None:
    """Return what is known of a target; add what is wrong to a list.

    Args:
        y: The target's values.
        is_of_classes: Whether the estimator is a classifier.
        problems: Gets a sentence each.
        is_part: Whether these are some rows only, whose kind is that of others.
    """
    try:
        missing = n_missing(y)
    except ValueError:  # lists of labels
        problems.append(
            "y has lists of different lengths: several labels a row are columns of 0 "
            "and 1, as sklearn.preprocessing.MultiLabelBinarizer makes them"
        )
        return None
    if missing:
        problems.append(f"{missing} of the {len(y)} values of y are missing (NaN)")
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it refuses next
            kind = type_of_target(y)
    except (ValueError, TypeError) as error:
        why = str(error).splitlines()[0]
        problems.append(f"y cannot be predicted: {why}")
        return None
    is_known = is_part and is_of_classes
    reason = None if is_known else _unfit(np.asarray(y), kind, is_of_classes)
    if reason is not None:
        problems.append(reason)
        return None
    counts: dict[Any, int] = {}
    if is_of_classes and kind != "multilabel-indicator":
        counts = dict(Counter(np.asarray(y).ravel().tolist()))
        if len(counts) < 2 and not is_part:  # noqa: PLR2004 - one class is nothing to predict
            problems.append(f"y has one class alone, {next(iter(counts), None)!r}")
            return None
    return Target(y, kind, is_of_classes, counts)


def _unfit(y: Any, kind: str, is_of_classes: bool) -> str | None:
    """Return why an estimator cannot predict a target; None if it can."""
    if kind == "unknown":
        types = sorted({type(each).__name__ for each in y.ravel()[:1000]})
        return (
            f"y has Python objects ({', '.join(types)}): make them numbers or text, as "
            "y.astype(int) does"
        )
    if not is_of_classes:
        if y.dtype.kind in "biuf":
            return None
        first = y.ravel()[:1].astype(object)[0]
        return f"y is no numbers ({first!r:.50}) and the estimator is a regressor"
    if kind in _CLASSES:
        return None
    if kind.startswith("continuous"):
        return (
            f"y is {kind} and the estimator is a classifier: cut y into classes, or "
            "take a regressor"
        )
    return f"y is {kind}, for which scikit-learn has no metrics"


def n_missing(y: Any) -> int:
    """Return how many values of a target are missing."""
    values = np.asarray(y)
    if values.dtype.kind in "fc":
        missing = np.isnan(values)
    elif values.dtype == object:
        # What is not equal to itself is NaN, or pandas' NaT.
        flat = [each is None or bool(each != each) for each in values.ravel()]  # noqa: PLR0124
        missing = np.reshape(flat, values.shape)
    else:
        return 0
    return int(np.count_nonzero(missing.reshape(len(values), -1).any(axis=1)))


def counts_of(y: Any, target: Target) -> list[list[Any]]:
    """Return the rows of each class, or with each label; empty for numbers.

    Args:
        y: Some of the target's values.
        target: Of which they are.
    """
    values = np.asarray(y)
    if target.is_single:
        counts = Counter(values.ravel().tolist())
        return [[label, counts[label]] for label in target.counts]
    if not target.is_of_classes:
        return []
    return [[k, int(n)] for k, n in enumerate(np.count_nonzero(values, axis=0))]
