"""Studies whose trials are given budgets: run, resumed, in parallel, refused."""

from __future__ import annotations

import json

import pytest

import hpbridge as hpb
from hpbridge.trial import State

EPOCHS = hpb.Budget(1, 9, name="epochs")
ROUND = [(0, 0, 1)] * 9 + [(0, 1, 3)] * 3 + [(0, 2, 9)] + [(1, 0, 3)] * 5
ROUND += [(1, 1, 9)] + [(2, 0, 9)] * 3
"""Bracket, rung and budget of the trials of one round with one worker."""


def train(trial):
    if trial["x"] > 0.9:
        msg = "too large"
        raise ValueError(msg)
    return (trial["x"] - 0.3) ** 2 + trial["y"] + 1 / trial.budget


def experiment(objective=train, budget=EPOCHS, **more):
    space = {"x": hpb.Float(0, 1), "y": hpb.Float(0, 1)}
    return hpb.Experiment(
        objective=objective, space=space, name="budgets", budget=budget, **more
    )


def stages(study):
    return [(t.bracket, t.rung, t.budget) for t in study.trials]


@pytest.mark.parametrize("backend", ["random", "optuna:tpe", "skopt:rf", "hyperopt"])
def test_a_study_has_the_brackets_in_its_record(backend, tmp_path) -> None:
    store = tmp_path / "store.db"
    options = {"n_initial_points": 3} if backend == "skopt:rf" else {}
    study = hpb.run(
        experiment(lambda t: t["x"] + 1 / t.budget),
        backend=backend,
        pruner="hyperband",
        n_trials=22,
        seed=3,
        store=store,
        options=options,
    )
    assert stages(study) == ROUND
    assert stages(hpb.load_study(study.name, store)) == ROUND
    by_number = {trial.number: trial for trial in study.trials}
    promoted = [trial for trial in study.trials if trial.rung]
    for trial in promoted:
        parent = by_number[trial.parent]
        assert trial.params == parent.params
        assert (parent.bracket, parent.rung) == (trial.bracket, trial.rung - 1)
    full = [t for t in study.trials if t.budget == 9]
    assert study.best_trial == min(full, key=lambda t: t.metrics["value"])


def test_without_a_budget_the_pruner_ends_trials(tmp_path) -> None:
    space = {"x": hpb.Float(0, 1)}
    tuned = hpb.Experiment(objective=lambda t: t["x"], space=space)
    study = hpb.run(
        tuned, backend="random", pruner="hyperband", n_trials=2, store=tmp_path / "s.db"
    )
    assert stages(study) == [(None, None, None)] * 2


@pytest.mark.parametrize("backend", ["optuna:tpe", "random"])
@pytest.mark.parametrize("n_first", [4, 10, 13, 20])
def test_a_study_that_stopped_goes_on_bit_for_bit(backend, n_first, tmp_path) -> None:
    whole = hpb.run(
        experiment(),
        backend=backend,
        pruner="hyperband",
        n_trials=30,
        seed=5,
        store=tmp_path / "whole.db",
    )
    store = tmp_path / "store.db"
    hpb.run(
        experiment(),
        backend=backend,
        pruner="hyperband",
        n_trials=n_first,
        seed=5,
        store=store,
    )
    study = hpb.resume(whole.name, experiment(), n_trials=30, store=store)
    assert [(t.params, t.parent) for t in study.trials] == [
        (t.params, t.parent) for t in whole.trials
    ]
    assert stages(study) == stages(whole)
    end = "replay reproduced every proposal, bit for bit"
    assert any(note.endswith(end) for note in study.notes)
    said = [n for n in study.notes if "learn" in n]
    assert len(said) == 1


def test_a_study_that_is_continued_keeps_its_brackets(tmp_path) -> None:
    """Where replay cannot be: the record alone says who is at which rung."""
    store = tmp_path / "store.db"
    tuned = experiment(lambda t: t["x"] + 1 / t.budget)
    how = {"pruner": "hyperband", "seed": 5, "store": store}
    first = hpb.run(tuned, backend="optuna:tpe", n_trials=10, **how)
    import sqlite3

    with sqlite3.connect(store) as connection:  # as if another version had run it
        connection.execute("UPDATE hpbridge_studies SET seed = '6'")
    connection.close()
    study = hpb.resume(first.name, tuned, n_trials=22, store=store)
    assert any("continued" in note for note in study.notes)
    assert stages(study) == ROUND
    best = sorted(study.trials[:9], key=lambda t: t.metrics["value"])[:3]
    assert [t.parent for t in study.trials[9:12]] == [t.number for t in best]


@pytest.mark.parametrize("workers", [2, 3])
def test_slots_are_filled_by_the_next_bracket(workers, tmp_path) -> None:
    study = hpb.run(
        experiment(),
        backend="random",
        pruner=("hyperband", {"reduction_factor": 3}),
        n_trials=44,
        seed=1,
        workers=workers,
        store=tmp_path / "store.db",
    )
    assert len(study.trials) == 44
    by_number = {trial.number: trial for trial in study.trials}
    ended = [t for t in study.trials if t.state is State.COMPLETE]
    assert {t.budget for t in ended} == {1, 3, 9}
    for trial in study.trials:
        if trial.rung:
            parent = by_number[trial.parent]
            assert parent.state is State.COMPLETE
            assert parent.told < trial.told
    first = [t for t in study.trials if (t.bracket, t.rung) == (0, 0)]
    assert len(first) == 9
    # Once all there have ended, however late, the best go on before anything else.
    all_told = max(trial.told for trial in first)
    later = [t for t in study.trials if t.tells_before > all_told][:3]
    assert [(t.bracket, t.rung) for t in later] == [(0, 1)] * len(later)


