from __future__ import annotations

import dataclasses
import typing
import warnings

import pytest
import skopt
from sklearn.base import is_regressor

from hpbridge import Categorical, Float, Int, Space
from hpbridge.testing.parity import PARITY_SPACES, run_bridge, run_native
from hpbridge_skopt import SPEC, _explain

MODES = [
    (name, mode, number)
    for name, algorithm in SPEC.algorithms.items()
    for number, (mode, space) in enumerate(PARITY_SPACES.items())
    if not algorithm.capabilities.reasons_against(space)
]
MODELS = [name for name, algorithm in SPEC.algorithms.items() if algorithm.learns]
SMALL = Space(
    {
        "x": Float(-5, 5),
        "lr": Float(100, 1e6, log=True),
        "n": Int(1, 5),
        "c": Categorical(["a", None, 1.5]),
    }
)


def n_trials(algorithm):
    return 15 if algorithm == "gp" else 25


def native(*args, **kwargs):
    with warnings.catch_warnings():
        # The library warns when it repeats a point.
        warnings.simplefilter("ignore", UserWarning)
        return run_native(SPEC, *args, **kwargs)


def choices_of(option):
    """(algorithm, value) for every value of an option but the default."""
    found = []
    for algorithm in MODELS:
        options = SPEC.algorithms[algorithm].options
        default = {f.name: f.default for f in dataclasses.fields(options)}[option]
        values = typing.get_args(typing.get_type_hints(options)[option])
        found += [(algorithm, value) for value in values if value != default]
    return found


# A longer start-up phase and fewer candidates, for time; the defaults are below.
@pytest.mark.parametrize(("algorithm", "mode", "number"), MODES)
def test_every_mode_gives_the_trials_of_the_library(algorithm, mode, number):
    space, seed = PARITY_SPACES[mode], number % 3
    options = {}
    if SPEC.algorithms[algorithm].learns:
        n_initial = 10 if algorithm == "gp" else 21
        options = {"n_initial_points": n_initial, "n_points": 1000}
    args = (algorithm, space, n_trials(algorithm), seed, options)
    assert run_bridge(SPEC, *args) == native(*args)


@pytest.mark.parametrize("seed", [1, 2**40 + 3])
@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_defaults_give_the_trials_of_the_library(algorithm, seed):
    args = (algorithm, SMALL, 13, seed)
    assert run_bridge(SPEC, *args) == native(*args)


@pytest.mark.parametrize(("algorithm", "design"), choices_of("initial_point_generator"))
def test_every_design_gives_the_trials_of_the_library(algorithm, design):
    options = {
        "initial_point_generator": design,
        "n_initial_points": 7,
        "n_points": 300,
    }
    args = (algorithm, SMALL, 9, 4, options)
    assert run_bridge(SPEC, *args) == native(*args)


@pytest.mark.parametrize(("algorithm", "acquisition"), choices_of("acq_func"))
def test_every_acquisition_gives_the_trials_of_the_library(algorithm, acquisition):
    options = {"acq_func": acquisition, "n_initial_points": 5, "n_points": 200}
    args = (algorithm, SMALL, 9, 5, options)
    assert run_bridge(SPEC, *args) == native(*args)


@pytest.mark.parametrize("algorithm", MODELS)
def test_the_other_options_reach_the_library(algorithm):
    options = {"n_initial_points": 5, "n_points": 300, "acq_func": "LCB"}
    options |= {"kappa": "inf", "xi": 0.2, "n_jobs": 1}
    if algorithm == "gp":
        options |= {"acq_optimizer": "sampling", "noise": 0.1}
        options |= {"n_restarts_optimizer": 2}
    args = (algorithm, SMALL, 9, 6, options)
    trials = run_bridge(SPEC, *args)
    assert trials == native(*args)
    del options["kappa"]
    assert trials != run_bridge(SPEC, *args)


def test_fewer_trials_than_initial_points_run_natively_too():
    args = ("et", SMALL, 4, 0)
    assert run_bridge(SPEC, *args) == native(*args)


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
@pytest.mark.parametrize("seed", range(2))
def test_gbrt_gives_the_trials_of_gbrt_minimize_itself(monkeypatch, seed):
    args = ("gbrt", SMALL, 13, seed)
    bridge = run_bridge(SPEC, *args)
    # Without a model, gbrt_minimize makes its own.
    monkeypatch.setattr(_explain, "_gbrt_model", lambda *_: "None")
    assert native(*args) == bridge


@pytest.mark.usefixtures("repaired_library")
@pytest.mark.parametrize("seed", range(3))
def test_random_gives_the_trials_of_dummy_minimize_itself(monkeypatch, seed):
    args = ("random", PARITY_SPACES["mixed"], 25, seed)
    bridge = run_bridge(SPEC, *args)
    call = (
        "from skopt import dummy_minimize\n"
        "dummy_minimize(run, dimensions, n_calls=n_trials, random_state={seed})"
    )
    monkeypatch.setattr(_explain, "_RANDOM", call)
    assert native(*args) == bridge
