"""What a record says of how its models were evaluated: folds, references, the test.

From the record alone, for studies of an `Evaluation`, searches of scikit-learn's kind
and imported ones; what a record does not hold is None, and `Evaluated.missing` says
what that is and why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.paired import REGION, Difference, difference, ratio_of
from hpbridge.trial import Origin, State

if TYPE_CHECKING:
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

EVALUATION, OPENINGS = "evaluation", "openings"
"""The attributes of a study that say how it was evaluated, and when its test was."""

DUMMY, DEFAULTS, BEST, INCUMBENT = "dummy", "defaults", "best", "incumbent"
"""The models that are compared."""

_SPLIT_TEST, _SPLIT_TRAIN = "split_test_", "split_train_"


@dataclass(frozen=True)
class Model:
    """One model, as it was evaluated over the folds.

    Attributes:
        name: ``dummy``, ``defaults`` or ``best``.
        metrics: Means over the folds, by name.
        test: Scores on validation rows, by metric, a number a fold; empty where the
            record has none.
        train: The same on the rows that were fitted on.
        trial: Its number, where it is one.
    """

    name: str
    metrics: Mapping[str, float]
    test: Mapping[str, Sequence[float]]
    train: Mapping[str, Sequence[float]]
    trial: int | None = None


class Evaluated:
    """A study, read for how its models were evaluated.

    Args:
        study: Any study.

    Attributes:
        about: What an evaluation noted of its procedure; empty where there is none.
        metric: The first metric.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        noted = study.attributes.get(EVALUATION)
        self.about: Mapping[str, Any] = noted if isinstance(noted, Mapping) else {}
        self.metric = study.main_metric

    @cached_property
    def best(self) -> Model | None:
        """The best trial; None if no trial is complete and feasible."""
        trial = self.study.best_by_main_metric()
        return None if trial is None else model_of(trial, BEST)

    @cached_property
    def defaults(self) -> Model | None:
        """The estimator as it comes: a trial, or beside the trials."""
        found = self._reference(DEFAULTS)
        if found is not None or not self.about:
            return found
        first = next((t for t in self.study.trials if t.number == 0), None)
        is_it = first is not None and first.origin is Origin.BASELINE
        if not is_it or first is None or first.state is not State.COMPLETE:
            return None
        return model_of(first, DEFAULTS)

    @cached_property
    def dummy(self) -> Model | None:
        """The predictor that looks at no feature."""
        return self._reference(DUMMY)

    def _reference(self, name: str) -> Model | None:
        references = self.about.get("references")
        noted = references.get(name) if isinstance(references, Mapping) else None
        if not isinstance(noted, Mapping) or "metrics" not in noted:
            return None
        return Model(name, noted["metrics"], *folds_in(noted.get("attributes", {})))

    @cached_property
    def ratio(self) -> float | None:
        """Rows scored on by rows fitted on; None where the record does not say."""
        sizes = self.about.get("sizes")
        if isinstance(sizes, Sequence) and sizes:
            return ratio_of(sizes)
        scores = [] if self.best is None else self.best.test.get(self.metric, [])
        # Of a search, whose folds are those of cross-validation as a rule.
        return 1 / (len(scores) - 1) if len(scores) > 1 else None

    def gain_over(
        self, other: Model | None, region: float = REGION
    ) -> Difference | None:
        """Return by how much the best is better than another, over the same folds."""
        if other is None or self.best is None:
            return None
        sign = -self.study.sign
        pairs = [
            (sign * a, sign * b)
            for a, b in zip(
                self.best.test.get(self.metric, ()),
                other.test.get(self.metric, ()),
                strict=False,
            )
            if a is not None and b is not None and math.isfinite(a + b)
        ]
        if not pairs or self.ratio is None:
            mean = sign * (
                self.best.metrics[self.metric]
                - other.metrics.get(self.metric, math.nan)
            )
            return Difference(mean, why_none=self._why_no_folds)
        first, second = zip(*pairs, strict=True)
        return difference(first, second, self.ratio, region=region)

    @property
    def _why_no_folds(self) -> str:
        if self.metric in self.about.get("pooled", ()):
            return (
                f"{self.metric} is computed from the answers of all folds at once, and "
                "has no value in folds of one row"
            )
        return "the record has no scores of folds"

    @cached_property
    def openings(self) -> list[Mapping[str, Any]]:
        """Every opening of the sealed test, the first one first."""
        noted = self.study.attributes.get(OPENINGS)
        found = noted if isinstance(noted, Sequence) else []
        return [each for each in found if isinstance(each, Mapping)]

    @property
    def opening(self) -> Mapping[str, Any] | None:
        """The opening for the best trial; None if the test is sealed for it."""
        number = None if self.best is None else self.best.trial
        of_best = [each for each in self.openings if each.get("trial") == number]
        return of_best[0] if of_best else None

    @cached_property
    def missing(self) -> list[str]:
        """What a report of it lacks, and why, a sentence each."""
        found = []
        if not self.about:
            found.append(
                "no sealed test and no references: it is no study of an "
                "hpbridge.Evaluation"
            )
        elif not self.about.get("n_test"):
            found.append("no sealed test: the evaluation was made with test=None")
        elif self.opening is None:
            found.append("the sealed test is sealed still")
        if self.best is None:
            found.append("no best trial: none is complete and feasible")
        elif not self.best.test:
            found.append("no scores of folds: its trials have none")
        elif not self.best.train:
            found.append("no scores on training rows: its trials have none")
        if self.about and self.defaults is None:
            found.append("no defaults: they could not be evaluated")
        return found

    @property
    def folds_of_trials(self) -> list[Model]:
        """Every complete trial with its folds."""
        return [
            model_of(trial, f"trial {trial.number}")
            for trial in self.study.trials
            if trial.state is State.COMPLETE
        ]


def model_of(trial: FinishedTrial, name: str) -> Model:
    """Return a trial as a model that was evaluated."""
    return Model(name, trial.metrics, *folds_in(trial.attributes), trial.number)


def folds_in(
    attributes: Mapping[str, Any],
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the scores of folds on validation and on training rows, by metric.

    As `hpbridge.formats.searches` names them: ``split_test_f1``.
    """
    parts: tuple[dict[str, list[float]], dict[str, list[float]]] = {}, {}
    for name, values in attributes.items():
        for prefix, part in zip((_SPLIT_TEST, _SPLIT_TRAIN), parts, strict=True):
            if name.startswith(prefix) and isinstance(values, list):
                part[name.removeprefix(prefix)] = values
    return parts
