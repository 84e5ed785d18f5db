"""Run an experiment of ours by `maximize`, for the matrix of hosts."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    Call,
    Categorical,
    ExhaustedError,
    Float,
    Int,
    State,
    evaluate,
    trial_seed,
)
from hpbridge_bayesopt.backend.repairs import categorical_class
from hpbridge_bayesopt.native import write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Experiment, Label, Parameter, Space

_INIT_POINTS = 5
"""As `maximize` has it."""


def reasons_against(space: Space) -> list[str]:
    """Return what ``pbounds`` cannot hold of a space, one sentence each."""
    found = [
        f"{name!r}: bayesian-optimization has no {what}"
        for name, parameter in space.searched.items()
        for what in _missing(parameter)
    ]
    found += [
        f"{name!r}: bayesian-optimization has no conditions"
        for name, parameter in space.items()
        if parameter.when
    ]
    if space.is_restricted:
        found.append("forbid=: bayesian-optimization has no forbidden combinations")
    return found


def _missing(parameter: Parameter) -> list[str]:
    if isinstance(parameter, Categorical):
        wrong = {
            "order of choices": parameter.ordered,
            "weights of choices": parameter.weights is not None,
            "single choice": parameter.n_values == 1,
        }
    elif isinstance(parameter, (Float, Int)):
        wrong = {
            "range of one value": parameter.low == parameter.high,
            "log scale": parameter.log,
            "steps": parameter.step not in {None, 1},
            "priors": isinstance(parameter, Float) and parameter.prior is not None,
        }
    else:
        wrong = {"quantum": True}
    return [what for what, is_so in wrong.items() if is_so]


def run(
    optimizer: str, experiment: Experiment, n_trials: int, seed: int
) -> list[tuple[Mapping[str, Label], float]]:
    """Run an experiment by `maximize`; return parameters and values in order."""
    space, metric = experiment.space, experiment.main_metric
    sign = 1.0 if experiment.metrics[metric] == "maximize" else -1.0
    trials: list[tuple[Mapping[str, Label], float]] = []

    def function(**values: Any) -> float:
        params = space.canonical(values)
        number = len(trials)
        result = evaluate(experiment, params, number, trial_seed(seed, number))
        is_complete = result.state is State.COMPLETE
        value = result.metrics[metric] if is_complete else math.nan
        trials.append((params, value))
        return sign * value

    # It prints a line for each point that it knows, and warns of ints and choices.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(ExhaustedError):
            _maximize(function, optimizer, space, n_trials, seed, trials)
    return trials[:n_trials]


def _maximize(
    function: Any,
    optimizer: str,
    space: Space,
    n_trials: int,
    seed: int,
    trials: list[Any],
) -> None:
    from bayes_opt import BayesianOptimization

    from hpbridge_bayesopt.host.plug import BridgeAcquisition

    inside = BridgeAcquisition(optimizer, seed=seed)
    is_own = inside.name.startswith("bayesopt:")
    host = BayesianOptimization(
        function,
        _pbounds(space),
        acquisition_function=inside,
        random_state=int(seed),
        verbose=0,
        # Another optimizer runs what it proposes, as it does alone.
        allow_duplicate_points=not is_own,
    )
    if is_own:
        host.maximize(init_points=min(_INIT_POINTS, n_trials), n_iter=0)
    else:
        host.probe(inside.first(host))
    for _ in range(2 * n_trials):  # a known point uses up an iteration
        if len(trials) < n_trials:
            host.maximize(init_points=0, n_iter=1 if len(trials) else 0)


def _pbounds(space: Space) -> dict[str, Any]:
    choices = categorical_class().__name__
    bounds = {n: write.bound(n, p, choices) for n, p in space.searched.items()}
    return write.make(Call("dict", (bounds,)))  # type: ignore[no-any-return]
