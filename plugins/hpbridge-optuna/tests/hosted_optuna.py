"""An experiment run by `Study.optimize`, with any optimizer inside."""

from __future__ import annotations

import math
import pickle

import optuna

from hpbridge.plugin import State, quiet
from hpbridge.testing.hosted import Hosted, Recorder
from hpbridge_optuna import HOST, BridgeSampler, _upstream
from hpbridge_optuna.native.write import to_distribution

_LOGGERS = [
    f"optuna.{name}"
    for name in ("study.study", "study._optimize", "storages._in_memory")
]


def run(optimizer, experiment, n_trials, seed, at=None):
    """Run an experiment by `Study.optimize`.

    Args:
        optimizer: The guest.
        experiment: Ours.
        n_trials: How many.
        seed: Of the guest.
        at: After how many trials the study is pickled and brought back.
    """
    keys = [bound.metric for bound in experiment.bounds]
    sampler = BridgeSampler(
        optimizer, seed=seed, space=experiment.space, constraints=keys
    )
    recorder = Recorder(experiment, seed)

    def objective(trial):
        result = recorder.run(define(trial, experiment.space), trial.number)
        return _reported(trial, experiment, result)

    with quiet(*_LOGGERS):
        study = optuna.create_study(
            directions=list(experiment.metrics.values()), sampler=sampler
        )
        if at is not None:
            study.optimize(objective, n_trials=at, catch=(_FailedError,))
            study = pickle.loads(pickle.dumps(study))
        left = n_trials - (at or 0)
        study.optimize(objective, n_trials=left, catch=(_FailedError,))
    return recorder.trials


def resumed(optimizer, experiment, n_trials, seed):
    """Run an experiment whose study is pickled halfway."""
    return run(optimizer, experiment, n_trials, seed, n_trials // 2)


class _FailedError(Exception):
    """The objective failed, as far as Optuna is concerned."""


def _reported(trial, experiment, result):
    if len(experiment.metrics) == 1:
        for step, value in result.reports:
            trial.report(value, step)
    if result.state is State.PRUNED:
        raise optuna.TrialPruned
    if result.state is State.FAILED and not result.metrics:
        raise _FailedError
    for bound in experiment.bounds:
        violation = bound.violation(result.metrics)
        if not math.isnan(violation):
            trial.set_constraint(bound.metric, violation)
    return tuple(result.metrics[name] for name in experiment.metrics)


def define(trial, space):
    """Suggest every active parameter of a space, and return the point."""
    point = {}
    for name, parameter in space.searched.items():
        if space.is_active(name, point):
            # `suggest_float` and so on make a distribution and hand it to `_suggest`.
            distribution = to_distribution(parameter, of_labels=False)
            value = _upstream.SUGGEST.of(trial)(name, distribution)
            point[name] = parameter.canonical(value)
    return point


HOSTED = Hosted(HOST, run, resumed=resumed)
