"""Several processes, each with a study of ours, share one storage of Optuna's."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from types import SimpleNamespace

import optuna
import pytest

import hpbridge as hpb
from hpbridge.contract.registry import registry
from hpbridge.errors import HpbridgeError, OptimizerError, OptionError
from hpbridge_optuna import BridgeSampler
from tests import database_servers as servers

pytestmark = pytest.mark.usefixtures("silent_optuna")

SPACE = {"x": hpb.Float(-5, 5), "n": hpb.Int(1, 9), "c": hpb.Categorical(["a", "b"])}


def score(trial):
    return -((trial["x"] - 1) ** 2) - trial["n"]


FILE = """
import hpbridge as hpb

def score(trial):
    return -((trial["x"] - 1) ** 2) - trial["n"]

experiment = hpb.Experiment(
    objective=score,
    space={"x": hpb.Float(-5, 5), "n": hpb.Int(1, 9)},
    direction="maximize",
    name="shared",
)
"""


def experiment(objective=score, direction="maximize", space=SPACE):
    return hpb.Experiment(
        objective=objective, space=space, direction=direction, name="shared"
    )


def run(url, tmp_path, objective=score, *, seed=0, n_trials=12, backend="tpe", **more):
    direction = more.pop("direction", "maximize")
    return hpb.run(
        experiment(objective, direction, more.pop("space", SPACE)),
        backend=f"optuna:{backend}",
        options={"storage": url, **more.pop("options", {})},
        n_trials=n_trials,
        seed=seed,
        store=tmp_path / "ours.db",
        **more,
    )


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'shared.db'}"


def loaded(url, name="shared"):
    """Return the trials and directions of Optuna's study, as Optuna reads them."""
    if url.startswith("journal:"):
        backend = optuna.storages.journal.JournalFileBackend(url.partition(":")[2])
        storage = optuna.storages.JournalStorage(backend)
    else:
        storage = optuna.storages.RDBStorage(url)
    study = optuna.load_study(study_name=name, storage=storage)
    found = SimpleNamespace(trials=study.trials, directions=study.directions)
    if isinstance(storage, optuna.storages.RDBStorage):
        storage.remove_session()
        storage.engine.dispose()
    return found