def test_failed_trials_stay_where_they_are(tmp_path) -> None:
    study = hpb.run(
        experiment(lambda t: 1 / 0 if t.number % 2 else t["x"]),
        backend="random",
        pruner="hyperband",
        n_trials=20,
        seed=1,
        store=tmp_path / "store.db",
    )
    parents = {t.parent for t in study.trials if t.rung}
    assert parents
    assert all(study.trials[n].state is State.COMPLETE for n in parents)


def test_an_exhausted_optimizer_ends_when_its_last_has_gone_on(tmp_path) -> None:
    tuned = hpb.Experiment(
        objective=lambda t: t["n"] + 1 / t.budget,
        space={"n": hpb.Int(0, 4)},
        budget=EPOCHS,
    )
    for workers in (1, 2):
        study = hpb.run(
            tuned,
            backend="ray:grid",
            driver="local",
            pruner="hyperband",
            n_trials=50,
            workers=workers,
            store=tmp_path / "store.db",
        )
        assert stages(study) == [(0, 0, 1)] * 5 + [(0, 1, 3), (0, 2, 9)]
        assert study.best_trial.params == {"n": 0}
        assert study.stop_reason.startswith("exhausted")


def test_the_baseline_goes_all_the_way(tmp_path) -> None:
    tuned = experiment(baseline={"x": 0.5, "y": 0.5})
    study = hpb.run(
        tuned, backend="optuna:tpe", pruner="sha", n_trials=6, store=tmp_path / "s.db"
    )
    assert stages(study) == [(None, None, 9)] + [(0, 0, 2)] * 4 + [(0, 1, 9)]


def test_forbidden_points_are_in_no_bracket(tmp_path) -> None:
    space = hpb.Space({"x": hpb.Float(0, 1)}, forbid=[lambda params: params["x"] < 0.3])
    tuned = hpb.Experiment(
        objective=lambda t: t["x"], space=space, budget=EPOCHS, name="forbidding"
    )
    study = hpb.run(
        tuned,
        backend="optuna:tpe",
        pruner="hyperband",
        n_trials=22,
        store=tmp_path / "s.db",
    )
    assert stages(study) == ROUND
    assert all(t.params["x"] >= 0.3 for t in study.trials)


def refusal(**how):
    with pytest.raises(hpb.HpbridgeError) as raised:
        hpb.run(n_trials=3, **how)
    return str(raised.value)


def test_what_cannot_be_is_refused_before_the_first_trial(tmp_path) -> None:
    how = {"backend": "random", "store": tmp_path / "s.db"}
    text = refusal(
        experiment=experiment(), pruner=("hyperband", {"max_resource": 9}), **how
    )
    assert "'max_resource' is for trials that are ended early" in text
    two = experiment(direction={"a": "minimize", "b": "minimize"})
    text = refusal(experiment=two, pruner="hyperband", backend="optuna:nsga2")
    assert "decides by one metric" in text
    growing = hpb.Experiment(
        objective=lambda t: t.suggest("x", hpb.Float(0, 1)), space=None, budget=EPOCHS
    )
    text = refusal(experiment=growing, pruner="hyperband", **how)
    assert "cannot give budgets" in text


def test_a_study_is_resumed_with_its_own_budget(tmp_path) -> None:
    store = tmp_path / "s.db"
    study = hpb.run(experiment(), backend="random", n_trials=1, store=store)
    with pytest.raises(hpb.HpbridgeError, match="its budget is None, and study"):
        hpb.resume(study.name, experiment(budget=None), n_trials=2, store=store)


def test_optimizers_are_compared_at_the_full_budget(tmp_path) -> None:
    comparison = hpb.compare(
        experiment(),
        backends=["random", "optuna:tpe"],
        pruner="hyperband",
        n_trials=22,
        repeats=2,
        store=tmp_path / "s.db",
    )
    for study in comparison.studies:
        assert {t.budget for t in study.trials if t.budget == 9}
        assert study.best_trial.budget == 9


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
def test_budgets_go_out_and_come_back(form, tmp_path) -> None:
    study = hpb.run(
        experiment(lambda t: t["x"]),
        backend="random",
        pruner="hyperband",
        n_trials=22,
        store=tmp_path / "s.db",
    )
    file = tmp_path / f"study.{form}"
    study.export(file)
    back = hpb.read_study(file)
    assert stages(back) == stages(study)
    assert [t.parent for t in back.trials] == [t.parent for t in study.trials]
    frame = study.to_pandas()
    assert list(frame["budget"]) == [t.budget for t in study.trials]
    if form == "json":
        data = json.loads(file.read_text())
        assert data["trials"][0]["budget"] == 1
        assert data["settings"]["budget"] == [1, 9, "epochs"]
        assert "parent" not in data["trials"][0]
