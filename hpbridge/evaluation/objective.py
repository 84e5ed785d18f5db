"""The objective: fit on one part of the rows, score on another, fold by fold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import cross_validate

from hpbridge.trial import TrialPruned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hpbridge.evaluation.metrics import Scorer
    from hpbridge.evaluation.models import Models
    from hpbridge.evaluation.procedure import Fold
    from hpbridge.evaluation.rows import Kept, Rows
    from hpbridge.trial import Trial

FIT, SCORE = "fit_time", "score_time"
"""Seconds of a fold, and, after ``mean_``, of all; as scikit-learn calls them."""


@dataclass(frozen=True)
class FoldScores:
    """What one fold came to.

    Attributes:
        number: Of the fold.
        test: Every metric on the rows that were scored on.
        train: The same on the rows that were fitted on.
    """

    number: int
    test: Mapping[str, float]
    train: Mapping[str, float]
    fit_seconds: float
    score_seconds: float


class Folds:
    """Rows and folds: all that a trial needs but the estimator.

    Args:
        kept: The rows that trials may see.
        folds: Of these rows.
        order: In which a trial goes through them.
        scorers: By name; the first counts.
    """

    def __init__(
        self,
        kept: Kept,
        folds: Sequence[Fold],
        order: Sequence[int],
        scorers: Mapping[str, Scorer],
    ) -> None:
        self.kept, self.folds, self.order = kept, tuple(folds), tuple(order)
        self.scorers = dict(scorers)

    def whole(self) -> Folds:
        """Return the same for a process that may be on another machine."""
        return Folds(self.kept.whole(), self.folds, self.order, self.scorers)

    def scores(self, estimator: Any) -> Iterator[FoldScores]:
        """Fit and score an estimator on each fold, in order.

        Raises:
            Exception: Whatever the estimator or a scorer raises.
        """
        rows = self.kept.rows()
        for number in self.order:
            yield self._score(estimator, rows, number)

    def _score(self, estimator: Any, rows: Rows, number: int) -> FoldScores:
        # scikit-learn's own, so that routing, containers and times are as there.
        found = cross_validate(
            estimator,
            rows.X,
            rows.y,
            cv=[self.folds[number]],
            scoring=self.scorers,
            params=dict(rows.params) or None,
            return_train_score=True,
            error_score="raise",
        )
        test = {name: float(found[f"test_{name}"][0]) for name in self.scorers}
        train = {name: float(found[f"train_{name}"][0]) for name in self.scorers}
        seconds = float(found[FIT][0]), float(found[SCORE][0])
        return FoldScores(number, test, train, *seconds)


class FoldObjective:
    """What a trial runs: picklable, and without a row of the test.

    Every fold is reported as a step, from 1: its score by the first metric.

    Args:
        models: The estimators and their space.
        folds: What they are evaluated on.
    """

    def __init__(self, models: Models, folds: Folds) -> None:
        self.models, self.folds = models, folds

    def __call__(self, trial: Trial) -> dict[str, float]:
        """Evaluate a point; the scores of the folds are attributes of the trial.

        Raises:
            NoScoreError: If a scorer gives NaN in a fold.
            TrialPruned: If the trial is to end early.
        """
        done: list[FoldScores] = []
        main = next(iter(self.folds.scorers))
        try:
            for scores in self.folds.scores(self.models.fresh(trial)):
                done.append(scores)
                require_numbers(scores)
                trial.report(scores.test[main], len(done))
                if trial.should_prune() and len(done) < len(self.folds.folds):
                    raise TrialPruned
        finally:
            for name, value in attributes_of(done, len(self.folds.folds)).items():
                trial.set_attribute(name, value)
        return metrics_of(done)

    def whole(self) -> FoldObjective:
        """Return the same for a process that may be on another machine."""
        return FoldObjective(self.models, self.folds.whole())


class NoScoreError(ValueError):
    """A scorer gave no number in a fold."""


def require_numbers(scores: FoldScores) -> None:
    """Refuse a fold with a metric that is NaN.

    Raises:
        NoScoreError: With the fold and all such metrics.
    """
    missing = [name for name, value in scores.test.items() if math.isnan(value)]
    if missing:
        names = ", ".join(map(repr, missing))
        msg = f"the metric {names} is NaN in fold {scores.number}"
        raise NoScoreError(msg)


def metrics_of(done: Sequence[FoldScores]) -> dict[str, float]:
    """Return the means over folds, by the names of a search of scikit-learn's.

    Every metric on validation rows by its name; ``mean_train_`` of each, and the mean
    seconds of fitting and of scoring.
    """
    measured = _by_measure(sorted(done, key=lambda scores: scores.number))
    means = {name: float(np.average(values)) for name, values in measured.items()}
    test = "test_"
    first = {n.removeprefix(test): v for n, v in means.items() if n.startswith(test)}
    rest = {f"mean_{n}": v for n, v in means.items() if not n.startswith(test)}
    return {**first, **rest}


def attributes_of(done: Sequence[FoldScores], n_folds: int) -> dict[str, list[Any]]:
    """Return the folds as a record keeps them: a list a measure, by fold number.

    As of `hpbridge.formats.searches`: ``split_test_``, ``split_train_`` and a metric's
    name, ``split_fit_time``, ``split_score_time``. A fold that did not run is None.
    """
    found: dict[str, list[Any]] = {}
    for name, values in _by_measure(done).items():
        placed: list[Any] = [None] * n_folds
        for scores, value in zip(done, values, strict=True):
            placed[scores.number] = value
        found[f"split_{name}"] = placed
    return found


def _by_measure(done: Sequence[FoldScores]) -> dict[str, list[float]]:
    """Return a list over folds of every measure: ``test_f1``, ``train_f1``, times."""
    if not done:
        return {}
    names = list(done[0].test)
    return {
        **{f"test_{name}": [scores.test[name] for scores in done] for name in names},
        **{f"train_{name}": [scores.train[name] for scores in done] for name in names},
        FIT: [scores.fit_seconds for scores in done],
        SCORE: [scores.score_seconds for scores in done],
    }
