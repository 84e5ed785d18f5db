from __future__ import annotations

import dataclasses
import json

import pytest

import hpbridge as hpb
from hpbridge.errors import HistoryError, HistoryWarning
from hpbridge.formats.studies import find_study
from hpbridge.trial import Origin, State

SPACE = {"x": hpb.Float(-5, 5), "c": hpb.Categorical(["a", "b"])}


def bowl(trial):
    return (trial["x"] - 1) ** 2 + (trial["c"] == "b")


def experiment(**changed):
    settings = {"objective": bowl, "space": SPACE, "name": "bowl", **changed}
    return hpb.Experiment(**settings)


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store.db")


@pytest.fixture
def earlier(store):
    return hpb.run(experiment(), "random", n_trials=12, seed=3, store=store)


def test_the_trials_of_another_study_come_first_and_do_not_count(store, earlier):
    study = hpb.run(
        experiment(), "random", n_trials=5, seed=0, store=store, history=earlier.name
    )
    assert [t.origin for t in study.trials] == [Origin.IMPORTED] * 12 + [
        Origin.ASKED
    ] * 5
    assert [t.number for t in study.trials] == list(range(17))
    assert [t.params for t in study.trials[:12]] == [t.params for t in earlier.trials]
    assert study.trials[12].tells_before == 12
    assert study.notes[0] == f"goes on from 12 trials of study {earlier.name!r}"
    assert hpb.load_study(study.name, store).trials == study.trials


@pytest.mark.parametrize("workers", [1, 2])
def test_a_study_that_goes_on_is_resumed_with_its_history(store, earlier, workers):
    settings = {"seed": 0, "history": earlier, "workers": workers}
    whole = hpb.run(experiment(), "random", n_trials=9, store=":memory:", **settings)
    part = hpb.run(experiment(), "random", n_trials=4, store=store, **settings)
    resumed = hpb.resume(part.name, experiment(), store=store, n_trials=9)
    assert len(resumed.trials) == 12 + 9
    if workers == 1:
        assert [t.params for t in resumed.trials] == [t.params for t in whole.trials]
        assert "bit for bit" in resumed.notes[-1]


def test_a_finished_study_that_went_on_needs_no_more_trials(store, earlier):
    part = hpb.run(
        experiment(), "random", n_trials=4, seed=0, store=store, history=earlier
    )
    again = hpb.resume(part.name, experiment(), store=store)
    assert again.trials == part.trials


def test_a_metric_of_another_name_is_taken_for_the_only_one(store, earlier):
    other = experiment(direction={"loss": "minimize"})
    study = hpb.run(other, "random", n_trials=1, seed=0, store=store, history=earlier)
    assert "its metric 'value' is taken for 'loss'" in study.notes
    assert [t.metrics["loss"] for t in study.trials[:12]] == [
        t.metrics["value"] for t in earlier.trials
    ]


def test_a_baseline_that_ran_there_does_not_run_again(store, earlier):
    ran, new = dict(earlier.trials[4].params), {"x": 0.5, "c": "a"}
    other = experiment(baseline=[ran, new])
    study = hpb.run(other, "random", n_trials=3, seed=0, store=store, history=earlier)
    origins = [t.origin for t in study.trials[12:]]
    assert origins == [Origin.BASELINE, Origin.ASKED, Origin.ASKED]
    assert study.trials[12].params == new
    resumed = hpb.resume(study.name, other, store=store, n_trials=5)
    assert [t.origin for t in resumed.trials[12:]].count(Origin.BASELINE) == 1


def test_trials_outside_the_space_are_left_out_and_named(store, earlier):
    narrow = experiment(space={**SPACE, "x": hpb.Float(-1, 5)})
    study = hpb.run(narrow, "random", n_trials=1, seed=0, store=store, history=earlier)
    n_inside = sum(trial.params["x"] >= -1 for trial in earlier.trials)
    n_out = 12 - n_inside
    assert len(study.trials) == n_inside + 1
    (note,) = [note for note in study.notes if "not in the space" in note]
    first = next(t for t in earlier.trials if t.params["x"] < -1)
    assert note.startswith(
        f"{n_out} of 12 trials are not in the space: "
        f"trial {first.number}: 'x' is {first.params['x']!r}, outside [-1.0, 5.0]"
    )


