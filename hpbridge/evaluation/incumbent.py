"""The model in use, which the user brings: seen to answer before the test is opened."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joblib  # type: ignore[import-untyped]
import numpy as np

from hpbridge.errors import ExperimentError
from hpbridge.errors.foreign import describe_error
from hpbridge.evaluation.answers import Marking, answers_of

if TYPE_CHECKING:
    from hpbridge.evaluation.answers import Answers
    from hpbridge.evaluation.evaluation import Evaluation

_MOST_ROWS = 20_000
"""On which it is tried: all, as a rule."""


@dataclass(frozen=True)
class InUse:
    """A model in use.

    Attributes:
        identity: What tells it from others.
    """

    model: Any
    identity: str


def check_incumbent(evaluation: Evaluation, model: Any) -> InUse:
    """Return a model as one in use, once it has answered to rows that are seen.

    Raises:
        ExperimentError: If it cannot predict such rows, or not what they are of.
    """
    identity = _identity_of(model)
    problems, answers = _tried(evaluation, model)
    if answers is None or problems:
        raise ExperimentError.invalid(evaluation.name, problems)
    return InUse(model, identity or _digest(joblib.hash(answers.kept)))


def problems_of_incumbent(evaluation: Evaluation, model: Any) -> list[str]:
    """Return why a model cannot be compared with."""
    return _tried(evaluation, model)[0]


def _tried(evaluation: Evaluation, model: Any) -> tuple[list[str], Answers | None]:
    """Return what is wrong with a model, and what it answers to rows."""
    if isinstance(model, type) or not hasattr(model, "predict"):
        return [f"incumbent must be a fitted model, got {model!r:.100}"], None
    rows = evaluation.folds.kept.rows()
    if len(rows) > _MOST_ROWS:
        rows = rows.take(np.arange(_MOST_ROWS))
    of_classes = evaluation.target.is_of_classes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            answers = answers_of(model, rows.X, is_of_classes=of_classes)
        except Exception as error:  # noqa: BLE001 - a model may raise anything
            why = describe_error(error)
            return [f"incumbent cannot predict these rows: {why}"], None
        problems = _problems_of(evaluation, answers.kept["predict"], rows.y)
        marking = Marking(rows)
        for name, scorer in evaluation.scorers.items() if not problems else ():
            try:
                marking.score(scorer, answers, np.arange(len(rows)))
            except Exception as error:  # noqa: BLE001 - a scorer may raise anything
                why = describe_error(error)
                problems.append(
                    f"incumbent cannot be scored by the metric {name!r}: {why}"
                )
    return problems, answers


def _problems_of(evaluation: Evaluation, said: Any, y: Any) -> list[str]:
    truth, target = np.asarray(y), evaluation.target
    if np.shape(said) != truth.shape and np.size(said) != np.size(truth):
        shapes = f"{np.shape(said)} for rows whose target has the shape {truth.shape}"
        return [f"incumbent predicts {shapes}"]
    if not target.is_single:
        return []
    labels = {repr(label) for label in target.counts}
    others = sorted({repr(each) for each in np.ravel(said).tolist()} - labels)
    if not others:
        return []
    names, own = ", ".join(others[:5]), ", ".join(sorted(labels)[:5])
    return [f"incumbent predicts {names}, and the classes are {own}"]


def _identity_of(model: Any) -> str | None:
    try:
        return _digest(joblib.hash(model))
    except Exception:  # noqa: BLE001 - what cannot be pickled is told by its answers
        return None


def _digest(found: str | None) -> str:
    return hashlib.sha256(str(found).encode()).hexdigest()[:32]
