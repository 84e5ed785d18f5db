"""Any optimizer as a sampler in Optuna's own loop."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
import warnings

import optuna
import pytest
from hosted_optuna import HOSTED

import hpbridge as hpb
from hpbridge.contract.backend import Outcome
from hpbridge.contract.capabilities import Feature, no
from hpbridge.contract.registry import registry
from hpbridge.errors import (
    AlgorithmNotFoundError,
    OptionError,
    SpaceError,
    UnsupportedFeatureError,
)
from hpbridge.hosts.recipe import GuestRecipe
from hpbridge.trial import State, trial_seed
from hpbridge_optuna import BridgeSampler
from hpbridge_optuna.native.write import SAMPLERS

pytestmark = pytest.mark.usefixtures("silent_optuna")

FLAT = hpb.Space({"x": hpb.Float(-5, 5), "y": hpb.Float(0, 3)})
MIXED = hpb.Space({**FLAT, "n": hpb.Int(1, 8), "kind": hpb.Categorical(["a", "b"])})
TREE = hpb.Space(
    {
        "kind": hpb.Categorical({"one": (1,), "two": (2,)}),
        "x": hpb.Float(-5, 5),
        "rate": hpb.Float(1e-3, 1, log=True, when={"kind": "one"}),
        "n": hpb.Int(1, 9, when={"kind": "two"}),
        "single": hpb.Float(2, 2),
        "fixed": 3,
    }
)


def bowl(params):
    """Fail now and then, so that failures are part of every comparison."""
    if params["x"] > 4.5:
        raise ArithmeticError
    return (params["x"] - 1) ** 2 + params.get("y", 0) + params.get("rate", 0)


def define(trial):
    x, y = trial.suggest_float("x", -5, 5), trial.suggest_float("y", 0, 3)
    return {"x": x, "y": y}


def objective(trial):
    return bowl(define(trial))


def params_of(study):
    return [trial.params for trial in study.trials]


def optimize(sampler, n_trials=15, objective=objective, **arguments):
    study = optuna.create_study(sampler=sampler, study_name="s", **arguments)
    study.optimize(objective, n_trials=n_trials, catch=(ArithmeticError,))
    return study


# With the same seed, an algorithm of Optuna's is Optuna's own sampler.


def run_tree(trial):
    n = trial.suggest_int("n", 1, 4)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    if kind == "b":
        n += trial.suggest_int("m", 0, 3)
    return float(abs(n - 3))


DIAGONAL = {
    "tpe": ({"n_startup_trials": 4}, objective),
    "gp": ({"n_startup_trials": 4}, objective),
    "cmaes": ({}, objective),
    "random": ({}, objective),
    "qmc": ({}, objective),
    "bruteforce": ({}, run_tree),
    "grid": ({}, run_tree),
    "nsga2": ({"population_size": 5}, objective),
    "nsga3": ({"population_size": 5}, objective),
}
TREE_SPACE = {
    "n": hpb.Int(1, 4),
    "kind": hpb.Categorical(["a", "b"]),
    "m": hpb.Int(0, 3, when={"kind": "b"}),
}


def guest_alone(optimizer, space, seed, **problem):
    """Return the optimizer without a host around it."""
    recipe = GuestRecipe(optimizer, seed=seed, **problem)
    return recipe.learner(recipe.choice(space), space, seed)


@pytest.mark.parametrize("algorithm", DIAGONAL)
def test_the_diagonal_is_optunas_own_trajectory(algorithm):
    options, function = DIAGONAL[algorithm]
    is_grid = algorithm == "grid"
    own = {"n": [1, 2, 3, 4], "kind": ["a", "b"], "m": [0, 1, 2, 3]}
    theirs = {"search_space": own} if is_grid else options
    n_trials = 9 if algorithm == "gp" else 20
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bridge = BridgeSampler(
            f"optuna:{algorithm}",
            seed=5,
            options=options,
            space=TREE_SPACE if is_grid else None,
        )
        ours = optimize(bridge, n_trials, function)
        native = getattr(optuna.samplers, SAMPLERS[algorithm])(seed=5, **theirs)
        assert params_of(ours) == params_of(optimize(native, n_trials, function))
    assert set(DIAGONAL) == set(registry().backends["optuna"].algorithms)


# Off the diagonal, it is the guest's trajectory on the same space.


@pytest.mark.parametrize(
    ("optimizer", "space", "n_trials", "direction"),
    [
        ("random", TREE, 20, "minimize"),
        ("hyperopt:tpe", TREE, 30, "minimize"),
        ("hyperopt:tpe", TREE, 25, "maximize"),
        ("hyperopt:random", TREE, 10, "minimize"),
        ("skopt:et", TREE, 13, "maximize"),
        ("skopt:gp", FLAT, 12, "minimize"),
        ("bayesopt:ucb", FLAT, 9, "minimize"),
        ("ray:random", TREE, 10, "minimize"),
        ("ray:hyperopt", TREE, 25, "minimize"),
        ("optuna:tpe", TREE, 15, "maximize"),
    ],
)
def test_a_guest_proposes_what_it_proposes_alone(optimizer, space, n_trials, direction):
    experiment = hpb.Experiment(
        objective=bowl, space=space, name="e", direction={"loss": direction}
    )
    alone = hpb.run(
        experiment, optimizer, n_trials=n_trials, seed=5, driver="local",
        store=":memory:",
    )  # fmt: skip
    expected = [(t.params, t.metrics.get("loss", math.nan)) for t in alone.trials]
    found = HOSTED.run(optimizer, experiment, n_trials, 5)
    assert repr(found) == repr(expected)
    assert HOSTED.reasons_against(space) == []


def test_a_space_that_optuna_cannot_say_keeps_its_meaning():
    space = hpb.Space(
        {
            "p": hpb.Float(0, 1, prior=hpb.Normal(0.5, 0.1)),
            "side": hpb.Categorical(["l", "r"], weights=[1, 5]),
            "size": hpb.Categorical([1, 2, 4], ordered=True),
            "q": hpb.Quantized(0.2, 3.3, 0.5),
        },
        forbid=[{"size": 4, "side": "l"}],
    )
    experiment = hpb.Experiment(objective=lambda t: t["p"] + t["q"], space=space)
    for optimizer in ("optuna:tpe", "hyperopt:tpe"):
        alone = hpb.run(experiment, optimizer, n_trials=25, seed=1, store=":memory:")
        expected = [(t.params, t.metrics["value"]) for t in alone.trials]
        assert HOSTED.run(optimizer, experiment, 25, 1) == expected


@pytest.mark.parametrize("optimizer", ["optuna:nsga2", "random"])
def test_several_directions_and_constraints(optimizer):
    experiment = hpb.Experiment(
        objective=lambda t: {"a": t["x"], "b": -t["y"], "memory": t["x"] + t["y"]},
        space=hpb.Space({**FLAT, "p": hpb.Float(0, 1, prior=hpb.Normal(0, 1))}),
        direction={"a": "minimize", "b": "maximize"},
        constraints={"memory": "<= 3"},
    )
    options = {"population_size": 5} if optimizer == "optuna:nsga2" else {}
    alone = hpb.run(
        experiment, optimizer, options=options, n_trials=20, seed=1, store=":memory:"
    )
    sampler = BridgeSampler(
        optimizer, seed=1, space=experiment.space, options=options,
        constraints=["memory"],
    )  # fmt: skip

    def run(trial):
        params = define(trial)
        trial.suggest_float("p", 0, 1)
        trial.set_constraint("memory", params["x"] + params["y"] - 3)
        return params["x"], -params["y"]

    study = optimize(sampler, 20, run, directions=["minimize", "maximize"])
    assert params_of(study) == [trial.params for trial in alone.trials]


def test_constraints_that_nobody_named_are_found():
    experiment = hpb.Experiment(
        objective=bowl, space=FLAT, constraints={"memory": "<= 0"}
    )
    sampler = BridgeSampler("bayesopt:ei", seed=1, space=FLAT)

    def run(trial):
        params = define(trial)
        trial.set_constraint("memory", params["x"])
        return params["y"]

    study = optimize(sampler, 3, run)
    seed = trial_seed(1, 1)  # not that of the first: it would repeat itself
    guest = guest_alone("bayesopt:ei", experiment.space, seed=seed, n_constraints=1)
    for trial in study.trials[:1]:
        outcome = Outcome(State.COMPLETE, (trial.value,), (trial.params["x"],))
        guest.observe(trial.params, outcome)
    assert guest.ask(0).params == study.trials[1].params


def test_a_guest_that_knows_no_constraints_says_so():
    sampler = BridgeSampler("hyperopt:random", seed=1, space=FLAT)

    def run(trial):
        value = objective(trial)
        trial.set_constraint("c", 1.0)
        return value

    optimize(sampler, 3, run)
    assert sampler.notes == ("hyperopt:random ignores the constraints",)


# Define-by-run: the space is what the trials have in common.


def test_without_a_space_the_first_trial_is_random_and_the_guest_learns_it():
    study = optimize(BridgeSampler("hyperopt:tpe", seed=3), 6)
    guest = guest_alone("hyperopt:tpe", FLAT, seed=3)
    first = study.trials[0]
    alone = optimize(optuna.samplers.RandomSampler(seed=3), 1)
    assert first.params == alone.trials[0].params
    guest.observe(first.params, Outcome(State.COMPLETE, (first.value,)))
    for trial in study.trials[1:]:
        suggestion = guest.ask(0)
        assert suggestion.params == trial.params
        state = State.FAILED if trial.value is None else State.COMPLETE
        values = () if trial.value is None else (trial.value,)
        guest.learn(suggestion, suggestion.params, Outcome(state, values))


def test_a_conditional_parameter_is_drawn_at_random_and_said(caplog):
    def run(trial):
        value = objective(trial)
        if trial.suggest_categorical("kind", ["a", "b"]) == "b":
            value += trial.suggest_float("z", 0, 1)
        return value

    sampler = BridgeSampler("hyperopt:tpe", seed=3)
    study = optimize(sampler, 12, run)
    assert len(study.trials) == 12
    searched = sampler.infer_relative_search_space(study, study.trials[-1])
    assert set(searched) == {"x", "y", "kind"}
    assert "'z' of trial" in caplog.text


@pytest.mark.parametrize("kind", ["dict", "Space", "distributions"])
def test_a_space_in_any_words_is_searched_from_the_first_trial(kind):
    dist = optuna.distributions.FloatDistribution
    space = {
        "dict": dict(FLAT),
        "Space": FLAT,
        "distributions": {"x": dist(-5, 5), "y": dist(0, 3)},
    }[kind]
    study = optimize(BridgeSampler("hyperopt:tpe", seed=3, space=space), 1)
    assert params_of(study) == [guest_alone("hyperopt:tpe", FLAT, seed=3).ask(0).params]


def test_what_somebody_fixed_is_no_proposal_of_the_guest():
    sampler = BridgeSampler("hyperopt:random", seed=3, space=FLAT)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial({"x": 1.5})
    study.optimize(objective, n_trials=3, catch=(ArithmeticError,))
    guest = guest_alone("hyperopt:random", FLAT, seed=3)
    asked = [guest.ask(0).params for _ in range(3)]
    assert params_of(study) == [{**asked[0], "x": 1.5}, *asked[1:]]


def test_an_added_trial_teaches_the_guest():
    study = optuna.create_study(
        sampler=BridgeSampler("optuna:bruteforce", space=counted())
    )
    study.add_trial(
        optuna.create_trial(
            params={"n": 2},
            distributions={"n": optuna.distributions.IntDistribution(1, 4)},
            value=0.0,
        )
    )
    study.optimize(lambda trial: trial.suggest_int("n", 1, 4), n_trials=9)
    complete = [t.params["n"] for t in study.trials if t.state.name == "COMPLETE"]
    assert sorted(complete) == [1, 2, 3]


def counted():
    """Return a space that Optuna's own sampler does not take, with three points."""
    return hpb.Space({"n": hpb.Int(1, 4)}, forbid=[{"n": 4}])


