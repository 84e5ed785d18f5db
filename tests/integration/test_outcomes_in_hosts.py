"""A trial's outcome is the same to a guest as to the optimizer of a run of ours."""

from __future__ import annotations

import importlib
import math

import pytest

import hpbridge as hpb
from hpbridge.contract.registry import registry
from hpbridge.testing.host_case import HostCase
from hpbridge.testing.spy import SPY, spied
from hpbridge.trial import State, TrialPruned

NAMES = list(registry().hosts)
HAS_NO_FAILURE = {"bayesopt", "skopt"}
"""Hosts that an exception ends: there a failure is a NaN."""
HAS_PRUNING = {"optuna"}

N_TRIALS = 14
BAD = {1: math.nan, 3: math.inf, 5: -math.inf, 7: "raises", 9: None, 10: "pruned"}


def cost(params):
    return sum(v for v in params.values() if isinstance(v, (int, float)))


def bad(trial):
    """Comes to everything that a trial can come to."""
    value = BAD.get(trial.number, cost(trial))
    if value == "raises":
        raise ArithmeticError
    if value == "pruned":
        trial.report(3.5, 1)
        raise TrialPruned
    return value


def numbers(trial):
    """Comes to all that every host knows."""
    value = bad(trial) if trial.number < 6 else cost(trial)
    return value if trial.number not in {8, 11} else math.nan


def told_in(run):
    with spied() as made:
        run(f"{SPY}:{SPY}")
    (spy,) = [each for each in made if each.asked]
    return [
        (each.params, each.outcome.state, *map(repr, each.outcome.values))
        for each in spy.told
    ]


def expected_of(told, name):
    """Return what a host can know of what a run of ours tells."""
    return [(params, *_known(state, values, name)) for params, state, *values in told]


def _known(state, values, name):
    if state is State.PRUNED and name not in HAS_PRUNING:
        return _known(State.FAILED, [], name)
    if state is State.FAILED and not values and name in HAS_NO_FAILURE:
        return state, "nan"
    return state, *values


@pytest.mark.parametrize("name", NAMES)
def test_a_guest_is_told_what_it_is_told_in_a_run(name) -> None:
    case = HostCase(importlib.import_module(f"hosted_{name}").HOSTED)
    experiment = case.experiment(objective=bad)
    alone = told_in(
        lambda guest: hpb.run(
            experiment,
            guest,
            n_trials=N_TRIALS,
            seed=1,
            store=":memory:",
            driver="local",
        )
    )
    inside = told_in(lambda guest: case.inside(guest, experiment, N_TRIALS, seed=1))
    assert len(inside) >= N_TRIALS - 1  # of the last one nothing depends any more
    assert inside == expected_of(alone, name)[: len(inside)]


GUESTS = ["hyperopt:anneal", "hyperopt:tpe", "optuna:tpe", "optuna:cmaes", "skopt:et"]


PAIRS = [
    (name, guest)
    for name in NAMES
    for guest in GUESTS
    if name not in {"ray", guest.split(":")[0]}  # Ray takes long, and is told the same
]


@pytest.mark.parametrize(("name", "guest"), PAIRS)
def test_bad_values_lead_to_the_same_points_as_in_a_run(name, guest) -> None:
    case = HostCase(importlib.import_module(f"hosted_{name}").HOSTED, guest)
    experiment = case.experiment(objective=numbers)
    alone = hpb.run(
        experiment, guest, n_trials=16, seed=1, store=":memory:", driver="local"
    )
    inside = case.inside(guest, experiment, 16, seed=1)
    assert [params for params, _ in inside] == [t.params for t in alone.trials]
