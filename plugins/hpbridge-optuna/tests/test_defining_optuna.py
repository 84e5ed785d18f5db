"""Objectives of Optuna's on Optuna's own samplers: `Study.optimize`, bit for bit."""

from __future__ import annotations

import math

import optuna
import pytest
from optuna.trial import TrialState

import hpbridge as hpb
from hpbridge.contract.native import native_experiment
from hpbridge.trial import Origin
from hpbridge_optuna import FORMAT

pytestmark = [
    pytest.mark.usefixtures("silent_optuna"),
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]

SAMPLERS = {
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed, n_startup_trials=5),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "cmaes": lambda seed: optuna.samplers.CmaEsSampler(seed=seed),
    "qmc": lambda seed: optuna.samplers.QMCSampler(seed=seed, scramble=True),
    "gp": lambda seed: optuna.samplers.GPSampler(seed=seed, n_startup_trials=6),
    "nsga2": lambda seed: optuna.samplers.NSGAIISampler(seed=seed, population_size=5),
    "nsga3": lambda seed: optuna.samplers.NSGAIIISampler(seed=seed, population_size=5),
}
OPTIONS = {
    "tpe": {"n_startup_trials": 5},
    "qmc": {"scramble": True},
    "gp": {"n_startup_trials": 6},
    "nsga2": {"population_size": 5},
    "nsga3": {"population_size": 5},
}
STATES = {"complete": "COMPLETE", "failed": "FAIL", "pruned": "PRUNED"}


def static(trial):
    x = trial.suggest_float("x", -5, 5)
    n = trial.suggest_int("n", 1, 9, step=2)
    s = trial.suggest_float("s", 0, 1, step=0.1)
    lr = trial.suggest_float("lr", 1e-4, 1, log=True)
    kind = trial.suggest_categorical("kind", ["a", None, 2.5, (1, 2)][:3])
    assert trial.suggest_float("x", -5, 5) == x
    assert trial.suggest_int("one", 3, 3) == 3
    return x**2 + n + s + math.log(lr) ** 2 + (kind == "a")


def branching(trial):
    if trial.suggest_categorical("clf", ["svc", "rf", "none"]) == "svc":
        return math.log(trial.suggest_float("C", 1e-3, 1e3, log=True)) ** 2
    layers = trial.suggest_int("layers", 1, 3)
    return sum(trial.suggest_int(f"units{k}", 1, 64) for k in range(layers))


def dynamic(trial):
    a = trial.suggest_float("a", 0, 1)
    b = trial.suggest_float("b", 0, 1 - a)
    leaves = trial.suggest_int("leaves", 2, 2 ** trial.suggest_int("depth", 2, 6))
    return (a - b) ** 2 + leaves / 64


def bad(trial):
    """Fails, is pruned with and without reports, and returns NaN."""
    x = trial.suggest_float("x", 0, 1)
    if trial.number % 7 == 2:
        raise ValueError
    if trial.number % 5 == 3:
        for step in range(3):
            trial.report(x + step, step)
        raise optuna.TrialPruned
    if trial.number == 4:
        raise optuna.TrialPruned
    y = trial.suggest_float("y", 0, 1)
    return math.nan if trial.number == 6 else x * y


def early(trial):
    """Ends before it asks for anything."""
    if trial.number in {0, 4}:
        raise ValueError
    return static(trial)


OBJECTIVES = [static, branching, dynamic, bad, early]


def native(name, objective, n_trials, seed, points=(), **settings):
    study = optuna.create_study(sampler=SAMPLERS[name](seed), **settings)
    for point in points:
        study.enqueue_trial(point)
    study.optimize(objective, n_trials=n_trials, catch=(Exception,))
    return study


def ours(name, experiment, n_trials, seed):
    return hpb.run(
        experiment,
        f"optuna:{name}",
        n_trials=n_trials,
        seed=seed,
        options=OPTIONS.get(name),
        store=":memory:",
    )


def check_same(study, bridged):
    assert len(study.trials) == len(bridged.trials)
    for theirs, mine in zip(study.trials, bridged.trials, strict=True):
        assert theirs.params == dict(mine.values), f"trial {mine.number}"
        assert theirs.state.name == STATES[mine.state.value]
        assert mine.metrics.get("value", theirs.value) == theirs.value or (
            theirs.state is not TrialState.COMPLETE
        )
    assert bridged.notes == ()


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", SAMPLERS)
def test_it_is_study_optimize_with_that_sampler_and_seed(name, objective):
    n_trials = 12 if name == "gp" else 25
    study = native(name, objective, n_trials, 1)
    check_same(study, ours(name, native_experiment(objective, None), n_trials, 1))