def test_an_exhausted_guest_stops_the_study():
    study = optuna.create_study(
        sampler=BridgeSampler("optuna:bruteforce", seed=1, space=counted())
    )
    study.optimize(lambda trial: trial.suggest_int("n", 1, 4), n_trials=50)
    states = [trial.state.name for trial in study.trials]
    assert states == ["COMPLETE"] * 3 + ["PRUNED"]
    with pytest.raises(optuna.TrialPruned, match="nothing left to propose"):
        study.ask().suggest_int("n", 1, 4)


# Pruners, jobs, storages, copies.


@pytest.mark.parametrize("optimizer", ["hyperopt:tpe", "optuna:tpe"])
@pytest.mark.parametrize("pruner", ["MedianPruner", "HyperbandPruner"])
def test_pruners_prune(optimizer, pruner):
    def run(trial):
        value = objective(trial)
        for step in range(1, 5):
            trial.report(value + step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    arguments = {"n_startup_trials": 2} if pruner == "MedianPruner" else {}
    made = getattr(optuna.pruners, pruner)(**arguments)
    sampler = BridgeSampler(optimizer, seed=0, space=FLAT)
    study = optimize(sampler, 25, run, pruner=made)
    states = {trial.state.name for trial in study.trials}
    assert {"COMPLETE", "PRUNED"} <= states
    assert sampler.notes == ()


@pytest.mark.parametrize("optimizer", ["hyperopt:tpe", "skopt:et", "random"])
def test_jobs_share_one_guest(optimizer):
    sampler = BridgeSampler(optimizer, seed=0, space=FLAT)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=12, n_jobs=3, catch=(ArithmeticError,))
    assert len(study.trials) == 12
    points = {tuple(trial.params.values()) for trial in study.trials}
    assert len(points) == 12


