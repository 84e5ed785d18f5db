"""An experiment run by `Study.optimize`, with any optimizer inside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import optuna

from hpbridge.plugin import State, evaluate, quiet, trial_seed
from hpbridge_optuna import _upstream
from hpbridge_optuna.host.plug import BridgeSampler
from hpbridge_optuna.native.write import to_distribution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.trial import Trial

    from hpbridge.plugin import Experiment, Label, Space

_LOGGERS = [
    f"optuna.{name}"
    for name in ("study.study", "study._optimize", "storages._in_memory")
]


def run(
    optimizer: str, experiment: Experiment, n_trials: int, seed: int
) -> list[tuple[Mapping[str, Label], float]]:
    """Run an experiment by `Study.optimize`, as `HostSpec` says."""
    keys = [bound.metric for bound in experiment.bounds]
    sampler = BridgeSampler(
        optimizer, seed=seed, space=experiment.space, constraints=keys
    )
    found: list[tuple[Mapping[str, Label], float]] = []

    def objective(trial: Trial) -> tuple[float, ...]:
        point = define(trial, experiment.space)
        number = trial.number
        result = evaluate(experiment, point, number, trial_seed(seed, number))
        value = result.metrics.get(experiment.main_metric, math.nan)
        found.append((point, value))
        return _reported(trial, experiment, result)

    with quiet(*_LOGGERS):
        study = optuna.create_study(
            directions=list(experiment.metrics.values()), sampler=sampler
        )
        study.optimize(objective, n_trials=n_trials, catch=(_FailedError,))
    return found


class _FailedError(Exception):
    """The objective failed, as far as Optuna is concerned."""


def _reported(trial: Trial, experiment: Experiment, result: Any) -> tuple[float, ...]:
    if len(experiment.metrics) == 1:
        for step, value in result.reports:
            trial.report(value, step)
    if result.state is State.PRUNED:
        raise optuna.TrialPruned
    if result.state is State.FAILED:
        raise _FailedError
    for bound in experiment.bounds:
        violation = bound.violation(result.metrics)
        if not math.isnan(violation):
            trial.set_constraint(bound.metric, violation)
    return tuple(result.metrics[name] for name in experiment.metrics)


def define(trial: Trial, space: Space) -> dict[str, Label]:
    """Suggest every active parameter of a space, and return the point."""
    point: dict[str, Label] = {}
    for name, parameter in space.searched.items():
        if space.is_active(name, point):
            # `suggest_float` and so on make a distribution and hand it to `_suggest`.
            distribution = to_distribution(parameter, of_labels=False)
            value = _upstream.SUGGEST.of(trial)(name, distribution)
            point[name] = parameter.canonical(value)
    return point
