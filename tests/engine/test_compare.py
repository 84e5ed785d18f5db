from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.contract.registry import registry
from hpbridge.engine.compare import load_comparison
from hpbridge.errors import ComparisonNotFoundError, ExperimentError

SPACE = {"x": hpb.Float(-1, 1), "c": hpb.Categorical(["a", "b"])}


def bowl(trial) -> float:
    return trial["x"] ** 2 + (trial["c"] == "a")


@pytest.fixture
def experiment() -> hpb.Experiment:
    return hpb.Experiment(objective=bowl, space=SPACE, name="bowl")


def compare(experiment: hpb.Experiment, **settings) -> hpb.Comparison:
    defaults = {"n_trials": 6, "seed": 3, "store": ":memory:"}
    backends = settings.pop("backends", ["random", "optuna:random"])
    return hpb.compare(experiment, backends, **{**defaults, **settings})


def test_repeats_have_paired_seeds_and_equal_budgets(experiment) -> None:
    studies = compare(experiment, repeats=2).studies
    found = [(s.optimizer, s.seed, len(s.trials)) for s in studies]
    assert found == [
        ("random:random", 3, 6),
        ("optuna:random", 3, 6),
        ("random:random", 4, 6),
        ("optuna:random", 4, 6),
    ]
    assert [t.seed for t in studies[0].trials] == [t.seed for t in studies[1].trials]


def test_a_shared_start_is_the_same_on_every_backend(experiment) -> None:
    studies = compare(experiment, shared_start=3, repeats=2).studies
    first = [[t.params for t in s.trials[:3]] for s in studies]
    assert first[0] == first[1]
    assert first[2] == first[3]
    assert first[0] != first[2]
    assert all(t.origin == "shared" for s in studies for t in s.trials[:3])
    assert all(t.origin == "asked" for s in studies for t in s.trials[3:])


def test_what_cannot_be_learned_from_is_noted(experiment) -> None:
    study = compare(experiment, shared_start=2).studies[1]
    assert "does not learn from the 2 first points" in study.notes[0]


def test_the_table_has_a_row_an_optimizer(experiment) -> None:
    comparison = compare(experiment, repeats=2)
    names = [row["optimizer"] for row in comparison.table()]
    assert sorted(names) == ["optuna:random", "random:random"]
    assert len(comparison.to_pandas()) == 24


