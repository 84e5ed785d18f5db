"""An experiment run by `fmin`, with any optimizer inside."""

from __future__ import annotations

import logging
from contextlib import contextmanager

import numpy as np
from hyperopt import Trials, fmin
from hyperopt.pyll import scope

from hpbridge.plugin import (
    YES,
    Call,
    Capabilities,
    Encoded,
    Feature,
    Int,
    Problem,
    Quantized,
    State,
    no,
)
from hpbridge.testing.hosted import Hosted, Recorder
from hpbridge_hyperopt import HOST, suggest
from hpbridge_hyperopt.backend.space import lay_out
from hpbridge_hyperopt.host.plug import BridgeSuggest
from hpbridge_hyperopt.native.write import make, to_nodes

_GRID = no("the grid of its q starts at 0, not at the lower end")

HOLDS = Capabilities(
    {
        Feature.FLOAT: YES,
        Feature.FLOAT_LOG: YES,
        Feature.FLOAT_STEP: _GRID,
        Feature.FLOAT_PRIOR: no("hp.normal and hp.lognormal have no bounds"),
        Feature.INT_PRIOR: no("hp.qnormal and hp.qlognormal have no bounds"),
        Feature.INT: YES,
        Feature.INT_LOG: no("hp.qloguniform is Quantized(log=True)"),
        Feature.INT_STEP: _GRID,
        Feature.QUANTIZED: YES,
        Feature.CATEGORICAL: YES,
        Feature.CATEGORICAL_ORDERED: no("its choices have no order"),
        Feature.CATEGORICAL_WEIGHTS: YES,
        Feature.CONDITIONAL: YES,
        Feature.FORBIDDEN: no("its spaces forbid nothing"),
    }
)
"""What a space of `hp` nodes says of a space of ours."""


def reasons_against(space):
    """Return what a space of `hp` nodes cannot hold, one sentence each."""
    reasons = HOLDS.reasons_against(Problem(space))
    reasons += [
        f"{name!r} has one value: fmin has a constant for it"
        for name, parameter in space.searched.items()
        if parameter.n_values == 1
    ]
    if not reasons:
        reasons += [
            f"{name!r} depends on no single choice: hp.choice is the only condition"
            for name in lay_out(Encoded(space, HOLDS)).flattened
        ]
    return reasons


def run(optimizer, experiment, n_trials, seed):
    """Run an experiment by `fmin`; return parameters and values in order.

    Each outcome as the user of `fmin` would have it: what failed raises, what was
    pruned returns the status ``fail``.
    """
    encoded = Encoded(experiment.space, HOLDS)
    metric = experiment.main_metric
    recorder = Recorder(experiment, seed)

    def function(point):
        result = recorder.run(encoded.decode(_flat(point)))
        if result.state is State.PRUNED:
            return {"status": "fail"}
        if result.state is State.FAILED and metric not in result.metrics:
            raise RuntimeError(result.error)
        return {"status": "ok", "loss": recorder.loss(result)}

    algo = suggest(optimizer, seed=seed)
    if isinstance(algo, BridgeSuggest):
        algo = BridgeSuggest(optimizer, seed, order=list(encoded.native))
    with _failures_unlogged():
        fmin(
            function,
            host_space(encoded, lay_out(encoded)),
            algo=algo,
            max_evals=n_trials,
            trials=Trials(),
            rstate=np.random.default_rng(seed),
            catch_eval_exceptions=True,
            return_argmin=False,
            verbose=False,
        )
    return recorder.trials


def host_space(encoded, layout):
    """Return a space of `hp` nodes that is read as the same space."""

    def as_node(name, call):
        parameter = encoded.native[name]
        if call.name == "hp.randint":
            first = parameter.labels[0]
            return make(name, Call(call.name, (name, first, first + call.args[1])))
        is_int = isinstance(parameter, Quantized) and parameter.is_int
        node = make(name, call)
        return scope.int(node) if is_int or isinstance(parameter, Int) else node

    return to_nodes(encoded, layout, as_node)


def _flat(point):
    """Return nested values by name as values by name."""
    found = {}
    for name, value in point.items():
        found.update(_flat(value) if isinstance(value, dict) else {name: value})
    return found


@contextmanager
def _failures_unlogged():
    # `fmin` logs every failure; the outcome says it.
    logger = logging.getLogger("hyperopt.fmin")
    was_disabled = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = was_disabled


HOSTED = Hosted(HOST, run, reasons_against)
