"""A study whose process is killed goes on from the checkpoints of its trials."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

import hpbridge as hpb
from hpbridge.contract.references import load_experiment
from hpbridge.store import open_store, schema
from hpbridge.trial import State

SCRIPT = '''
import os, signal, sys
from pathlib import Path

import hpbridge as hpb

HERE = Path(__file__).parent
AT, HOW = 4, os.environ.get("HOW", "")


def write(what, trial, epoch):
    with (HERE / "trained").open("a") as file:
        file.write(f"{what} {trial.number} {epoch}\\n")


def end(trial, epoch):
    """End the study, or the trial, once."""
    if (HERE / "ended").exists() or trial.number < AT:
        return
    if HOW == "promoted" and epoch < 3:
        return
    (HERE / "ended").touch()
    if HOW == "worker":
        os.kill(os.getpid(), signal.SIGKILL)
    if HOW == "late":
        import time
        time.sleep(600)
    how = signal.SIGINT if HOW == "ctrl-c" else signal.SIGKILL
    os.kill(int(os.environ["STUDY"]), how)
    if HOW == "ctrl-c" and os.environ["WORKERS"] == "1":
        import time
        time.sleep(600)


def train(trial):
    for epoch in range(trial.load(0) + 1, 10):
        write("trains", trial, epoch)
        trial.report(abs(trial["x"] - 0.3) + 1 / epoch, epoch)
        trial.save(epoch)
        write("saved", trial, epoch)
        if epoch > 1 or HOW != "promoted":
            end(trial, epoch)
        if trial.should_prune():
            raise hpb.TrialPruned
    return abs(trial["x"] - 0.3)


experiment = hpb.Experiment(
    name="killed", objective=train, space={"x": hpb.Float(0, 1)}, direction="minimize"
)

if __name__ == "__main__":
    os.environ["STUDY"] = str(os.getpid())
    hpb.run(
        experiment,
        os.environ["BACKEND"],
        n_trials=8,
        seed=1,
        workers=int(os.environ["WORKERS"]),
        pruner=("asha:promotion", {"reduction_factor": 2, "max_resource": 8}),
        retries=1 if HOW in {"worker", "late"} else 0,
        timeout_trial=5 if HOW == "late" else None,
        store=HERE / "store.db",
    )
'''


@pytest.fixture
def run(tmp_path, monkeypatch):
    script = tmp_path / "killed.py"
    script.write_text(SCRIPT, encoding="utf-8")

    def ran(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        return subprocess.run([sys.executable, script], check=False).returncode

    return ran


def events(folder) -> list[str]:
    return (folder / "trained").read_text().splitlines()


def trained_after_saved(lines) -> list[str]:
    """Return the epochs that were trained after they had been saved."""
    saved: set[str] = set()
    again = []
    for line in lines:
        what, _, epoch = line.partition(" ")
        if what == "saved":
            saved.add(epoch)
        elif epoch in saved:
            again.append(epoch)
    return again


def whole(study) -> None:
    assert len(study.trials) == 8
    assert study.status == "finished"
    states = Counter(trial.state for trial in study.trials)
    assert states[State.COMPLETE] >= 1
    assert states[State.FAILED] == 0
    for trial in study.trials:
        steps = [step for step, _ in trial.reports]
        assert steps == list(range(1, len(steps) + 1))


@pytest.mark.parametrize("how", ["kill", "promoted", "ctrl-c"])
@pytest.mark.parametrize(("backend", "workers"), [("random", 1), ("optuna:tpe", 2)])
def test_nothing_is_trained_again_that_was_saved(
    tmp_path, run, how, backend, workers
) -> None:
    code = run(HOW=how, BACKEND=backend, WORKERS=workers)
    assert code == -(signal.SIGINT if how == "ctrl-c" else signal.SIGKILL)
    store = tmp_path / "store.db"
    (record,) = open_store(store).studies()
    records = open_store(store).trials(record)
    assert records.paused
    before = {trial.number: len(trial.reports) for trial in records.paused}
    experiment = load_experiment(f"{tmp_path}/killed.py:experiment")
    study = hpb.resume(record.name, experiment, store=store)
    whole(study)
    assert trained_after_saved(events(tmp_path)) == []
    for trial in study.trials:
        assert len(trial.reports) >= before.get(trial.number, 0)
    assert "replay reproduced every proposal" in " ".join(study.notes)
    (left,) = {path.parents[1].name for path in tmp_path.rglob("manifest.json")}
    assert int(left) == study.best_trial.number
    rows = rows_of(store)
    assert {row.trial for row in rows} == {trial.number for trial in study.trials}
    saved = {
        line.removeprefix("saved ") for line in events(tmp_path) if "saved" in line
    }
    kept = {f"{row.trial} {row.step}" for row in rows}
    assert saved <= kept
    # A worker may die after its checkpoint is a row and before it says so.
    assert len(kept - saved) <= workers


def rows_of(store):
    with open_store(store).engine.connect() as connection:
        return connection.execute(sa.select(schema.checkpoints)).all()


@pytest.mark.parametrize("how", ["worker", "late"])
def test_a_trial_whose_worker_ends_goes_on(tmp_path, run, how) -> None:
    assert run(HOW=how, BACKEND="random", WORKERS=2) == 0
    study = hpb.load_study(1, store=tmp_path / "store.db")
    whole(study)
    assert trained_after_saved(events(tmp_path)) == []
    assert [trial.attempts for trial in study.trials].count(2) == 1


def test_a_checkpoint_that_is_gone_is_said_and_the_trial_begins_again(
    tmp_path, run
) -> None:
    run(HOW="kill", BACKEND="random", WORKERS=1)
    store = tmp_path / "store.db"
    (record,) = open_store(store).studies()
    shutil.rmtree(Path(f"{store}-checkpoints"))
    experiment = load_experiment(f"{tmp_path}/killed.py:experiment")
    study = hpb.resume(record.name, experiment, store=store)
    whole(study)
    gone = [note for note in study.notes if "is gone or cannot be read" in note]
    assert gone
    assert all(note.endswith("; it begins again") for note in gone)


GROWING = """
import os
from pathlib import Path

