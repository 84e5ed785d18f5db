from __future__ import annotations

import math

import numpy as np
import pytest
from hyperopt import STATUS_FAIL, STATUS_OK, Trials, fmin, hp, tpe
from seeds import EACH, later_slow

from hpbridge import Categorical, Float, Int, LogNormal, Normal, Quantized, Space
from hpbridge.contract.backend import Outcome, Problem
from hpbridge.contract.capabilities import Feature, Support
from hpbridge.contract.options import read_options
from hpbridge.testing.parity import (
    PARITY_SPACES,
    SEEDS,
    bowl,
    check_parity,
    parity_cells,
    parity_gaps,
    run_bridge,
    run_native,
)
from hpbridge.trial import State
from hpbridge_hyperopt import SPEC

NESTED = {
    "two levels": Space(
        {
            "model": Categorical(["svm", "tree"]),
            "kernel": Categorical(["rbf", "poly", "linear"], when={"model": "svm"}),
            "degree": Int(2, 5, when={"kernel": "poly"}),
            "gamma": Float(1e-3, 1, log=True, when={"kernel": ["rbf", "poly"]}),
            "depth": Int(1, 9, when={"model": "tree"}),
        }
    ),
    "shared by branches": Space(
        {
            "solver": Categorical(["adam", "sgd", "lbfgs"], weights=[1, 2, 1]),
            "schedule": Categorical([None, "step"], when={"solver": ["adam", "sgd"]}),
            "every": Int(1, 60, step=7, when={"schedule": "step"}),
        }
    ),
    "normal": Space(
        {
            "a": Float(-math.inf, math.inf, prior=Normal(1, 2)),
            "b": Float(0, math.inf, prior=LogNormal(0, 1)),
            "c": Quantized(-math.inf, math.inf, 2.0, prior=Normal(0, 5)),
            "d": Quantized(0, math.inf, 1, prior=LogNormal(1, 1)),
            "model": Categorical(["svm", "tree"]),
            "gamma": Float(0, math.inf, prior=LogNormal(-1, 2), when={"model": "svm"}),
        }
    ),
    "flattened": Space(
        {
            "n_layers": Int(1, 3),
            "size": Categorical(["s", "m", "l"], ordered=True),
            "width_2": Int(4, 64, log=True, when={"n_layers": [2, 3]}),
            "drop": Float(0, 1, when={"n_layers": 3, "size": ["m", "l"]}),
            "norm": Categorical(["batch", "layer"], when={"n_layers": 3}),
            "momentum": Float(0, 1, when={"norm": "batch"}),
        }
    ),
}
SPACES = PARITY_SPACES | NESTED


CELLS = parity_cells(SPEC, {})
NESTED_CELLS = [
    (name, mode, seed)
    for name, algorithm in SPEC.algorithms.items()
    if algorithm.capabilities[Feature.CONDITIONAL].support is Support.NATIVE
    for mode in NESTED
    for seed in SEEDS
]


def cells():
    """Return them all; ATPE takes seconds for each, so that two run by default."""
    found = []
    for given in later_slow(CELLS + NESTED_CELLS):
        algorithm, mode, _ = given.values
        is_quick = algorithm != "atpe" or mode in {"mixed", "conditional"}
        marks = given.marks if is_quick else [pytest.mark.slow]
        found.append(pytest.param(*given.values, marks=marks))
    return found


@pytest.mark.parametrize(("algorithm", "mode", "seed"), cells())
def test_trials_are_those_of_fmin(algorithm, mode, seed):
    # Of TPE's trials, 20 are drawn at random. ATPE takes 50 ms for each.
    n_trials = 25 if SPEC.algorithms[algorithm].requires else 30
    trials = check_parity(SPEC, algorithm, SPACES[mode], n_trials, seed)
    assert len(trials) == n_trials
    assert not any(SPACES[mode].violations(params) for params, _ in trials)


def test_every_mode_is_compared():
    assert parity_gaps(SPEC, CELLS, {}) == []


OPTIONS = {
    "tpe": {
        "prior_weight": 0.5,
        "n_startup_jobs": 5,
        "n_EI_candidates": 30,
        "gamma": 0.4,
    },
    "anneal": {"avg_best_idx": 3.0, "shrink_coef": 0.3},
    "mix": {"p_suggest": [[0.5, "tpe"], [0.5, "random"]]},
}


