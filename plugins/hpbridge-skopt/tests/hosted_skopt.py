"""Run an experiment of ours in scikit-optimize's loop, for the matrix of hosts."""

from __future__ import annotations

import pickle

from hpbridge.plugin import Categorical, Float, Int
from hpbridge.testing.hosted import Hosted, Recorder
from hpbridge_skopt import HOST, BridgeOptimizer, minimize
from hpbridge_skopt.native import write


def reasons_against(space):
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


def _missing(parameter):
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


def dimensions_of(space):
    """Return a space as dimensions that are read as the same space."""
    searched = space.searched.items()
    return [write.make(write.dimension(n, p, "FullInteger")) for n, p in searched]


def run(optimizer, experiment, n_trials, seed):
    """Run an experiment by `minimize`; return parameters and values in order."""
    space, recorder = experiment.space, Recorder(experiment, seed)

    def function(point):
        params = space.canonical(dict(zip(space.searched, point, strict=True)))
        return recorder.loss(recorder.run(params))

    dimensions = dimensions_of(space)
    minimize(function, dimensions, optimizer, n_calls=n_trials, random_state=seed)
    return recorder.trials


def resumed(optimizer, experiment, n_trials, seed):
    """Run an experiment by ask and tell of an optimizer that is pickled halfway."""
    space, recorder = experiment.space, Recorder(experiment, seed)
    host = BridgeOptimizer(dimensions_of(space), optimizer, random_state=seed)
    for number in range(n_trials):
        if number == n_trials // 2:
            host = pickle.loads(pickle.dumps(host))
        point = host.ask()
        params = space.canonical(dict(zip(space.searched, point, strict=True)))
        host.tell(point, recorder.loss(recorder.run(params)))
    return recorder.trials


HOSTED = Hosted(HOST, run, reasons_against, resumed)
