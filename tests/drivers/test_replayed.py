"""A recorded study, replayed with other numbers of workers."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.errors import DriverError, StudyNotFoundError
from hpbridge.trial import State

SPACE = {"x": hpb.Float(-1, 1), "kind": hpb.Categorical({"a": (1,), "b": (2,)})}


def objective(trial):
    if trial.number == 3:
        trial.took(7)
        msg = "boom: it does"
        raise ValueError(msg)
    for step in range(1, 5):
        trial.report(trial["x"] ** 2 + 1 / step, step, seconds=10 + trial.number)
        if trial.should_prune():
            raise hpb.TrialPruned
    trial.set_attribute("note", [trial.number])
    return {"loss": trial["x"] ** 2, "further": 1.5}


def never(_trial):
    pytest.fail("it ran")


EXPERIMENT = hpb.Experiment(
    name="e", objective=objective, space=SPACE, direction={"loss": "minimize"}
)
OTHER = hpb.Experiment(
    name="e", objective=never, space=SPACE, direction={"loss": "minimize"}
)


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "a.db"
    hpb.run(
        EXPERIMENT,
        "random",
        n_trials=12,
        seed=0,
        store=path,
        name="recorded",
        driver=("simulated", {"optimizer_time": "free"}),
    )
    return path


def replay(store, experiment=OTHER, *, seed=0, **settings):
    options = {
        "replay": "recorded",
        "replay_store": str(store),
        "optimizer_time": "free",
        **settings.pop("options", {}),
    }
    given = {"n_trials": 12, "store": ":memory:", **settings}
    driver = "simulated", options
    return hpb.run(experiment, "random", seed=seed, driver=driver, **given)


def seen(study) -> list:
    return [
        (t.params, t.state, t.metrics, t.reports, t.error, t.attributes)
        for t in study.trials
    ]


def test_trials_come_to_what_they_came_to_and_take_as_long(store) -> None:
    recorded = hpb.load_study("recorded", store)
    study = replay(store)
    assert seen(study) == seen(recorded)
    assert study.trials[3].error == "ValueError: boom: it does"
    for one, other in zip(study.trials, recorded.trials, strict=True):
        assert one.run_seconds == pytest.approx(other.run_seconds)
    assert any("those of study 'recorded'" in note for note in study.notes)


def test_more_workers_are_done_sooner(store) -> None:
    ends = {}
    for workers in (1, 4):
        study = replay(store, workers=workers)
        first = min(t.started_at for t in study.trials)
        ends[workers] = max(t.started_at + t.run_seconds for t in study.trials) - first
    assert ends[1] / 4 <= ends[4] < ends[1] / 3


def test_reports_come_in_proportion_to_their_steps(store) -> None:
    # Trial 0 takes 40 s, with a report every 10 s; what runs longer than 25 s ends.
    study = replay(store, timeout_trial=25)
    assert [step for step, _ in study.trials[0].reports] == [1, 2]


def test_a_pruner_ends_them_where_it_would_have(store) -> None:
    pruner = "median", {"n_startup_trials": 2}
    study = replay(store, pruner=pruner)
    how = {"n_trials": 12, "seed": 0, "store": ":memory:", "pruner": pruner}
    real = hpb.run(EXPERIMENT, "random", **how)
    assert [(t.state, t.reports) for t in study.trials] == [
        (t.state, t.reports) for t in real.trials
    ]
    assert any(t.state is State.PRUNED for t in study.trials)


def test_paused_trials_go_on_where_they_were(store) -> None:
    study = replay(store, pruner="asha:promotion", workers=3)
    for trial in study.trials:
        assert [step for step, _ in trial.reports] == [
            *range(1, len(trial.reports) + 1)
        ]


def test_what_was_not_recorded_is_refused(store) -> None:
    with pytest.raises(DriverError, match="no trial with parameters") as refused:
        replay(store, seed=1)
    assert "match=number" in str(refused.value)
    study = replay(store, seed=1, options={"match": "number"})
    recorded = hpb.load_study("recorded", store)
    assert [t.metrics for t in study.trials] == [t.metrics for t in recorded.trials]
    with pytest.raises(DriverError, match="no trial with number 12"):
        replay(store, n_trials=13, options={"match": "number"})
    with pytest.raises(StudyNotFoundError, match="record"):
        replay(store, options={"replay": "recordd"})


def test_a_file_is_replayed_as_well(store, tmp_path) -> None:
    path = tmp_path / "recorded.json"
    hpb.write_study(hpb.load_study("recorded", store), path, "json")
    study = replay(store, options={"replay": str(path)})
    assert seen(study) == seen(hpb.load_study("recorded", store))
