"""The curve of one way through the folds: scores of a model while it learns."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.evaluation.answers import METHODS, answers_from
from hpbridge.evaluation.curve import (
    STAGED,
    last_of,
    mechanism_of,
    n_rounds,
    staged_answers,
)
from hpbridge.evaluation.routed import params_of_score

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.evaluation.curve import Curve
    from hpbridge.evaluation.metrics import Scorer
    from hpbridge.evaluation.procedure import Fold
    from hpbridge.evaluation.rows import Rows

TEST, TRAIN, STEPS = "test", "train", "steps"


class Hearing:
    """Scores a model after some of its steps, by the first metric.

    Args:
        curve: Which steps.
        scorer: Of the first metric.
        rows: That the folds are of.
        at_step: ``at_step(step, score)`` on the rows that are scored on, as soon as it
            is known; what it raises ends the fit. None where nobody is told.

    Attributes:
        seconds: That scoring has taken since the fold began.
    """

    def __init__(
        self,
        curve: Curve,
        scorer: Scorer,
        rows: Rows,
        at_step: Callable[[int, float], None] | None,
    ) -> None:
        self._curve, self._scorer, self._rows = curve, scorer, rows
        self._at_step = at_step
        self.seconds = 0.0

    def begin(self, fold: Fold) -> None:
        """Begin with a fold."""
        fitted, scored = fold
        self._parts = {TEST: self._rows.take(scored), TRAIN: self._rows.take(fitted)}
        self._through: dict[str, Any] = {}
        self._found: dict[str, list[Any]] = {STEPS: [], TEST: [], TRAIN: []}
        self.seconds = 0.0

    def heard(self, step: int, model: Any, last: Any) -> None:
        """Score a model that is learning.

        Args:
            step: Up to which it has learnt.
            model: A pipeline, of which all but the last step is fitted; or the last.
            last: What learns.
        """
        began = time.perf_counter()
        scores = {
            name: self._score(last, self._before_last(model, name), part)
            for name, part in self._parts.items()
        }
        self.seconds += time.perf_counter() - began
        self._note(step, scores)

    def fitted(self, model: Any) -> None:
        """Score the rounds of a fitted booster; nothing of any other."""
        last = last_of(model)
        if mechanism_of(last, self._curve) != STAGED:
            return
        steps = self._curve.steps_of(n_rounds(last))
        asked = getattr(self._scorer, "_response_method", METHODS)
        methods = (asked,) if isinstance(asked, str) else tuple(asked)
        classes = getattr(last, "classes_", None)
        scores: dict[str, list[float]] = {}
        for name, part in self._parts.items():
            X = self._before_last(model, name)
            numbers = np.arange(len(part)).reshape(-1, 1)
            scores[name] = [
                self._score(
                    answers_from(kept, classes, is_of_classes=classes is not None),
                    numbers,
                    part,
                )
                for kept in staged_answers(last, X, steps, methods)
            ]
        for k, step in enumerate(steps):
            self._note(step, {name: values[k] for name, values in scores.items()})

    def taken(self) -> dict[str, list[Any]]:
        """Return the curve of the fold, and forget its rows; empty if there is none."""
        self._parts, self._through = {}, {}
        return self._found if self._found[STEPS] else {}

    def _score(self, model: Any, X: Any, part: Rows) -> float:
        weights = params_of_score(self._scorer, part.params)
        return float(self._scorer(model, X, np.asarray(part.y), **weights))

    def _note(self, step: int, scores: dict[str, float]) -> None:
        self._found[STEPS].append(step)
        for name, value in scores.items():
            self._found[name].append(value)
        if self._at_step is not None:
            self._at_step(step, scores[TEST])

    def _before_last(self, model: Any, part: str) -> Any:
        """Return rows as the last step of a pipeline gets them, made once."""
        if part not in self._through:
            X = self._parts[part].X
            for _, step in getattr(model, "steps", [None])[:-1]:
                # What only resamples does so in a fit alone.
                if hasattr(step, "transform"):
                    X = step.transform(X)
            self._through[part] = X
        return self._through[part]
