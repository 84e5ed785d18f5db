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

from hpbridge.analysis.importance import Importances, importances
from hpbridge.analysis.paired import (
    REGION,
    Difference,
    difference,
    interval,
    pairs_of,
    ratio_of,
)
from hpbridge.trial import Origin, State

if TYPE_CHECKING:
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

EVALUATION, OPENINGS = "evaluation", "openings"
"""The attributes of a study that say how it was evaluated, and when its test was."""

DUMMY, DEFAULTS, BEST, INCUMBENT = "dummy", "defaults", "best", "incumbent"
"""The models that are compared."""

AT_THRESHOLD = "best at threshold"
"""The best, with the threshold that was chosen for it: of the sealed test alone."""

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
        incumbent: What tells a model in use from others, where one is meant.

    Attributes:
        about: What an evaluation noted of its procedure; empty where there is none.
        metric: The first metric.
    """

    def __init__(self, study: Study, incumbent: str | None = None) -> None:
        self.study, self._incumbent = study, incumbent
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

    @cached_property
    def metric_names(self) -> list[str]:
        """Every metric that models are scored by, the main one first."""
        noted = self.about.get("metrics")
        if isinstance(noted, Sequence) and noted:
            return list(noted)
        of_folds = () if self.best is None else self.best.test
        return list(dict.fromkeys([*self.study.metrics, *of_folds]))

    def why_no_interval(self, scores: Sequence[float | None], metric: str) -> str:
        """Return why the scores of folds give no interval; nothing where they do."""
        if metric in self.about.get("pooled", ()):
            return (
                f"{metric} is computed from the answers of all folds at once, and has "
                "no value in folds of one row"
            )
        if not scores or self.ratio is None:
            return "the record has no scores of folds"
        return "one fold says nothing of its own chance" if len(scores) < 2 else ""  # noqa: PLR2004

    def interval_of(self, model: Model, metric: str) -> tuple[float, float]:
        """Return the corrected 95 % interval of a mean over folds; NaN for none."""
        scores = finite(model.test.get(metric, ()))
        if self.ratio is None or self.why_no_interval(scores, metric):
            return math.nan, math.nan
        return interval(scores, self.ratio)

    @cached_property
    def improvements(self) -> dict[str, Difference]:
        """By how much the best is better than each reference, over the same folds."""
        references = {DUMMY: self.dummy, DEFAULTS: self.defaults}
        found = {name: self.gain_over(each) for name, each in references.items()}
        return {name: each for name, each in found.items() if each is not None}

    def gain_over(
        self, other: Model | None, region: float | None = None
    ) -> Difference | None:
        """Return by how much the best is better than another, over the same folds.

        Args:
            other: The other one.
            region: Up to where they are practically the same; as of `region_of` by
                default.
        """
        if other is None or self.best is None:
            return None
        sign = -self.study.sign
        pairs = pairs_of(
            self.best.test.get(self.metric, ()), other.test.get(self.metric, ())
        )
        known = other.metrics.get(self.metric, math.nan)
        firsts = [sign * a for a, _ in pairs]
        why_none = self.why_no_interval(firsts, self.metric)
        if why_none or self.ratio is None:
            mean = sign * (self.best.metrics[self.metric] - known)
            return Difference(mean, why_none=why_none)
        if region is None:
            region = region_of(self.metric, known, self.study.sign)
        seconds = [sign * b for _, b in pairs]
        return difference(firsts, seconds, self.ratio, region=region)

    @cached_property
    def importances(self) -> Importances:
        """How much each parameter mattered for the first metric."""
        return importances(self.study)

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
        found = [each for each in self.openings if each.get("trial") == number]
        if self._incumbent is not None:
            found = [o for o in found if o.get(INCUMBENT) == self._incumbent]
        return found[-1] if found else None  # the last one has the last incumbent

    @property
    def tested(self) -> Mapping[str, Mapping[str, Any]]:
        """What each model came to on the sealed test; empty while it is sealed."""
        return {} if self.opening is None else self.opening["models"]

    def test_interval(self, name: str, metric: str) -> tuple[float, float]:
        """Return the bootstrap 95 % interval of a model's test score; NaN for none."""
        model = self.tested.get(name, {})
        is_main = self.opening is not None and self.opening.get("metric") == metric
        found = model.get("intervals", {}).get(metric)
        found = found or (model.get("interval") if is_main else None)
        return (math.nan, math.nan) if found is None else (found[0], found[1])

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
        """Every complete trial with its folds; of several budgets, at the largest."""
        complete = [t for t in self.study.trials if t.state is State.COMPLETE]
        most = max((t.budget or 0 for t in complete), default=0)
        return [
            model_of(trial, f"trial {trial.number}")
            for trial in complete
            if (trial.budget or 0) == most
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


def finite(scores: Sequence[float | None]) -> list[float]:
    """Return the scores of the folds that have one."""
    return [each for each in scores if each is not None and math.isfinite(each)]


def region_of(metric: str, reference: float, sign: int = -1) -> float:
    """Return up to which difference two models are practically the same.

    0.01 for scores of at most 1; of errors and losses, which have a unit, 1 % of the
    other model's.

    Args:
        metric: Its name.
        reference: What the other model came to.
        sign: 1 where smaller is better.
    """
    is_share = abs(reference) <= 1 and not metric.startswith("neg_") and sign < 0
    return REGION if is_share else REGION * abs(reference)
