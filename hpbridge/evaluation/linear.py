"""A linear model on the folds of a search, where what was found is slow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hpbridge.analysis.checks.slow import LINEAR, SLOW, is_worth_a_line
from hpbridge.analysis.evaluated import Evaluated
from hpbridge.errors import HpbridgeError
from hpbridge.evaluation.fidelity import at_most
from hpbridge.evaluation.references import reference
from hpbridge.evaluation.routed import GROUPS
from hpbridge.store.appending import append

if TYPE_CHECKING:
    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.rows import Rows
    from hpbridge.evaluation.target import Target
    from hpbridge.study import Study

_MOST_NUMBERS = 20_000_000
"""Rows times columns up to which a linear model is quick."""


def with_linear(evaluation: Evaluation, study: Study) -> Study:
    """Return a study that knows what a linear model comes to, where that may tell.

    It is fitted on the same folds, once a study, where the best model is slow and of
    the only class that was searched, and features are numbers without weights. It is
    noted in the study's attributes, by the words of a reference.
    """
    home = study.home
    is_silent = SLOW in evaluation.silence
    if home is None or is_silent or not is_worth_a_line(Evaluated(study)):
        return study
    rows = evaluation.folds.kept.rows()
    model = linear_for(rows, evaluation.target)
    if model is None:
        return study
    try:
        noted = append(home, study.id, LINEAR, reference(at_most(evaluation), model))
    except HpbridgeError:  # the study itself is whole, and says what is wrong
        return study
    return replace(study, attributes=noted)


def linear_for(rows: Rows, target: Target) -> Any:
    """Return a linear model for rows; None where it would need more than numbers."""
    shape = np.shape(rows.X)
    is_weighted = any(v is not None for n, v in rows.params.items() if n != GROUPS)
    if len(shape) != 2 or is_weighted or shape[0] * shape[1] > _MOST_NUMBERS:  # noqa: PLR2004
        return None
    last: Any = Ridge()
    if target.is_of_classes:
        last = LogisticRegression(max_iter=200)
        last = last if target.is_single else OneVsRestClassifier(last)
    if sparse.issparse(rows.X):
        return make_pipeline(StandardScaler(with_mean=False), last)
    if np.asarray(rows.X[:100]).dtype.kind not in "fiub":
        return None
    return make_pipeline(SimpleImputer(), StandardScaler(), last)
