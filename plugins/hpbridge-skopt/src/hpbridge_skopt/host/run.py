"""Run an experiment of ours in scikit-optimize's loop, for the matrix of hosts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Categorical, Float, Int, State, evaluate, trial_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Experiment, Label, Parameter, Space


def reasons_against(space: Space) -> list[str]:
    """Return what a list of dimensions cannot hold of a space, one sentence each."""
    found = [
        f"{name!r}: scikit-optimize has no {what}"
        for name, parameter in space.searched.items()
        for what in _missing(parameter)
    ]
    found += [
        f"{name!r}: scikit-optimize has no conditions"
        for name, parameter in space.items()
        if parameter.when
    ]
    if space.is_restricted:
        found.append("forbid=: a list of dimensions holds none; see space_constraint")
    return found


def _missing(parameter: Parameter) -> list[str]:
    if isinstance(parameter, Categorical):
        return ["order of choices"] if parameter.ordered else []
    if not isinstance(parameter, (Float, Int)):
        return ["quantum"]
    wrong = {
        "range of one value": parameter.low == parameter.high,
        "steps": parameter.step not in {None, 1},
        "priors": isinstance(parameter, Float) and parameter.prior is not None,
        "log-scaled int that has its ends in full": (
            isinstance(parameter, Int) and parameter.log
        ),
    }
    return [what for what, is_so in wrong.items() if is_so]


def dimensions_of(space: Space) -> list[Any]:
    """Return a space as dimensions that are read as the same space."""
    return [_dimension(name, p) for name, p in space.searched.items()]


def _dimension(name: str, parameter: Any) -> Any:
    from skopt import space as native

    from hpbridge_skopt.backend.repairs import FullInteger

    if isinstance(parameter, Categorical):
        weights = None if parameter.weights is None else list(parameter.weights)
        return native.Categorical(list(parameter.labels), prior=weights, name=name)
    if isinstance(parameter, Int):
        return FullInteger(parameter.low, parameter.high, name=name)
    prior = "log-uniform" if parameter.log else "uniform"
    return native.Real(parameter.low, parameter.high, prior=prior, name=name)


def run(
    optimizer: str, experiment: Experiment, n_trials: int, seed: int
) -> list[tuple[Mapping[str, Label], float]]:
    """Run an experiment by `minimize`; return parameters and values in order."""
    from hpbridge_skopt.host.plug import minimize

    space, metric = experiment.space, experiment.main_metric
    sign = -1.0 if experiment.metrics[metric] == "maximize" else 1.0
    trials: list[tuple[Mapping[str, Label], float]] = []

    def function(point: list[Any]) -> float:
        params = space.canonical(dict(zip(space.searched, point, strict=True)))
        number = len(trials)
        result = evaluate(experiment, params, number, trial_seed(seed, number))
        is_complete = result.state is State.COMPLETE
        value = result.metrics[metric] if is_complete else math.nan
        trials.append((params, value))
        return sign * value

    dimensions = dimensions_of(space)
    minimize(function, dimensions, optimizer, n_calls=n_trials, random_state=seed)
    return trials