def check_two_processes(folder, storage, url):
    (folder / "shared.py").write_text(FILE)
    command = [sys.executable, "-m", "hpbridge", "run", "shared.py", "--trials", "7"]
    command += ["--backend", "optuna:tpe", "--option", f"storage={storage}"]
    env = {**os.environ, "SHARED_STORAGE": url}
    running = [
        subprocess.Popen(
            [*command, "--seed", str(k), "--store", f"{k}.db"],
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for k in (1, 2)
    ]
    for process in running:
        said = process.communicate(timeout=240)[0]
        assert process.returncode == 0, said
        assert "does not repeat with the seed" in said
    studies = [hpb.load_study("shared-optuna-tpe-1", store=folder / "1.db")]
    studies += [hpb.load_study("shared-optuna-tpe-2", store=folder / "2.db")]
    theirs = loaded(url)
    assert theirs.directions == [optuna.study.StudyDirection.MAXIMIZE]
    ours = [
        (t.params["x"], t.params["n"], t.metrics["value"])
        for study in studies
        for t in study.trials
    ]
    there = [(t.params["x"], t.params["n"], t.value) for t in theirs.trials]
    assert len(ours) == 14
    assert sorted(there) == sorted(ours)
    return studies


@pytest.mark.parametrize(
    "kind", ["sqlite:///", pytest.param("journal:", marks=pytest.mark.slow)]
)
def test_two_processes_share_a_file(tmp_path, kind):
    url = f"{kind}{tmp_path / 'shared.db'}"
    check_two_processes(tmp_path, url, url)


def test_two_processes_share_a_server_whose_password_is_kept_nowhere(tmp_path):
    try:
        with (
            servers.postgresql() as server,
            servers.empty_database(server, "postgres") as url,
        ):
            secret = url.replace("hpbridge@", "hpbridge:geheim@")
            found = check_two_processes(tmp_path, "env:SHARED_STORAGE", secret)
    except servers.NotInstalledError as missing:
        pytest.skip(str(missing))
    assert found[0].options["storage"] == "env:SHARED_STORAGE"
    for store in tmp_path.glob("*.db*"):
        assert b"geheim" not in store.read_bytes()


def test_proposes_as_optuna_does_from_what_others_told(tmp_path, url):
    def told(address):
        sampler = optuna.samplers.RandomSampler(seed=3)
        study = optuna.create_study(
            storage=address, study_name="shared", direction="maximize", sampler=sampler
        )
        study.optimize(native, n_trials=11)

    def native(trial):
        x = trial.suggest_float("x", -5, 5)
        n = trial.suggest_int("n", 1, 9)
        trial.suggest_categorical("c", ["a", "b"])
        return -((x - 1) ** 2) - n

    other = f"sqlite:///{tmp_path / 'other.db'}"
    told(url)
    told(other)
    study = run(url, tmp_path, seed=7, n_trials=4)
    alone = hpb.run(
        experiment(),
        backend="optuna:tpe",
        n_trials=4,
        seed=7,
        store=tmp_path / "alone.db",
    )
    sampler = optuna.samplers.TPESampler(seed=7)
    theirs = optuna.load_study(study_name="shared", storage=other, sampler=sampler)
    theirs.optimize(native, n_trials=4)
    ours = [t.params for t in study.trials]
    assert ours == [t.params for t in theirs.trials[11:]]
    assert ours != [t.params for t in alone.trials]


def test_states_are_optunas(tmp_path, url):
    seen = []

    def objective(trial):
        seen.append(loaded(url).trials[-1].state.name)
        trial.report(trial["x"], 1)
        if trial.number == 1:
            raise ValueError(trial.number)
        if trial.number == 2:
            raise hpb.TrialPruned
        return trial["x"]

    run(url, tmp_path, objective, n_trials=4)
    found = loaded(url).trials
    assert seen == ["RUNNING"] * 4
    assert [t.state.name for t in found] == ["COMPLETE", "FAIL", "PRUNED", "COMPLETE"]
    assert all(t.intermediate_values == {1: t.params["x"]} for t in found)
    assert found[2].value == found[2].params["x"]


@pytest.mark.parametrize("backend", ["tpe", "nsga2"])
def test_resuming_adds_no_trial_twice(tmp_path, url, backend):
    first = run(url, tmp_path, n_trials=3, backend=backend)
    found = hpb.resume(first.name, experiment(), store=tmp_path / "ours.db", n_trials=5)
    assert len(found.trials) == len(loaded(url).trials) == 5
    assert any("it shares its trials with others" in note for note in found.notes)


def refusal(*args, **kwargs):
    with pytest.raises(HpbridgeError) as refused:
        run(*args, **kwargs)
    return str(refused.value)


def test_another_study_is_refused(tmp_path, url):
    run(url, tmp_path, n_trials=2)
    text = refusal(url, tmp_path, direction="minimize")
    assert "its directions are maximize, ours minimize" in text
    text = refusal(url, tmp_path, direction={"loss": "maximize"})
    assert "its metrics are ['value'], ours ['loss']" in text
    text = refusal(url, tmp_path, space=SPACE | {"x": hpb.Categorical(["l", "r"])})
    assert "its parameter 'x' is" in text
    wider = run(url, tmp_path, space=SPACE | {"x": hpb.Float(-9, 9)}, n_trials=2)
    assert any("'x' has another range" in note for note in wider.notes)


def test_a_storage_of_another_optuna_is_refused(tmp_path, url):
    run(url, tmp_path, n_trials=1)
    with sqlite3.connect(tmp_path / "shared.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v9.9.9'")
    connection.close()
    assert "is no longer compatible with the table schema" in refusal(url, tmp_path)


def test_a_storage_that_is_away_is_a_sentence(tmp_path):
    nowhere = "postgresql://me@127.0.0.1:1/none"
    assert "cannot be used: " in refusal(nowhere, tmp_path)


def test_a_storage_that_goes_away_is_a_sentence(tmp_path, url):
    def objective(trial):
        if trial.number == 1:
            with sqlite3.connect(tmp_path / "shared.db") as connection:
                connection.execute("DROP TABLE trial_values")
            connection.close()
        return 1.0

    with pytest.raises(OptimizerError, match="cannot be reached: no such table"):
        run(url, tmp_path, objective, n_trials=3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"storage": "postgresql://me:geheim@host/db"}, "has a password"),
        ({"storage": "postgresql://host/db?password=geheim"}, "has a password"),
        ({"storage": "here.db"}, "must be a database URL"),
        ({"storage": "sqlite://"}, "in this process's memory"),
        ({"storage": "env:NO_SUCH_VARIABLE"}, "there is no such variable"),
        ({"study_name": "mine"}, "there is none"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, said):
    with pytest.raises(OptionError, match=said) as refused:
        hpb.run(
            experiment(), backend="optuna:tpe", options=options, store=tmp_path / "a"
        )
    assert "geheim" not in str(refused.value)


def test_what_cannot_be_shared_is_refused(tmp_path, url):
    text = refusal(
        url, tmp_path, backend="cmaes", direction={"a": "minimize", "b": "minimize"}
    )
    assert "told other values than the trials have" in text
    assert "hyperband" in refusal(url, tmp_path, pruner="hyperband")
    with pytest.raises(HpbridgeError, match="must learn from its own"):
        hpb.compare(
            experiment(),
            ["optuna:tpe", "random"],
            options={"optuna:tpe": {"storage": url}},
            store=tmp_path / "c.db",
        )
    with pytest.raises(OptionError, match="the host's own"):
        BridgeSampler("optuna:tpe", options={"storage": url})


def test_explain_prints_a_script_that_joins_the_study(tmp_path, url):
    run(url, tmp_path, n_trials=3)
    spec, algorithm = registry().algorithm("optuna:tpe")
    options = algorithm.options(storage=url)
    problem = hpb.plugin.Problem(
        hpb.Space(SPACE), metrics=("value",), directions=("maximize",), name="shared"
    )
    script = spec.explain(problem, algorithm, options, 5)
    names = {"objective": lambda p: p["x"], "n_trials": 2}
    exec(script, names)
    found = loaded(url).trials
    assert len(found) == 5
    assert [-t.value for t in found[3:]] == [value for _, value in names["trials"]]
