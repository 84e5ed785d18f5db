"""What a stage is, and its way through optimizer, session, trial, record and files."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.contract.backend import Suggestion
from hpbridge.contract.stage import Stage, plain_budget
from hpbridge.contract.wire import suggestion_from_json, suggestion_to_json


def test_a_budget_is_whole_where_it_is_a_whole_number() -> None:
    assert [type(plain_budget(b)) for b in (3, 3.0, 0.5)] == [int, int, float]


@pytest.mark.parametrize("stage", [None, Stage(3, 1, 2, 7), Stage(0.5), Stage()])
def test_a_suggestion_crosses_with_its_stage(stage) -> None:
    suggestion = Suggestion(4, {"x": 0.5}, stage=stage)
    assert suggestion_from_json(suggestion_to_json(suggestion)) == suggestion


def train(trial):
    return trial["x"] + trial.budget


def experiment(**more):
    return hpb.Experiment(
        objective=train, space={"x": hpb.Float(0, 1)}, name="staged", **more
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_trial_goes_all_the_way_where_nobody_chooses(workers, tmp_path) -> None:
    tuned = experiment(budget=hpb.Budget(1, 81, name="epochs"))
    store = tmp_path / "store.db"
    hpb.run(tuned, backend="random", n_trials=3, seed=1, workers=workers, store=store)
    study = hpb.load_study("staged-random-random-1", store)
    assert [t.budget for t in study.trials] == [81] * 3
    assert {type(t.budget) for t in study.trials} == {int}
    for trial in study.trials:
        assert trial.metrics["value"] == trial.params["x"] + 81
        assert (trial.bracket, trial.rung, trial.parent) == (None, None, None)


def test_a_trial_without_a_budget_has_none(tmp_path) -> None:
    seen = []

    def objective(trial):
        seen.append(trial.budget)
        return 0.0

    space = {"x": hpb.Float(0, 1)}
    tuned = hpb.Experiment(objective=objective, space=space)
    study = hpb.run(tuned, backend="random", n_trials=1, seed=1)
    assert seen == [None]
    assert study.trials[0].budget is None
    assert not {"budget", "bracket", "rung", "parent"} & set(study.columns)
