"""An optimizer really learns from another library's study: it beats a fresh start."""

from __future__ import annotations

import statistics

import pytest

import hpbridge as hpb
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.registry import registry
from hpbridge.trial import Origin

SEEDS = range(4)
N_BEFORE, N_AFTER = 30, 4

SPACE = {
    "x": hpb.Float(-5, 5),
    "lr": hpb.Float(1e-5, 1, log=True),
    "c": hpb.Categorical(["a", "b", "d"]),
}


def objective(trial):
    import math

    distance = (trial["x"] - 2) ** 2 / 25 + (math.log10(trial["lr"]) + 3) ** 2 / 6
    return distance + (trial["c"] != "b")


EXPERIMENT = hpb.Experiment(objective=objective, space=SPACE, name="going-on")

LEARNING = [
    f"{spec.name}:{algorithm.name}"
    for spec in registry().libraries.values()
    for algorithm in spec.algorithms.values()
    if algorithm.learns and algorithm.capabilities.can(Feature.FOREIGN_HISTORY)
]


def mean_of_new(optimizer, seed, history):
    """Return the mean value of the trials that the optimizer proposed."""
    study = hpb.run(
        EXPERIMENT,
        optimizer,
        n_trials=N_AFTER,
        seed=seed,
        store=":memory:",
        driver="local",
        history=history,
        options=registry().algorithm(optimizer)[1].quick,
    )
    new = [t.metrics["value"] for t in study.trials if t.origin is Origin.ASKED]
    assert len(new) == N_AFTER
    return statistics.mean(new)


# Others of their libraries learn in the same way, and sooner.
_SLOW = {"bayesopt:ei", "bayesopt:hedge", "bayesopt:poi", "hyperopt:atpe"}
_SLOW |= {"skopt:gbrt", "skopt:gp"}


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in _SLOW else [])
        for name in LEARNING
    ],
)
def test_going_on_beats_a_fresh_start_on_the_same_budget(optimizer):
    missing = registry().missing(*registry().algorithm(optimizer))
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    going_on, fresh = [], []
    for seed in SEEDS:
        # Another study for each seed, so that no lucky one decides.
        history = hpb.run(
            EXPERIMENT, "random", n_trials=N_BEFORE, seed=100 + seed, store=":memory:"
        )
        going_on.append(mean_of_new(optimizer, seed, history))
        fresh.append(mean_of_new(optimizer, seed, None))
    # Null: an optimizer that learned nothing wins every other time.
    wins = sum(a < b for a, b in zip(going_on, fresh, strict=True))
    assert statistics.mean(going_on) < statistics.mean(fresh)
    assert wins >= 3, f"{wins} of {len(SEEDS)}: {going_on} against {fresh}"
