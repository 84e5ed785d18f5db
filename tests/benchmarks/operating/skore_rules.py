"""What skore's checks of data say, restated from skore 0.28.0, `skore/_checks/`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

if TYPE_CHECKING:
    from hpbridge.evaluation.evaluation import Evaluation

_DEFAULTS = {
    "accuracy": 1,
    "precision": 1,
    "recall": 1,
    "roc_auc": 1,
    "neg_log_loss": -1,
    "neg_brier_score": -1,
}
"""The default metrics of two classes in skore, and what a score is multiplied by."""


def a_class_of_80_percent(evaluation: Evaluation) -> bool | None:
    """Say what SKD004 says, of two classes."""
    counts = np.array(list(evaluation.target.counts.values()))
    return None if len(counts) != 2 else bool(counts.max() >= 0.8 * counts.sum())


def a_class_of_10_percent(evaluation: Evaluation) -> bool | None:
    """Say what SKD005 says, of several classes."""
    counts = np.array(list(evaluation.target.counts.values()))
    return None if len(counts) == 2 else bool(counts.min() <= 0.1 * counts.sum())


def golden(evaluation: Evaluation) -> bool | None:
    """Say what SKD011 says: one feature is on par with all, by most metrics.

    Within the larger of 0.03 and 10 % of the score of the model of all features.
    """
    rows = evaluation.folds.kept.rows()
    frame = pd.get_dummies(pd.DataFrame(rows.X), drop_first=True).astype(float)
    full = _scores(frame.to_numpy(), rows.y, evaluation)
    for name in frame:
        one = _scores(frame[[name]].to_numpy(), rows.y, evaluation)
        votes = [
            sign * (full[metric] - one[metric]) < max(0.03, 0.1 * abs(one[metric]))
            for metric, sign in _DEFAULTS.items()
        ]
        if sum(votes) > len(votes) / 2:
            return True
    return False


def _scores(X: Any, y: Any, evaluation: Evaluation) -> dict[str, float]:
    model = make_pipeline(StandardScaler(), LogisticRegression())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = cross_validate(
            model, X, y, cv=list(evaluation.folds.folds), scoring=list(_DEFAULTS)
        )
    return {
        metric: sign * float(found[f"test_{metric}"].mean())
        for metric, sign in _DEFAULTS.items()
    }


def overlap_in_time(evaluation: Evaluation) -> bool | None:
    """Say what SKD013 says: in a fold, the latest fitted on is not before the test."""
    frame = evaluation.folds.kept.rows().X
    found = None
    for name in frame.select_dtypes("datetime"):
        found = found or False
        for fitted, scored in evaluation.folds.folds:
            column = frame[name]
            found = found or column.iloc[fitted].max() >= column.iloc[scored].min()
    return found
