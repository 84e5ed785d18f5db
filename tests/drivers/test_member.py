"""Trials are asked for ahead where the optimizer thinks for long, and only there."""

from __future__ import annotations

import time

import pytest

import hpbridge as hpb
from hpbridge.drivers import member
from hpbridge.store import open_store

SPACE = {"x": hpb.Float(-1, 1), "y": hpb.Float(-1, 1)}


def bowl(trial):
    return (trial["x"] - 0.3) ** 2 + trial["y"] ** 2


def slow_bowl(trial):
    time.sleep(0.02)
    return bowl(trial)


def run(objective=slow_bowl, backend="random", n_trials=12, **settings):
    experiment = hpb.Experiment(name="ahead", objective=objective, space=SPACE)
    how = {"workers": 2, "driver": "threads", "seed": 0, "store": ":memory:"}
    return hpb.run(experiment, backend, n_trials=n_trials, **{**how, **settings})


@pytest.fixture
def thinks(monkeypatch):
    """Every optimizer counts as one that thinks for long."""
    monkeypatch.setattr(member, "_SHORT_SECONDS", -1.0)
    monkeypatch.setattr(member, "_SHORT_SHARE", 0.0)


def staleness(study) -> list[int]:
    """Return how many trials before each one were not told when it was asked for."""
    return [trial.number - trial.tells_before for trial in in_order(study)]


def in_order(study):
    return sorted(study.trials, key=lambda trial: trial.number)


def test_a_trial_is_asked_for_while_all_workers_run(thinks) -> None:
    study = run()
    assert len(study.trials) == 12
    assert max(staleness(study)) == 2
    assert [dict(t.params) for t in in_order(study)] == [
        dict(t.params) for t in in_order(run(workers=1, driver="local"))
    ]


def test_what_thinks_for_a_moment_is_asked_when_a_trial_may_start() -> None:
    assert max(staleness(run())) == 1


def test_one_worker_knows_all_results(thinks) -> None:
    assert set(staleness(run(workers=1))) == {0}


def test_a_study_in_virtual_time_asks_for_nothing_ahead(thinks) -> None:
    assert max(staleness(run(driver="simulated"))) == 1


def test_a_study_that_ends_early_starts_nothing_that_was_asked_ahead(
    thinks, tmp_path
) -> None:
    store = tmp_path / "s.db"
    ran = []

    def counted(trial):
        ran.append(trial.number)
        return 0.0 if trial.number == 5 else slow_bowl(trial) + 1

    study = run(counted, n_trials=40, target=0.5, store=store)
    assert study.stop_reason == "target 0.5 reached"
    assert sorted(ran) == sorted(trial.number for trial in study.trials)
    n_ran = len(ran)
    experiment = hpb.Experiment(name="ahead", objective=counted, space=SPACE)
    again = hpb.resume(
        study.name, experiment, store=store, target=-1.0, n_trials=n_ran + 4
    )
    assert sorted(trial.number for trial in again.trials) == list(range(n_ran + 4))
    assert "replay reproduced every proposal" in " ".join(again.notes)


@pytest.mark.parametrize("backend", ["bayesopt:ucb", "optuna:tpe"])
def test_what_was_asked_ahead_is_replayed(thinks, tmp_path, backend) -> None:
    store = tmp_path / "s.db"
    study = run(backend=backend, n_trials=12, store=store)
    assert max(staleness(study)) == 2
    experiment = hpb.Experiment(name="ahead", objective=slow_bowl, space=SPACE)
    again = hpb.resume(study.name, experiment, store=store, n_trials=14)
    assert len(again.trials) == 14
    assert "replay reproduced every proposal" in " ".join(again.notes)


def test_an_interrupted_study_goes_on_with_what_was_asked_ahead(
    thinks, tmp_path
) -> None:
    store = tmp_path / "s.db"

    def stop(session, trial):
        if trial.number == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(n_trials=12, store=store, callbacks=[stop])
    (record,) = open_store(store).studies()
    experiment = hpb.Experiment(name="ahead", objective=slow_bowl, space=SPACE)
    study = hpb.resume(record.name, experiment, store=store)
    assert sorted(trial.number for trial in study.trials) == list(range(12))
    assert "replay reproduced every proposal" in " ".join(study.notes)


def test_failures_that_run_again_come_before(thinks) -> None:
    failed = set()

    def fails_once(trial):
        if trial.number % 3 == 0 and trial.number not in failed:
            failed.add(trial.number)
            raise ValueError
        return slow_bowl(trial)

    study = run(fails_once, retries=1)
    assert [trial.state.value for trial in study.trials] == ["complete"] * 12
    assert sum(trial.attempts == 2 for trial in study.trials) == 4
