"""Run an experiment through `BridgeSearchCV`, for the table of hosts and its tests."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator

from hpbridge.drivers.objective import evaluate
from hpbridge.hosts.sklearn.search import BridgeSearchCV
from hpbridge.trial import State, trial_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.experiment import Experiment
    from hpbridge.space.parameters import Label
    from hpbridge.space.space import Space


class _Runner:
    """The experiment, and how many trials of it ran."""

    def __init__(self, experiment: Experiment, seed: int) -> None:
        self.experiment = experiment
        self.sign = (
            -1.0 if experiment.metrics[experiment.main_metric] == "minimize" else 1.0
        )
        self._seed = seed
        self._n_run = 0

    def score(self, values: Mapping[str, object]) -> float:
        """Run a trial; return its value, so that greater is better.

        Raises:
            RuntimeError: If it failed without a value, or was pruned.
        """
        number = self._n_run
        self._n_run += 1
        point = self.experiment.space.canonical(values)
        seed = trial_seed(self._seed, number)
        result = evaluate(self.experiment, point, number, seed)
        main = self.experiment.main_metric
        if result.state is State.COMPLETE or main in result.metrics:
            return self.sign * result.metrics[main]
        raise RuntimeError(result.error or "pruned")


class _Objective(BaseEstimator):  # type: ignore[misc]  # it has no types
    """An estimator that is fitted by running an experiment's objective."""

    def __init__(self, runner: _Runner) -> None:
        self.runner = runner

    def __sklearn_clone__(self) -> _Objective:
        return _Objective(self.runner)

    def set_params(self, **values: object) -> _Objective:
        self.values = values
        return self

    def fit(self, _X: object, _y: object = None) -> _Objective:  # noqa: N803
        self.score_ = self.runner.score(self.values)
        return self

    def score(self, _X: object, _y: object = None) -> float:  # noqa: N803
        return self.score_


def reasons_against(_space: Space) -> list[str]:
    """Return nothing: it takes a space of ours as it is."""
    return []


def run(
    optimizer: str, experiment: Experiment, n_trials: int, seed: int
) -> list[tuple[Mapping[str, Label], float]]:
    """Do what `hpbridge.contract.backend.HostSpec.run` says."""
    runner = _Runner(experiment, seed)
    search = BridgeSearchCV(
        _Objective(runner),
        experiment.space,
        backend=optimizer,
        n_iter=n_trials,
        random_state=seed,
        cv=[([0], [1])],
        refit=False,
    )
    with warnings.catch_warnings():
        # Of scores that are not finite, and of fits that failed, if any did.
        for text in (
            "One or more of the test scores",
            r"\s*\d+ fits failed",
            "invalid value encountered",
        ):
            warnings.filterwarnings("ignore", text)
        search.fit([[0.0], [1.0]])
    metric: Any = next(iter(search.study_.metrics))
    return [
        (trial.params, runner.sign * trial.metrics[metric])
        for trial in search.study_.trials
    ]
