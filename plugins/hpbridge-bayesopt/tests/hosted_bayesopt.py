"""Run an experiment of ours by `maximize`, for the matrix of hosts."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from pathlib import Path

from bayes_opt import BayesianOptimization

from hpbridge.plugin import (
    Call,
    Categorical,
    ExhaustedError,
    Float,
    Int,
)
from hpbridge.testing.hosted import Hosted, Recorder
from hpbridge_bayesopt import HOST, BridgeAcquisition
from hpbridge_bayesopt.backend.repairs import categorical_class
from hpbridge_bayesopt.native import write

_INIT_POINTS = 5
"""As `maximize` has it."""


def reasons_against(space):
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


def _missing(parameter):
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


def run(optimizer, experiment, n_trials, seed, at=None):
    """Run an experiment by `maximize`; return parameters and values in order.

    Args:
        at: After how many trials the state is saved, and a new host goes on from it.
    """
    space, recorder = experiment.space, Recorder(experiment, seed)

    def function(**values):  # which `maximize` maximizes
        return -recorder.loss(recorder.run(space.canonical(values)))

    def make():
        return _host_of(function, optimizer, space, seed)

    # It prints a line for each point that it knows, and warns of ints and choices.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(ExhaustedError):
            _maximize(make, n_trials, recorder.trials, at)
    return recorder.trials[:n_trials]


def resumed(optimizer, experiment, n_trials, seed):
    """Run an experiment that is saved halfway, and gone on with by a new host."""
    return run(optimizer, experiment, n_trials, seed, n_trials // 2)


def _maximize(make, n_trials, trials, at):
    host = make()
    inside = host.acquisition_function
    if inside.name.startswith("bayesopt:"):
        host.maximize(init_points=min(_INIT_POINTS, n_trials), n_iter=0)
    else:
        host.probe(inside.first(host))
    for _ in range(2 * n_trials):  # a known point uses up an iteration
        if len(trials) == at:
            with tempfile.TemporaryDirectory() as folder:
                host.save_state(Path(folder) / "state.json")
                host = make()
                host.load_state(Path(folder) / "state.json")
        if len(trials) < n_trials:
            host.maximize(init_points=0, n_iter=1 if len(trials) else 0)


def _host_of(function, optimizer, space, seed):
    inside = BridgeAcquisition(optimizer, seed=seed)
    return BayesianOptimization(
        function,
        _pbounds(space),
        acquisition_function=inside,
        random_state=int(seed),
        verbose=0,
        # Another optimizer runs what it proposes, as it does alone.
        allow_duplicate_points=not inside.name.startswith("bayesopt:"),
    )


def _pbounds(space):
    choices = categorical_class().__name__
    bounds = {n: write.bound(n, p, choices) for n, p in space.searched.items()}
    return write.make(Call("dict", (bounds,)))


HOSTED = Hosted(HOST, run, reasons_against, resumed)