_OTHER = """
import optuna, sys
from hpbridge_optuna import BridgeSampler
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
study = optuna.load_study(
    study_name="s", storage=sys.argv[1], sampler=BridgeSampler("random", seed=7)
)
study.optimize(
    lambda t: t.suggest_float("x", -5, 5) ** 2 + t.suggest_float("y", 0, 3), n_trials=3
)
"""


def test_the_trials_of_other_processes_are_learned(tmp_path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    sampler = BridgeSampler("hyperopt:tpe", seed=2, space=FLAT)
    study = optimize(sampler, 1, storage=url)
    subprocess.run([sys.executable, "-c", _OTHER, url], check=True)
    study.optimize(objective, n_trials=1, catch=(ArithmeticError,))
    guest = guest_alone("hyperopt:tpe", FLAT, seed=2)
    mine = guest.ask(0)
    trials = study.trials
    assert len(trials) == 5
    guest.learn(mine, mine.params, Outcome(State.COMPLETE, (trials[0].value,)))
    for trial in trials[1:4]:
        guest.observe(trial.params, Outcome(State.COMPLETE, (trial.value,)))
    assert trials[4].params == guest.ask(0).params


# What is wrong is said before a trial is run.


def test_each_mistake_gets_its_sentence():
    with pytest.raises(AlgorithmNotFoundError, match="did you mean 'tpe'"):
        BridgeSampler("hyperopt:tpo")
    with pytest.raises(OptionError, match="gama"):
        BridgeSampler("hyperopt:tpe", options={"gama": 1})
    with pytest.raises(UnsupportedFeatureError, match=r"can: .*optuna"):
        BridgeSampler("optuna:grid", space=FLAT)
    with pytest.raises(SpaceError, match="must know the space before the first trial"):
        BridgeSampler("optuna:grid")
    with pytest.raises(SpaceError, match="reversed"):
        BridgeSampler("random", space={"x": hpb.Float(1, 0)})
    half = {"x": optuna.distributions.FloatDistribution(0, 1), "y": 3}
    with pytest.raises(SpaceError, match="no distribution of Optuna's"):
        BridgeSampler("random", space=half)


def test_several_directions_are_refused_by_a_guest_of_one():
    ran = []

    def run(trial):
        ran.append(define(trial))
        return 1.0, 2.0

    sampler = BridgeSampler("hyperopt:tpe", space=FLAT)
    match = "need several metrics"
    with pytest.raises(UnsupportedFeatureError, match=match) as caught:
        optimize(sampler, 3, run, directions=["minimize"] * 2)
    assert "optuna:nsga2" in str(caught.value)
    assert ran == []
    assert isinstance(caught.value, ValueError)


def test_a_kind_that_changed_under_way_is_refused():
    sampler = BridgeSampler("random", seed=0, space=FLAT)
    study = optuna.create_study(sampler=sampler)
    with pytest.raises(ValueError, match="different distribution kind"):
        study.optimize(lambda trial: trial.suggest_int("x", -5, 5), n_trials=1)


def test_another_range_is_drawn_at_random_and_said(caplog):
    sampler = BridgeSampler("random", seed=0, space=FLAT)
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: trial.suggest_float("x", 100, 101), n_trials=2)
    assert all(100 <= trial.params["x"] <= 101 for trial in study.trials)
    assert "'x' of trial 0 is drawn at random" in caplog.text


def test_one_trial_at_a_time_is_all_that_some_guests_can(monkeypatch):
    algorithms = registry().backends["random"].algorithms
    lonely = algorithms["random"].capabilities.but({Feature.PENDING: no("it waits")})
    changed = dataclasses.replace(algorithms["random"], capabilities=lonely)
    monkeypatch.setitem(algorithms, "random", changed)
    sampler = BridgeSampler("random", seed=1, space=FLAT)
    study = optimize(sampler, n_trials=3)
    define(study.ask())
    with pytest.raises(UnsupportedFeatureError, match="while another runs") as caught:
        define(study.ask())
    assert "it waits" in str(caught.value)
    assert "optuna:tpe" in caught.value.hint


def test_a_value_that_somebody_fixed_outside_of_the_space_is_not_learned_from():
    sampler = BridgeSampler("hyperopt:random", seed=1, space=FLAT)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial({"x": 6.0})

    def wider(trial):
        return trial.suggest_float("y", 0, 3) + trial.suggest_float("x", -9, 9)

    study.optimize(wider, n_trials=2)
    (note,) = sampler.notes
    assert note.startswith("trial 0 is not learned from: 'x'")