import hpbridge as hpb

HERE = Path(__file__).parent


def train(trial):
    x = trial.suggest("x", hpb.Float(0, 1))
    assert trial.load((0, x))[1] == x
    for epoch in range(trial.load((0, x))[0] + 1, 10):
        trial.report(x + 1 / epoch, epoch)
        trial.save((epoch, x))
        if trial.number == 4 and not (HERE / "ended").exists():
            (HERE / "ended").touch()
            os.kill(os.getpid(), 9)
        if trial.should_prune():
            raise hpb.TrialPruned
    return x


experiment = hpb.Experiment(
    name="growing", objective=train, direction="minimize", space=None
)

if __name__ == "__main__":
    pruner = "asha:promotion", {"reduction_factor": 2, "max_resource": 8}
    store = HERE / "store.db"
    backend = os.environ["BACKEND"]
    hpb.run(experiment, backend, n_trials=8, seed=1, pruner=pruner, store=store)
"""


@pytest.mark.parametrize("backend", ["random", "optuna:tpe"])
def test_trials_of_a_space_that_grows_begin_again_in_another_process(
    tmp_path, monkeypatch, backend
) -> None:
    script = tmp_path / "growing.py"
    script.write_text(GROWING, encoding="utf-8")
    monkeypatch.setenv("BACKEND", backend)
    done = subprocess.run([sys.executable, script], check=False)
    assert done.returncode == -signal.SIGKILL
    experiment = load_experiment(f"{script}:experiment")
    study = hpb.resume(1, experiment, store=tmp_path / "store.db")
    whole(study)
    again = [note for note in study.notes if "begins again, since the obj" in note]
    assert again