def test_a_maximized_metric_is_maximized_as_there():
    def bowl(trial):
        return -static(trial)

    ways = {"value": "maximize"}
    study = native("tpe", bowl, 30, 2, direction="maximize")
    check_same(study, ours("tpe", native_experiment(bowl, None, ways), 30, 2))


POINTS = [{"x": 1.5}, {"n": 3, "kind": "a", "other": 1}, {}]


@pytest.mark.parametrize("name", ["tpe", "random", "cmaes", "nsga2", "qmc"])
def test_points_that_are_given_in_part_are_trials_that_were_enqueued(name):
    study = native(name, static, 20, 3, POINTS)
    experiment = native_experiment(static, None)
    experiment.baseline_points = tuple(POINTS)
    bridged = ours(name, experiment, 20, 3)
    check_same(study, bridged)
    origins = [trial.origin for trial in bridged.trials]
    assert origins == [Origin.BASELINE] * 3 + [Origin.ASKED] * 17


def constrained(trial):
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    trial.set_constraint("sum", 1 - x - y)
    trial.set_constraint("value", x - 0.9)  # named as the metric is
    return x + y


@pytest.mark.parametrize("name", ["tpe", "gp", "nsga2"])
def test_constraints_that_the_objective_sets_are_seen_and_bound_the_study(name):
    n_trials = 14 if name == "gp" else 30
    study = native(name, constrained, n_trials, 0)
    bridged = ours(name, native_experiment(constrained, None), n_trials, 0)
    check_same(study, bridged)
    assert bridged.best_trial.number == study.best_trial.number
    assert [bound.metric for bound in bridged.bounds] == ["sum", "constraint:value"]
    first = bridged.trials[0]
    assert first.metrics["sum"] == study.trials[0].constraints["sum"]


def test_who_does_not_see_constraints_says_so_and_the_best_is_feasible():
    experiment = native_experiment(constrained, None)
    study = hpb.run(experiment, "hyperopt", n_trials=20, seed=0, store=":memory:")
    assert any("does not see the constraints" in note for note in study.notes)
    assert study.best_trial.metrics["sum"] <= 0


def two(trial):
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    if trial.number == 3:
        raise optuna.TrialPruned
    return x, (1 - x) * y


@pytest.mark.parametrize("name", ["tpe", "nsga2", "nsga3", "random"])
def test_several_objectives_are_those_of_the_library(name):
    directions = ["minimize", "maximize"]
    study = native(name, two, 25, 0, directions=directions)
    ways = dict(zip(("value_0", "value_1"), directions, strict=True))
    bridged = ours(name, native_experiment(two, None, ways), 25, 0)
    for theirs, mine in zip(study.trials, bridged.trials, strict=True):
        assert theirs.params == dict(mine.params)
        assert theirs.values in (None, list(mine.metrics.values()))


def test_a_search_of_all_points_ends_where_the_library_ends():
    def finite(trial):
        if trial.suggest_categorical("c", ["a", "b"]) == "a":
            return trial.suggest_float("s", 0, 1, step=0.25)
        return trial.suggest_int("n", 1, 3)

    study = optuna.create_study(sampler=optuna.samplers.BruteForceSampler(seed=0))
    study.optimize(finite, n_trials=100)
    bridged = ours("bruteforce", native_experiment(finite, None), 100, 0)
    check_same(study, bridged)
    assert len(bridged.trials) == 8


def test_a_grid_is_made_of_the_space_when_it_is_known():
    def finite(trial):
        return trial.suggest_int("n", 1, 3) + trial.suggest_int("m", 1, 2)

    study = ours("grid", native_experiment(finite, None), 7, 0)
    assert "drawn at random" in study.notes[0]
    assert len({tuple(t.params.values()) for t in study.trials[1:]}) == 6


def test_ranges_of_their_own_go_out_with_the_trials(tmp_path):
    study = ours("tpe", native_experiment(dynamic, None), 15, 0)
    widest = max(1 - t.params["a"] for t in study.trials)
    assert study.space["b"] == hpb.Float(0, widest)
    path = tmp_path / "optuna.db"
    FORMAT.write(study, str(path))
    loaded = optuna.load_study(study_name=study.name, storage=f"sqlite:///{path}")
    for theirs, mine in zip(loaded.trials, study.trials, strict=True):
        assert theirs.params == dict(mine.params)
        assert theirs.distributions["b"].high == 1 - mine.params["a"]
