"""The bridge's trials are those of `Tuner.fit` on a real Ray, bit for bit.

A `Tuner.fit` takes seconds to start its actor and milliseconds a trial. So all modes of
an algorithm stand side by side in one space, and one fit a seed compares them all.
"""

from __future__ import annotations

import pytest
from seeds import EACH

from hpbridge.contract.backend import Problem
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int, with_when
from hpbridge.space.space import Space
from hpbridge.testing.parity import (
    PARITY_SPACES,
    SEEDS,
    check_parity,
    parity_gaps,
    run_bridge,
    space_of,
)
from hpbridge_ray import SPEC

EXCUSED = {
    ("grid", "float"): "a grid has every point, and a float has too many",
    **{
        ("pb2", mode): "PB2 knows numbers alone"
        for mode in ("categorical", "conditional", "mixed")
    },
}
MODES = {
    name: [m for m in PARITY_SPACES if space_of(algorithm, m)]
    for name, algorithm in SPEC.algorithms.items()
}
CELLS = [(name, mode, seed) for name in MODES for mode in MODES[name] for seed in SEEDS]

N_TRIALS = 30
N_TRIALS_OF = {"bohb": 60, "pbt": 18, "pb2": 18}
"""BOHB builds a model after 2 (d + 1) trials of d parameters; a population has six
members, and takes a Tuner long."""


def test_every_mode_is_compared_or_excused():
    assert parity_gaps(SPEC, CELLS, EXCUSED) == []


def _side_by_side(algorithm):
    """Return all modes of an algorithm as one space."""
    parameters = {}
    for mode in MODES[algorithm]:
        for name, parameter in space_of(SPEC.algorithms[algorithm], mode).items():
            when = tuple((f"{mode}_{parent}", vs) for parent, vs in parameter.when)
            parameters[f"{mode}_{name}"] = (
                with_when(parameter, when) if when else parameter
            )
    return Space(parameters)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("seed", EACH)
@pytest.mark.parametrize("algorithm", [name for name in MODES if name != "grid"])
def test_all_modes_are_the_tuners_own(algorithm, seed):
    n_trials = N_TRIALS_OF.get(algorithm, N_TRIALS)
    space, quick = _side_by_side(algorithm), SPEC.algorithms[algorithm].quick
    trials = check_parity(SPEC, algorithm, space, n_trials, seed, quick)
    assert len(trials) == n_trials
    assert not any(space.violations(params) for params, _ in trials)


SMALL_GRID = Space(
    {
        "i": Int(-3, -2),
        "log": Int(1, 2, log=True),
        "step": Float(0, 0.7, step=0.3),
        "k": Int(1, 8, step=7),
        "c": Categorical([None, True, "x"]),
        "size": Categorical(["s", "l"], ordered=True),
        "momentum": Float(0, 0.9, step=0.9, when={"c": "x"}),
    }
)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("is_finished", [True, False])
def test_a_grid_is_the_tuners_own(is_finished):
    space = SMALL_GRID if is_finished else _side_by_side("grid")
    n_trials = 1000 if is_finished else N_TRIALS
    trials = check_parity(SPEC, "grid", space, n_trials, SEEDS[0])
    n_points = 2 * 2 * 3 * 2 * 3 * 2 * 2
    assert len(trials) == (n_points if is_finished else N_TRIALS)
    # A grid has one order: with another seed both sides do the very same.
    options, problem = SPEC.algorithms["grid"].options(), Problem(space)
    source = SPEC.explain(problem, SPEC.algorithms["grid"], options, SEEDS[0])
    for seed in SEEDS[1:]:
        assert SPEC.explain(problem, SPEC.algorithms["grid"], options, seed) == source
        assert run_bridge(SPEC, "grid", space, n_trials, seed) == trials