def test_a_target_that_is_reached_already_ends_the_study(store, earlier):
    best = earlier.best_trial.metrics["value"]
    study = hpb.run(
        experiment(),
        "random",
        n_trials=5,
        seed=0,
        store=store,
        history=earlier,
        target=best,
    )
    assert len(study.trials) == 12
    assert study.stop_reason == f"target {best:g} reached"


def test_what_it_cannot_learn_from_is_said_before_the_first_trial(store, earlier):
    ran = []

    def spy(trial):
        ran.append(trial.number)
        return bowl(trial)

    one = experiment(objective=spy)
    # Warnings are errors here: it ends the run where it is said.
    with pytest.raises(HistoryWarning) as caught:
        hpb.run(
            one, "ray:random", n_trials=1, store=store, history=earlier, driver="local"
        )
    assert ran == []
    assert "'ray:random' cannot learn from this history" in str(caught.value)


WRONG = [
    (
        {"space": {"z": hpb.Float(0, 1)}},
        ["trial 0: 'x' is no parameter", "trial 1: ", "trial 2: "],
    ),
    (
        {"direction": "maximize"},
        ["'value' is to minimize there, and 'value' to maximize here"],
    ),
    (
        {"direction": {"value": "minimize", "loss": "minimize"}},
        ["it has no metric 'loss'; it has 'value'"],
    ),
    (
        {"constraints": {"seconds": "<= 1"}},
        ["it has no metric 'seconds'; it has 'value'"],
    ),
]


@pytest.mark.parametrize(("changed", "problems"), WRONG)
def test_a_study_of_another_experiment_is_refused(store, earlier, changed, problems):
    with pytest.raises(HistoryError) as caught:
        hpb.run(experiment(**changed), "random", store=store, history=earlier)
    lines = str(caught.value).splitlines()
    assert lines[0] == (f"Experiment 'bowl' cannot go on from study {earlier.name!r}:")
    assert [line[4:][: len(p)] for line, p in zip(lines[1:-1], problems, strict=True)]
    for line, problem in zip(lines[1:-1], problems, strict=True):
        assert problem in line
    assert lines[-1].startswith("Hint: ")
    assert len(hpb.load_study(earlier.name, store).trials) == 12


def test_a_study_without_trials_is_refused(store, earlier):
    empty = dataclasses.replace(earlier, trials=())
    with pytest.raises(HistoryError, match="it has no finished trial"):
        hpb.run(experiment(), "random", store=store, history=empty)


def test_a_study_that_is_nowhere_is_looked_for_in_the_store(store, earlier):
    with pytest.raises(hpb.HpbridgeError, match="holds no study 'bowl'"):
        hpb.run(experiment(), "random", store=store, history="bowl")


def test_failed_trials_are_history_too(store):
    def sometimes(trial):
        if trial.number == 1:
            msg = "no"
            raise ValueError(msg)
        return bowl(trial)

    first = hpb.run(
        experiment(objective=sometimes), "random", n_trials=4, seed=0, store=store
    )
    study = hpb.run(
        experiment(), "random", n_trials=1, seed=0, store=store, history=first
    )
    assert study.trials[1].state is State.FAILED
    assert study.trials[1].error == "ValueError: no"


def test_a_study_goes_on_from_a_file(store, earlier, tmp_path):
    path = tmp_path / "earlier.json"
    hpb.write_study(earlier, path, "json")
    study = hpb.run(
        experiment(), "random", n_trials=1, seed=0, store=store, history=path
    )
    assert len(study.trials) == 13
    assert find_study(path).trials[0].params == earlier.trials[0].params


def test_how_the_history_was_taken_is_in_the_record(store, earlier):
    study = hpb.run(
        experiment(), "random", n_trials=1, seed=0, store=store, history=earlier
    )
    assert json.loads(json.dumps(study.settings["history"])) == {
        "source": earlier.name,
        "is_own": True,
        "native": {},
    }
