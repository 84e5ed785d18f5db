"""The bridge's trials are those of `Tuner.fit` on a real Ray, bit for bit.

An actor takes seconds to start and milliseconds a trial, so the modes are put together
in one space, and few runs have many trials.
"""

from __future__ import annotations

import warnings

import pytest

from hpbridge.capabilities import needs_of
from hpbridge.categorical import Categorical
from hpbridge.parameters import with_when
from hpbridge.space import Space
from hpbridge.testing.parity import PARITY_SPACES, run_bridge, run_native
from hpbridge_ray import SPEC

N_TRIALS = 30
N_TRIALS_BOHB = 60
"""BOHB builds a model after 2 (d + 1) trials of d parameters."""


def _supports(algorithm, space):
    return all(
        SPEC.algorithms[algorithm].capabilities.can(f) for _, f in needs_of(space)
    )


def _together(algorithm):
    """Return all modes that the algorithm supports as one space."""
    parameters = {}
    for mode, space in PARITY_SPACES.items():
        if not _supports(algorithm, space):
            continue
        for name, parameter in space.items():
            when = tuple((f"{mode}_{parent}", vs) for parent, vs in parameter.when)
            parameters[f"{mode}_{name}"] = (
                with_when(parameter, when) if when else parameter
            )
    return Space(parameters)


def _both(algorithm, space, n_trials, seed):
    quick = SPEC.algorithms[algorithm].quick
    args = (SPEC, algorithm, space, n_trials, seed, quick)
    bridge = run_bridge(*args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray's own, and of hpbandster's age
        return bridge, run_native(*args)


SEEDED = [name for name, a in SPEC.algorithms.items() if a.starts_random]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("algorithm", SEEDED)
def test_all_modes_are_the_tuners_own(algorithm):
    n_trials = N_TRIALS_BOHB if algorithm == "bohb" else N_TRIALS
    bridge, native = _both(algorithm, _together(algorithm), n_trials, 0)
    assert len(bridge) == n_trials
    assert bridge == native


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("algorithm", SEEDED)
@pytest.mark.parametrize("seed", [1, 2])
def test_other_seeds_are_the_tuners_own(algorithm, seed):
    bridge, native = _both(algorithm, PARITY_SPACES["mixed"], N_TRIALS, seed)
    assert len(bridge) == N_TRIALS
    assert bridge == native


@pytest.mark.usefixtures("cluster")
def test_grid_is_the_tuners_own():
    space = Space({**PARITY_SPACES["step"], "c": Categorical(["a", None, 2])})
    bridge, native = _both("grid", space, 200, 0)
    assert len(bridge) == 4 * 9 * 3
    assert bridge == native


@pytest.mark.usefixtures("cluster")
def test_a_grid_that_is_not_finished_is_the_tuners_own():
    bridge, native = _both("grid", PARITY_SPACES["int"], 30, 0)
    assert len(bridge) == 30
    assert bridge == native
