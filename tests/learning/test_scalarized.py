"""Several metrics and constraints under optimizers that take neither."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.errors import ExperimentError, UnsupportedFeatureError

SPACE = {"x": hpb.Float(0, 1), "y": hpb.Float(0, 1)}
ONE_VALUED = ["hyperopt", "hyperopt:random", "skopt", "bayesopt", "optuna:cmaes"]


def two(trial):
    x, y = trial["x"], trial["y"]
    return {"near": x**2 + y, "far": (1 - x) ** 2 + y}


def experiment(objective=two, **settings):
    settings = {"direction": {"near": "minimize", "far": "minimize"}, **settings}
    return hpb.Experiment(objective=objective, space=SPACE, **settings)


def run(made, backend, n_trials=12, **settings):
    settings = {"seed": 2, "store": ":memory:", **settings}
    return hpb.run(made, backend, n_trials=n_trials, **settings)


QUICK = {"n_initial_points": 5, "acq_func": "EI"}
"""Options of skopt's under which its model proposes soon."""


def points_of(study):
    return [dict(trial.params) for trial in study.trials]


@pytest.mark.parametrize("backend", ONE_VALUED)
def test_every_optimizer_runs_several_metrics_under_a_bound(backend):
    study = run(experiment(constraints={"near": "<= 0.8"}), backend)
    assert all(set(trial.metrics) == {"near", "far"} for trial in study.trials)
    assert study.best_trials
    assert all(trial.metrics["near"] <= 0.8 for trial in study.best_trials)


def test_a_note_says_what_is_told_instead():
    notes = run(experiment(constraints={"near": "<= 0.8"}), "skopt", 3).notes
    of_metrics, of_bounds = notes
    assert of_metrics == (
        "skopt:gp takes one value: 'near', 'far' are told as one, by the augmented "
        "Chebyshev function (ParEGO, Knowles 2006), under weights drawn for each "
        "proposal"
    )
    assert of_bounds == (
        "skopt:gp takes no constraints: a trial beyond those on 'near' is told as "
        "worse than every feasible one, by how much it is beyond (Deb 2000)"
    )
    alone = run(experiment(), "optuna:cmaes", 3).notes
    assert any("is told of each trial once" in note for note in alone)
    assert not run(experiment(), "hyperopt:random", 3).notes


def test_what_a_library_takes_is_left_to_it():
    study = run(experiment(constraints={"near": "<= 0.8"}), "optuna", 4)
    assert not study.notes
    bounded = experiment(
        lambda t: t["x"], direction="minimize", constraints={"value": "<= 1"}
    )
    assert not run(bounded, "bayesopt:ei", 3).notes


def test_without_a_broken_bound_the_proposals_are_the_librarys_own():
    def alone(trial):
        return trial["x"] + trial["y"]

    free = experiment(alone, direction="minimize")
    bounded = experiment(alone, direction="minimize", constraints={"value": "<= 9"})
    for backend in ("hyperopt", "skopt"):
        assert points_of(run(bounded, backend)) == points_of(run(free, backend))


@pytest.mark.parametrize("backend", ["hyperopt", "bayesopt", "optuna:cmaes"])
def test_a_study_is_resumed_bit_for_bit(backend, tmp_path):
    made = experiment(constraints={"near": "<= 0.8"})
    whole = run(made, backend, 11)
    store = tmp_path / "studies.db"
    run(made, backend, 7, store=store, name="s")
    again = hpb.resume("s", made, store=store, n_trials=11)
    assert points_of(again) == points_of(whole)
    assert any("bit for bit" in note for note in again.notes)


def test_the_way_of_a_metric_and_its_unit_make_no_difference():
    def turned(trial):
        found = two(trial)
        return {"near": found["near"], "far": -1024 * found["far"]}

    ways = {"near": "minimize", "far": "maximize"}
    there = run(experiment(turned, direction=ways), "hyperopt")
    assert points_of(there) == points_of(run(experiment(), "hyperopt"))


def test_a_learner_spreads_over_the_front_and_finds_it():
    study = run(experiment(), "skopt", 20, options=QUICK)
    late = study.trials[8:]
    # The front is y = 0, at any x.
    assert sorted(t.params["y"] for t in late)[len(late) // 2] < 0.1
    xs = [t.params["x"] for t in study.best_trials]
    assert min(xs) < 0.3
    assert max(xs) > 0.7


def test_a_bound_leads_a_learner_to_what_is_feasible():
    def objective(trial):
        return {"cost": trial["x"] + trial["y"], "gain": trial["x"]}

    bounded = experiment(
        objective, direction={"cost": "minimize"}, constraints={"gain": ">= 0.7"}
    )
    study = run(bounded, "skopt", 16, options=QUICK)
    late = study.trials[8:]
    assert sum(study.is_feasible(t) for t in late) > len(late) / 2
    assert study.best_trial.metrics["cost"] < 0.9


def test_failed_trials_and_bad_values_do_not_end_it():
    def objective(trial):
        if trial.number % 4 == 1:
            raise ZeroDivisionError
        if trial.number % 4 == 2:
            return {"near": float("inf"), "far": 1.0}
        if trial.number % 4 == 3:
            return {"near": float("nan"), "far": 1.0}
        return two(trial)

    for backend in ("hyperopt", "skopt"):
        study = run(experiment(objective), backend, 14)
        assert len(study.trials) == 14
        assert study.status == "finished"


def test_a_study_goes_on_from_one_with_raw_metrics():
    first = run(experiment(), "random", 12)
    study = run(experiment(), "skopt", 2, history=first)
    assert len(study.trials) == 14
    again = run(experiment(), "skopt", 2, history=first)
    assert points_of(again) == points_of(study)


def test_several_at_once_are_proposed_apart():
    # A function of here goes to its worker by value.
    def objective(trial):
        return {"near": trial["x"] + trial["y"], "far": 1 - trial["x"]}

    study = run(experiment(objective), "hyperopt", 8, workers=2)
    assert len({tuple(sorted(t.params.items())) for t in study.trials}) == 8
    assert all(trial.error is None for trial in study.trials)


def test_who_asks_for_it_gets_the_refusal():
    with pytest.raises(
        UnsupportedFeatureError, match=r"several metrics(.|\n)*optuna:tpe"
    ):
        run(experiment(scalarize=False), "skopt")
    with pytest.raises(ExperimentError, match="scalarize must be True or False"):
        experiment(scalarize="no")


def test_an_objective_that_defines_its_space_has_several_metrics_too():
    def grows(trial):
        x = trial.suggest("x", hpb.Float(0, 1))
        return {"near": x, "far": 1 - x}

    made = hpb.Experiment(
        objective=grows, space=None, direction={"near": "minimize", "far": "minimize"}
    )
    for backend in ("hyperopt", "optuna:cmaes"):
        study = run(made, backend, 6)
        assert all(trial.error is None for trial in study.trials)
