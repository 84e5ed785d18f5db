"""The bridge's trials are those of scikit-optimize's own functions, bit for bit."""

from __future__ import annotations

import dataclasses
import typing

import numpy as np
import pytest
import skopt
from seeds import EACH, later_slow
from sklearn.base import is_regressor

from hpbridge import Categorical, Float, Int, Space
from hpbridge.plugin import Problem
from hpbridge.testing.parity import (
    PARITY_SPACES,
    SEEDS,
    check_parity,
    check_same,
    parity_cells,
    parity_gaps,
    run_bridge,
    run_native,
)
from hpbridge_skopt import SPEC
from hpbridge_skopt.backend import explain as _explain
from hpbridge_skopt.options import GPOptions

CELLS = parity_cells(SPEC, {})
MODELS = [name for name, algorithm in SPEC.algorithms.items() if algorithm.learns]
SMALL = Space(
    {
        "x": Float(-5, 5),
        "lr": Float(100, 1e6, log=True),
        "n": Int(1, 5),
        "c": Categorical(["a", None, 1.5]),
    }
)


def choices_of(option):
    """(algorithm, value) for every value of an option but the default."""
    found = []
    for algorithm in MODELS:
        options = SPEC.algorithms[algorithm].options
        default = {f.name: f.default for f in dataclasses.fields(options)}[option]
        values = typing.get_args(typing.get_type_hints(options)[option])
        found += [(algorithm, value) for value in values if value != default]
    return found


def budget(algorithm):
    """Return how many trials to compare, and with what options, for time.

    A forest of a hundred trees is fitted for each proposal. Two by the model tell that
    the second one draws on from where the first one left the generator.
    """
    if algorithm == "random":
        return 25, {}
    options = {"n_points": 200}
    if algorithm != "gp":
        return 24, {**options, "n_initial_points": 22}
    return 10, {**options, "n_initial_points": 8, "n_restarts_optimizer": 1}


@pytest.mark.parametrize(("algorithm", "mode", "seed"), later_slow(CELLS))
def test_every_mode_gives_the_trials_of_the_library(algorithm, mode, seed):
    space, (n_trials, options) = PARITY_SPACES[mode], budget(algorithm)
    trials = check_parity(SPEC, algorithm, space, n_trials, seed, options)
    assert len(trials) == n_trials
    assert not any(space.violations(params) for params, _ in trials)


def test_every_mode_is_compared():
    assert parity_gaps(SPEC, CELLS, {}) == []


@pytest.mark.parametrize("seed", EACH)
@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_defaults_give_the_trials_of_the_library(algorithm, seed):
    check_parity(SPEC, algorithm, SMALL, 12, seed)


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_a_seed_beyond_32_bits_gives_the_trials_of_the_library(algorithm):
    options = {} if algorithm == "random" else {"n_initial_points": 3, "n_points": 100}
    trials = check_parity(SPEC, algorithm, SMALL, 4, 2**40 + 3, options)
    assert trials == run_bridge(SPEC, algorithm, SMALL, 4, 3, options)


@pytest.mark.parametrize("seed", EACH)
@pytest.mark.parametrize(("algorithm", "design"), choices_of("initial_point_generator"))
def test_every_design_gives_the_trials_of_the_library(algorithm, design, seed):
    options = {"n_initial_points": 7, "n_points": 100}
    designed = {**options, "initial_point_generator": design}
    trials = check_parity(SPEC, algorithm, SMALL, 8, seed, designed)
    assert trials[:7] != run_bridge(SPEC, algorithm, SMALL, 7, seed, options)


@pytest.mark.parametrize("seed", EACH)
@pytest.mark.parametrize(("algorithm", "acquisition"), choices_of("acq_func"))
def test_every_acquisition_gives_the_trials_of_the_library(
    algorithm, acquisition, seed
):
    options = {"acq_func": acquisition, "n_initial_points": 5, "n_points": 100}
    arguments = (SPEC, algorithm, SMALL, 7, seed, options)
    # MES draws from the global generator, whatever the seed.
    np.random.seed(seed)
    bridge = run_bridge(*arguments)
    np.random.seed(seed)
    check_same(bridge, run_native(*arguments))


def test_a_draw_that_no_seed_reaches_is_said():
    def notes_of(acquisition):
        options = GPOptions(acq_func=acquisition)
        record = SPEC.algorithms["gp"]
        return list(SPEC.create(Problem(SMALL), record, options, 0).notes)

    (note,) = notes_of("MES")
    assert "NumPy's global generator" in note
    assert notes_of("EI") == []


@pytest.mark.parametrize("algorithm", MODELS)
def test_the_other_options_reach_the_library(algorithm):
    options = {"n_initial_points": 5, "n_points": 300, "acq_func": "LCB"}
    options |= {"kappa": "inf", "xi": 0.2, "n_jobs": 1}
    if algorithm == "gp":
        options |= {"acq_optimizer": "sampling", "noise": 0.1}
        options |= {"n_restarts_optimizer": 2}
    args = (SPEC, algorithm, SMALL, 9, SEEDS[0])
    trials = check_parity(*args, options)
    # Exploring only is not the same as never exploring.
    assert trials != run_bridge(*args, options | {"kappa": 0.0})


def test_fewer_trials_than_initial_points_run_natively_too():
    assert len(check_parity(SPEC, "et", SMALL, 4, 0)) == 4


@pytest.fixture
def repaired_library(monkeypatch):
    """The library's own code, with what scikit-learn and NumPy took from it."""
    import numpy as np

    def is_model(estimator):
        return isinstance(
            estimator, skopt.learning.GradientBoostingQuantileRegressor
        ) or (estimator is not None and is_regressor(estimator))

    monkeypatch.setattr(skopt.optimizer.optimizer, "is_regressor", is_model)
    monkeypatch.setattr(skopt.utils, "is_regressor", is_model)
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)


@pytest.mark.usefixtures("repaired_library")
@pytest.mark.parametrize("seed", EACH)
def test_gbrt_gives_the_trials_of_gbrt_minimize_itself(monkeypatch, seed):
    args = (SPEC, "gbrt", SMALL, 12, seed)
    bridge = run_bridge(*args)
    # Without a model, gbrt_minimize makes its own.
    monkeypatch.setattr(_explain, "_gbrt_model", lambda *_: None)
    check_same(bridge, run_native(*args))


@pytest.mark.usefixtures("repaired_library")
@pytest.mark.parametrize("seed", EACH)
def test_random_gives_the_trials_of_dummy_minimize_itself(monkeypatch, seed):
    args = (SPEC, "random", PARITY_SPACES["mixed"], 25, seed)
    bridge = run_bridge(*args)
    call = (
        "from skopt import dummy_minimize\n"
        "dummy_minimize(run, dimensions, n_calls=n_trials, random_state={seed})"
    )
    monkeypatch.setattr(_explain, "_RANDOM", call)
    check_same(bridge, run_native(*args))