def test_a_comparison_resumes_where_it_stopped(experiment, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    whole = compare(experiment, store=tmp_path / "whole.db")

    def interrupt(session, trial) -> None:
        if session.optimizer_name == "optuna:random" and trial.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(experiment, store=store, callbacks=[interrupt])
    resumed = compare(experiment, store=store, resume=True)
    assert [[t.params for t in s.trials] for s in resumed.studies] == [
        [t.params for t in s.trials] for s in whole.studies
    ]
    assert len(load_comparison(1, store).studies) == 2


def test_a_study_that_breaks_does_not_end_the_comparison() -> None:
    failing = hpb.Experiment(objective=lambda _t: None, space=SPACE)
    comparison = compare(failing, on_error="stop")
    assert sorted(comparison.failures) == [
        "optuna:random seed 3",
        "random:random seed 3",
    ]
    assert [s.status for s in comparison.studies] == ["failed", "failed"]
    assert [row["failed"] for row in comparison.table()] == [1, 1]


def test_a_study_that_failed_is_shown_as_far_as_it_got(tmp_path) -> None:
    def third_fails(trial):
        if trial.number == 2:
            raise ValueError
        return trial["x"]

    tuned = hpb.Experiment(objective=third_fails, space=SPACE)
    comparison = compare(tuned, on_error="stop", store=tmp_path / "s.db")
    assert len(comparison.failures) == len(comparison.studies) == 2
    for row in comparison.table():
        assert (row["trials"], row["failed"]) == (3, 1)
        assert row["best"] is not None
        assert row["stop_reasons"] == ["trial 2 failed"]
    assert len(comparison.to_pandas()) == 6
    comparison.report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "on_error is" in page
    stored = load_comparison(comparison.name, tmp_path / "s.db")
    assert [len(s.trials) for s in stored.studies] == [3, 3]


def test_a_study_that_failed_before_its_first_trial_is_none(monkeypatch) -> None:
    words = "it refuses"

    def refuses(*_):
        raise hpb.HpbridgeError(words)

    monkeypatch.setattr("hpbridge.learning.choice.Choice.learner", refuses)
    tuned = hpb.Experiment(objective=lambda t: t["x"], space=SPACE)
    comparison = compare(tuned)
    assert comparison.studies == ()
    assert len(comparison.failures) == 2


def test_a_library_that_fails_when_it_is_made_is_a_failure_by_name(monkeypatch) -> None:
    def breaks(*_):
        raise ZeroDivisionError

    backends = registry().backends
    monkeypatch.setitem(backends, "random", replace(backends["random"], create=breaks))
    tuned = hpb.Experiment(objective=lambda t: t["x"], space=SPACE)
    comparison = compare(tuned)
    assert [study.backend for study in comparison.studies] == ["optuna"]
    [failure] = comparison.failures.values()
    assert "'random:random' failed when it was made: ZeroDivisionError." in failure


def test_infeasible_trials_are_counted_where_there_are_constraints() -> None:
    def costs(trial):
        return {"value": trial["x"], "cost": float(trial.number % 3)}

    bounded = hpb.Experiment(
        objective=costs,
        space=SPACE,
        direction={"value": "minimize"},
        constraints={"cost": "<= 1.5"},
    )
    comparison = compare(bounded, backends=["random"], n_trials=6)
    assert [row["infeasible"] for row in comparison.table()] == [2]
    assert comparison.studies[0].n_infeasible == 2
    free = hpb.Experiment(objective=lambda t: t["x"], space=SPACE)
    assert "infeasible" not in compare(free, backends=["random"], n_trials=2).table()[0]


@pytest.mark.parametrize("backends", [["random", "optuna:tpe", "optuna:random"]])
def test_studies_side_by_side_run_the_same_trials(backends, tmp_path) -> None:
    ours = os.getpid()

    def meets(trial):  # goes to a worker by value
        if os.getpid() != ours:  # each of three workers runs a trial at once
            (tmp_path / str(os.getpid())).touch()
            until = time.monotonic() + 120
            while len([*tmp_path.iterdir()]) < 3 and time.monotonic() < until:
                time.sleep(0.01)
        return trial["x"] ** 2

    tuned = hpb.Experiment(objective=meets, space=SPACE, name="bowl")
    begun = []
    settings = {"backends": backends, "repeats": 2, "n_trials": 12, "shared_start": 2}
    one = compare(tuned, **settings)
    three = compare(tuned, **settings, jobs=3, on_study=begun.append)
    assert [(s.optimizer, s.seed) for s in three.studies] == [
        (s.optimizer, s.seed) for s in one.studies
    ]
    for there, here in zip(three.studies, one.studies, strict=True):
        assert [(t.params, t.metrics, t.seed) for t in there.trials] == [
            (t.params, t.metrics, t.seed) for t in here.trials
        ]
        assert [t.told for t in there.trials] == list(range(12))
    assert [(p.choice.name, p.seed) for p in begun] == [
        (s.optimizer, s.seed) for s in one.studies
    ]
    workers = {t.worker for s in three.studies for t in s.trials}
    assert len(workers) == 3
    assert "main" not in workers


def test_a_study_that_breaks_beside_others_leaves_them_alone() -> None:
    def objective(trial):
        if trial["x"] > 0.9:
            raise ValueError
        return trial["x"]

    tuned = hpb.Experiment(objective=objective, space=SPACE)
    comparison = compare(tuned, repeats=4, jobs=2, n_trials=15, on_error="stop")
    failed = {each.name for each in comparison.broken}
    assert failed
    for each in comparison.broken:
        assert comparison.failures[f"{each.optimizer} seed {each.seed}"] == str(
            each.error
        )
    whole = [
        study
        for study in comparison.studies
        if f"{study.optimizer} seed {study.seed}" not in failed
    ]
    assert whole
    assert all(len(study.trials) == 15 for study in whole)


def test_a_comparison_has_the_limits_of_a_run(experiment) -> None:
    comparison = compare(experiment, target=0.5, n_trials=200)
    reasons = {study.stop_reason for study in comparison.studies}
    assert reasons == {"target 0.5 reached"}
    comparison = compare(experiment, timeout=1e-9)
    assert {len(study.trials) for study in comparison.studies} == {0}


def test_wrong_settings_are_told_before_the_first_trial(experiment) -> None:
    with pytest.raises(ExperimentError, match="named twice"):
        compare(experiment, backends=["random", "random:random"])
    with pytest.raises(ExperimentError, match="shared_start must be between 0 and"):
        compare(experiment, shared_start=7, repeats=0)
    with pytest.raises(ExperimentError, match="jobs must be a whole number >= 1"):
        compare(experiment, jobs=0)
    with pytest.raises(ExperimentError, match="options are given for 'skopt'"):
        compare(experiment, options={"skopt": {}})


def test_all_leaves_out_what_cannot_run_and_says_so() -> None:
    experiment = hpb.Experiment(
        objective=lambda t: {"a": t["x"], "b": -t["x"]},
        space={"x": hpb.Float(0, 1)},
        direction={"a": "minimize", "b": "minimize"},
        scalarize=False,
    )
    comparison = compare(experiment, backends="all")
    assert "several metrics" in comparison.skipped["hyperopt"]
    assert "optuna:tpe" in {s.optimizer for s in comparison.studies}


def test_an_unknown_comparison_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ComparisonNotFoundError, match="holds no comparison 'bowll'"):
        load_comparison("bowll", tmp_path / "s.db")
