"""The objective: fit on one part of the rows, score on another, fold by fold."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.evaluation.folds import NoScoreError
from hpbridge.evaluation.hearing import STEPS
from hpbridge.evaluation.warned import Warned
from hpbridge.trial import TrialPruned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.evaluation.fidelity import Fidelity
    from hpbridge.evaluation.folds import Folds, FoldScores
    from hpbridge.evaluation.models import Models
    from hpbridge.trial import Trial

FIT, SCORE = "fit_time", "score_time"
"""Seconds of a fold, and, after ``mean_``, of all; as scikit-learn calls them."""


class FoldObjective:
    """What a trial runs: picklable, and without a row of the test.

    Every fold is reported as a step, from 1: its score by the first metric. Where there
    is one fold alone, and the model has a curve, the steps of the curve are reported.

    Args:
        models: The estimators and their space.
        folds: What they are evaluated on.
        fidelity: What a trial does with its budget; None for no budget.
    """

    def __init__(
        self, models: Models, folds: Folds, fidelity: Fidelity | None = None
    ) -> None:
        self.models, self.folds, self.fidelity = models, folds, fidelity

    def __call__(self, trial: Trial) -> dict[str, float]:
        """Evaluate a point; the scores of the folds are attributes of the trial.

        Raises:
            NoScoreError: If a scorer fails, or gives NaN in a fold.
            TrialPruned: If the trial is to end early.
        """
        done: list[FoldScores] = []
        main, n_folds = next(iter(self.folds.scorers)), len(self.folds.folds)

        def after(scores: FoldScores) -> None:
            done.append(scores)
            require_numbers(scores)
            if main not in scores.test or (n_folds == 1 and scores.curve):
                return  # of all folds together, or its steps are reported
            trial.report(scores.test[main], len(done))
            if trial.should_prune() and len(done) < n_folds:
                raise TrialPruned

        def at_step(step: int, score: float) -> None:
            trial.report(score, step)
            if trial.should_prune():
                raise TrialPruned

        told = at_step if n_folds == 1 else None
        with Warned() as warned:
            try:
                estimator, folds = self._at(trial)
                folds.scores(estimator, after, at_step=told)
            finally:
                noted = {**attributes_of(done, n_folds), **warned.attributes}
                for name, value in noted.items():
                    trial.set_attribute(name, value)
        return metrics_of(done)

    def _at(self, trial: Trial) -> tuple[Any, Folds]:
        """Return the estimator and the folds of a trial, at its budget."""
        estimator, fidelity = self.models.fresh(trial), self.fidelity
        if fidelity is None:
            return estimator, self.folds
        budget = trial.budget
        return fidelity.applied(estimator, budget), fidelity.folds(self.folds, budget)

    def over(self, models: Models, folds: Folds) -> FoldObjective:
        """Return the same with other models and folds."""
        other = copy.copy(self)
        other.models, other.folds = models, folds
        return other

    def whole(self) -> FoldObjective:
        """Return the same for a process that may be on another machine."""
        return self.over(self.models, self.folds.whole())


def require_numbers(scores: FoldScores) -> None:
    """Refuse a fold with a metric that is NaN.

    Raises:
        NoScoreError: With the fold and all such metrics.
    """
    whole = {f"fold {scores.number}": scores.test, "all folds": scores.pooled}
    for where, metrics in whole.items():
        missing = [name for name, value in metrics.items() if math.isnan(value)]
        if missing:
            names = ", ".join(map(repr, missing))
            msg = f"the metric {names} is NaN in {where}"
            raise NoScoreError(msg)


def metrics_of(done: Sequence[FoldScores]) -> dict[str, float]:
    """Return the means over folds, by the names of a search of scikit-learn's.

    Every metric on validation rows by its name; ``mean_train_`` of each, and the mean
    seconds of fitting and of scoring. Those of all folds together are no means.
    """
    if not done:
        return {}
    measured = _by_measure(sorted(done, key=lambda scores: scores.number))
    means = {name: float(np.average(values)) for name, values in measured.items()}
    test = "test_"
    first = {n.removeprefix(test): v for n, v in means.items() if n.startswith(test)}
    rest = {f"mean_{n}": v for n, v in means.items() if not n.startswith(test)}
    return {**done[-1].pooled, **first, **rest}


def attributes_of(done: Sequence[FoldScores], n_folds: int) -> dict[str, list[Any]]:
    """Return the folds as a record keeps them: a list a measure, by fold number.

    As of `hpbridge.formats.searches`: ``split_test_``, ``split_train_`` and a metric's
    name, ``split_fit_time``, ``split_score_time``. A fold that did not run is None.
    A curve is ``curve_steps``, and by the first metric's name ``curve_test_`` and
    ``curve_train_``: a list for each fold, one number a step.
    """
    found: dict[str, list[Any]] = {}
    for name, values in _by_measure(done).items():
        placed: list[Any] = [None] * n_folds
        for scores, value in zip(done, values, strict=True):
            placed[scores.number] = value
        found[f"split_{name}"] = placed
    for scores in done:
        main = next(iter(scores.train))
        for part, values in scores.curve.items():
            name = "curve_steps" if part == STEPS else f"curve_{part}_{main}"
            found.setdefault(name, [None] * n_folds)[scores.number] = values
    return found


def _by_measure(done: Sequence[FoldScores]) -> dict[str, list[float]]:
    """Return a list over folds of every measure: ``test_f1``, ``train_f1``, times."""
    if not done:
        return {}
    test, train = done[0].test, done[0].train
    return {
        **{f"test_{name}": [scores.test[name] for scores in done] for name in test},
        **{f"train_{name}": [scores.train[name] for scores in done] for name in train},
        FIT: [scores.fit_seconds for scores in done],
        SCORE: [scores.score_seconds for scores in done],
    }
