"""What all callbacks share: which number is reported, as which step, and the end.

Example:
    >>> from hpbridge import Trial
    >>> trial = Trial({"lr": 0.1}, number=0, seed=7)
    >>> reporter = Reporter(trial, "Toy", metric="auc")
    >>> reporter.choose({"valid": {"auc": 0.7, "loss": 0.2}})
    ('valid', 'auc')
    >>> reporter.report(1, 0.7)
    >>> trial.reports
    [(1, 0.7)]
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

from hpbridge.errors import CallbackError, nearest
from hpbridge.errors.experiments import ArgumentError
from hpbridge.trial import TrialPruned

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hpbridge.trial import Trial

TRAINING = {"learn", "train", "training"}
"""How libraries call the rows that a model learns from."""


class Reporter:
    """Hands what a library evaluates while it trains to a trial, and ends the trial.

    Args:
        trial: What the objective got.
        library: The callback's name, for errors.
        metric: What is reported, as the library calls it. None for the one that is
            called as the experiment's first metric is, or the only one.
        data: The data set whose metric it is, as the library calls it. None for the
            only one beside that which the model learns from.
    """

    def __init__(
        self,
        trial: Trial,
        library: str,
        metric: str | None = None,
        data: str | None = None,
    ) -> None:
        needs = "report", "should_prune"
        problems = [
            f"trial must be what the objective got, got {trial!r:.200}"
            for has in [all(callable(getattr(trial, name, None)) for name in needs)]
            if not has
        ]
        problems += [
            f"{name} must be a name or None, got {given!r:.200}"
            for name, given in (("metric", metric), ("data", data))
            if not (given is None or isinstance(given, str))
        ]
        if problems:
            raise ArgumentError.given(library, problems)
        self._trial: Trial | None = trial
        self._process = os.getpid()
        self.library, self.metric, self.data = library, metric, data
        self._chosen: tuple[str, str] | None = None

    # scikit-learn's `clone` copies the parameters of an estimator, callbacks included:
    # the copy reports to the same trial.
    def __copy__(self) -> Reporter:
        return self

    def __deepcopy__(self, memo: object) -> Reporter:
        return self

    def __getstate__(self) -> dict[str, Any]:
        # A model is saved with its callbacks; the trial stays here.
        return {**self.__dict__, "_trial": None}

    @property
    def aim(self) -> tuple[str, str] | None:
        """The experiment's first metric and its direction; None if nobody knows."""
        around = getattr(self._trial, "study", None)
        metrics: Mapping[str, str] = getattr(around, "metrics", None) or {}
        return next(iter(metrics.items()), None)

    def choose(
        self, evaluated: Mapping[str, Mapping[str, object]], hint: str = ""
    ) -> tuple[str, str]:
        """Return the data set and the metric to report, of those that are evaluated.

        Args:
            evaluated: By data set, by metric.
            hint: How the library is told to evaluate, where it does not.

        Raises:
            CallbackError: If it is not there, or one of several would be guessed.
        """
        if self._chosen is not None:
            data, metric = self._chosen
            if metric in evaluated.get(data, ()):
                return self._chosen
        metrics = {name for found in evaluated.values() for name in found}
        if not metrics:
            problem = "evaluates nothing while it trains"
            raise self._error(problem, hint or "evaluate a validation set")
        if self.data is not None and self.data not in evaluated:
            close = nearest(self.data, evaluated)
            problem = f"evaluates no data set {self.data!r}; {close}"
            raise self._error(problem, f"data is one of: {_listed(evaluated)}")
        if self.data is not None:
            metrics = set(evaluated[self.data])
        metric = self.choose_metric(metrics)
        self._chosen = self._choose_data(evaluated, metric), metric
        return self._chosen

    def choose_metric(self, there: Collection[str]) -> str:
        """Return the metric to report, of those that are evaluated.

        Raises:
            CallbackError: If it is not there, or one of several would be guessed.
        """
        hint = f"metric is one of: {_listed(there)}"
        if self.metric is not None:
            if self.metric in there:
                return self.metric
            close = nearest(self.metric, there)
            problem = f"evaluates no metric {self.metric!r}; {close}"
            raise self._error(problem, hint)
        if self.aim is not None and self.aim[0] in there:
            return self.aim[0]
        if len(there) == 1:
            return next(iter(there))
        problem = "evaluates several metrics, and none was named"
        raise self._error(problem, hint)

    def _choose_data(
        self, evaluated: Mapping[str, Mapping[str, object]], metric: str
    ) -> str:
        if self.data is not None:
            return self.data
        having = [name for name, found in evaluated.items() if metric in found]
        validating = [name for name in having if name not in TRAINING] or having
        if len(validating) == 1:
            return validating[0]
        problem = f"evaluates {metric!r} on several data sets, and none was named"
        raise self._error(problem, f"data is one of: {_listed(validating)}")

    def check_direction(
        self, metric: str, better: Literal["greater", "less"] | None
    ) -> None:
        """Refuse a metric that the experiment searches in the other direction.

        Args:
            metric: Its name.
            better: As the library says; None where it does not.

        Raises:
            CallbackError: If the two do not agree.
        """
        if better is None or self.aim is None:
            return
        name, direction = self.aim
        if direction == ("maximize" if better == "greater" else "minimize"):
            return
        problem = (
            f"says that its {metric!r} is better when it is {better}, but the "
            f"experiment {direction}s {name!r}"
        )
        other = "maximize" if direction == "minimize" else "minimize"
        hint = f"name another metric, or declare direction={{{name!r}: {other!r}}}"
        raise self._error(problem, hint)

    def says_stop(self, step: int, value: object) -> bool:
        """Report a value, and return whether the trial is to end.

        Raises:
            CallbackError: In another process than the trial's: nothing comes back.
        """
        if self._trial is None or os.getpid() != self._process:
            problem = "reports from another process than that of its trial"
            hint = "train in the process of the objective; trials run beside each other"
            raise self._error(problem, f"{hint} with workers=")
        self._trial.report(float(value), int(step))  # type: ignore[arg-type]
        return bool(self._trial.should_prune())

    def report(self, step: int, value: object) -> None:
        """Report a value, and end the trial if it is to end.

        Raises:
            TrialPruned: If it is.
        """
        if self.says_stop(step, value):
            signal = TrialPruned(f"after step {step}")  # fastai wants a text
            raise signal

    def _error(self, problem: str, hint: str) -> CallbackError:
        return CallbackError.invalid(self.library, problem, hint)


def _listed(names: Collection[str]) -> str:
    return ", ".join(map(repr, sorted(names)))
