"""Labels that an estimator is known to refuse, said before the first fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpbridge.evaluation.target import Target

_NUMBERED = {("xgboost", "XGBClassifier"), ("xgboost", "XGBRFClassifier")}
"""Classifiers that take no classes but 0, 1, 2 ...: package and class.

Source:
    xgboost 3.2.0, `XGBClassifier.fit`: "Invalid classes inferred from unique values".
"""

_MOST_SHOWN = 3


def label_problems(estimator: Any, target: Target) -> list[str]:
    """Return a sentence if an estimator, or a pipeline's last, refuses the labels."""
    last = getattr(estimator, "steps", [(None, estimator)])[-1][1]
    kinds = {(k.__module__.partition(".")[0], k.__name__) for k in type(last).__mro__}
    classes = sorted(target.counts, key=repr)
    if not kinds & _NUMBERED or not target.is_single:
        return []
    if set(classes) == set(range(len(classes))):
        return []
    shown = [f"{label!r} as {k}" for k, label in enumerate(classes[:_MOST_SHOWN])]
    more = " ..." if len(classes) > _MOST_SHOWN else ""
    problem = (
        f"{type(last).__name__} takes classes that are numbered from 0, got "
        f"{', '.join(map(repr, classes[:_MOST_SHOWN]))}{more}: give y as "
        "sklearn.preprocessing.LabelEncoder().fit_transform(y), which has "
        f"{', '.join(shown)}{more}"
    )
    return [problem]