@pytest.mark.parametrize("seed", EACH)
@pytest.mark.parametrize("algorithm", OPTIONS)
def test_options_reach_the_library(algorithm, seed):
    args = (SPEC, algorithm, PARITY_SPACES["mixed"], 30, seed)
    assert check_parity(*args, OPTIONS[algorithm]) != run_bridge(*args)


def test_every_option_is_compared():
    for name, algorithm in SPEC.algorithms.items():
        fields = set(algorithm.options.__dataclass_fields__)
        assert set(OPTIONS.get(name, {})) == fields, name


LEARNING = [n for n, a in SPEC.algorithms.items() if a.learns and not a.requires]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("algorithm", LEARNING)
def test_a_loss_that_is_not_finite_is_stored_as_by_fmin(algorithm, bad):
    def objective(params):
        return bad if params["x"] < 0 else bowl(params)

    args = (SPEC, algorithm, PARITY_SPACES["float"], 40, 1)
    bridge = run_bridge(*args, objective=objective)
    native = run_native(*args, objective=objective)
    assert [p for p, _ in bridge] == [p for p, _ in native]
    assert sum(not math.isfinite(value) for _, value in bridge) > 1


@pytest.mark.parametrize("algorithm", [*LEARNING, "random"])
def test_a_trial_that_raises_disappears_as_from_fmin(algorithm):
    seen = []

    def objective(params):
        seen.append(params)
        if params["x"] < 0:
            raise RuntimeError
        return bowl(params)

    space = PARITY_SPACES["float"]
    run_native(SPEC, algorithm, space, 40, 1, objective=objective)
    optimizer = _create(algorithm, space, 1)
    asked = []
    for _ in range(40):
        suggestion = optimizer.ask()
        asked.append(dict(suggestion.params))
        if suggestion.params["x"] < 0:
            optimizer.tell(suggestion, Outcome(State.FAILED))
        else:
            optimizer.tell(suggestion, _complete(suggestion.params))
    assert asked == seen
    assert len([p for p in seen if p["x"] < 0]) > 1


def test_a_pruned_trial_is_a_failed_one_without_a_loss():
    seen = []

    def objective(point):
        seen.append(point)
        if point["x"] < 0:
            return {"status": STATUS_FAIL}
        return {"status": STATUS_OK, "loss": bowl(point)}

    fmin(
        objective,
        {"x": hp.uniform("x", -5, 5), "y": hp.uniform("y", 0, 3)},
        algo=tpe.suggest,
        max_evals=40,
        rstate=np.random.default_rng(1),
        show_progressbar=False,
    )
    optimizer = _create("tpe", PARITY_SPACES["float"], 1)
    asked = []
    for _ in range(40):
        suggestion = optimizer.ask()
        asked.append(dict(suggestion.params))
        if suggestion.params["x"] < 0:
            optimizer.tell(suggestion, Outcome(State.PRUNED, (-1e9,)))
        else:
            optimizer.tell(suggestion, _complete(suggestion.params))
    assert asked == seen


@pytest.mark.parametrize("algorithm", [*LEARNING, "random"])
def test_foreign_history_is_a_study_that_fmin_goes_on_with(algorithm):
    space = PARITY_SPACES["conditional"]
    optimizer = _create(algorithm, space, 2)
    for params, value in run_bridge(SPEC, algorithm, space, 25, 7):
        optimizer.observe(params, Outcome(State.COMPLETE, (value,)))
    asked = []
    for _ in range(10):
        suggestion = optimizer.ask()
        asked.append(dict(suggestion.params))
        optimizer.tell(suggestion, _complete(suggestion.params))

    # The same by fmin: 25 trials of one seed, then 10 more of another.
    first = _source(algorithm, space, 7)
    more = _source(algorithm, space, 2)
    names = {"objective": bowl, "n_trials": 25, "history": Trials()}
    exec(first, names)
    names["n_trials"] = 35
    exec(more, names)
    assert asked == [params for params, _ in names["trials"]]


def _source(algorithm, space, seed):
    options = SPEC.algorithms[algorithm].options()
    source = SPEC.explain(Problem(space), SPEC.algorithms[algorithm], options, seed)
    return source.replace("    space,\n", "    space,\n    trials=history,\n")


def _create(algorithm, space, seed, **given):
    options = read_options(algorithm, SPEC.algorithms[algorithm].options, given)
    return SPEC.create(Problem(space), SPEC.algorithms[algorithm], options, seed)


def _complete(params):
    return Outcome(State.COMPLETE, (bowl(params),))
