"""What can be wrong with a store: each ends in one sentence and a hint."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

import hpbridge as hpb
from hpbridge.errors import StoreError
from hpbridge.store import engines, open_store
from hpbridge.store.failures import explained
from tests.database_servers import free_port

STUDY = {"backend": "random", "seed": 0, "name": "study", "store_patience": 0}


def experiment(objective=lambda trial: trial["x"] ** 2):
    return hpb.Experiment(objective=objective, space={"x": hpb.Float(-1, 1)})


def run(path, n_trials=3, objective=lambda trial: trial["x"] ** 2) -> hpb.Study:
    return hpb.run(experiment(objective), n_trials=n_trials, store=path, **STUDY)


def refusal(call, *arguments) -> str:
    with pytest.raises(StoreError) as caught:
        call(*arguments)
    return str(caught.value)


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "store.db")


def test_a_locked_store(path, monkeypatch) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    run(path)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    message = refusal(run, path)
    other.close()
    assert message == (
        f"The store {path} is locked by another process.\nHint: end that process."
    )
    assert len(run(path).trials) == 3


def test_a_store_that_gets_locked_while_a_study_runs(path, monkeypatch) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    others = []

    def lock(trial):
        if trial.number == 2:
            others.append(sqlite3.connect(path))
            others[0].execute("BEGIN IMMEDIATE")
        return trial.number

    message = refusal(run, path, 5, lock)
    others[0].close()
    assert message.startswith(f"The store {path} is locked by another process:\n")
    assert 'that could not be saved: {"study_id": 1, "number": 2, ' in message
    assert '"metrics": "{\\"value\\": 2.0}"' in message
    assert [t.metrics["value"] for t in hpb.load_study("study", path).trials] == [0, 1]
    assert len(hpb.resume("study", experiment(), store=path).trials) == 5


READ_ONLY = """
import sys
import hpbridge as hpb
study = hpb.load_study("study", sys.argv[1])
print(len(study.trials), study.best_trial.number)
e = hpb.Experiment(objective=lambda t: 0, space={"x": hpb.Float(-1, 1)})
try:
    hpb.run(e, "random", n_trials=1, store=sys.argv[1])
except hpb.HpbridgeError as error:
    print(error)
"""
# Root may write anything, unless it gives that up.
UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.mark.parametrize("mode", [0o555, 0o755])
def test_a_read_only_store_can_be_read_and_not_written(tmp_path, mode) -> None:
    folder = tmp_path / "read only?"
    folder.mkdir()
    path = folder / "store.db"
    best = run(str(path)).best_trial.number
    path.chmod(0o444)
    folder.chmod(mode)
    command = UNPRIVILEGED if os.getuid() == 0 else []
    command = [*command, sys.executable, "-c", READ_ONLY, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    folder.chmod(0o755)
    assert done.stdout.splitlines() == [
        f"3 {best}",
        f"The store {path} is read-only.",
        "Hint: make it writable, or choose another with --store.",
    ]


def test_a_file_that_is_no_database(path) -> None:
    Path(path).write_text("lr,accuracy\n" * 100)
    assert refusal(run, path) == (
        f"The store {path} is no database: the file holds something else.\n"
        "Hint: choose another file with --store."
    )
    assert Path(path).read_text().startswith("lr,accuracy")


def test_a_corrupt_store(path) -> None:
    run(path, 300)
    with Path(path).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40_000)
    message = refusal(run, path)
    assert message.startswith(f"The store {path} is corrupt.\nHint: restore a copy")


def test_a_store_whose_folder_is_missing(tmp_path) -> None:
    path = str(tmp_path / "missing" / "store.db")
    assert refusal(run, path) == (
        f"The store {path} cannot be opened.\n"
        "Hint: check that its folder exists and is writable."
    )


def test_a_full_disk(path) -> None:
    store = open_store(path)

    def fill(connection, _record) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {max(pages, 16) + 4}")

    run(store, 3)
    sa.event.listen(store.engine, "connect", fill)
    e = experiment(lambda trial: {"value": 0.5, "x" * 2000: 1})
    message = refusal(lambda: hpb.run(e, n_trials=50, store=store, **STUDY))
    saved = hpb.load_study(2, path).trials
    number = len(saved)
    assert 0 < number < 50
    assert message.startswith(
        f"The store {path} is on a full disk:\n"
        f'  - the trial that could not be saved: {{"study_id": 2, "number": {number}, '
    )
    assert message.endswith(
        "\nHint: free some space, then go on with `hpbridge resume study-2`."
    )
    assert [trial.number for trial in saved] == list(range(number))


LIMITED = """
import resource, sys
import hpbridge as hpb
limit = int(sys.argv[2])
def objective(trial):
    if trial.number == 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return {"value": 0.5, "x" * 5000: 1}
e = hpb.Experiment(objective=objective, space={"x": hpb.Float(-1, 1)})
try:
    settings = {"seed": 0, "store": sys.argv[1], "store_patience": 0.5}
    hpb.run(e, "random", n_trials=500, name="study", **settings)
except hpb.HpbridgeError as error:
    print(error)
"""


def test_a_quota_that_the_operating_system_enforces(path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    command = [sys.executable, "-c", LIMITED, path, "400000"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    number = len(hpb.load_study("study", path).trials)
    assert 3 < number < 500
    assert lines[0] in {
        f"The store {path} cannot be written:",
        f"The store {path} is on a full disk; waited for it 1 s:",
        f"The store {path} is on a full disk; waited for it 0 s:",
    }
    assert f'could not be saved: {{"study_id": 1, "number": {number}, ' in lines[1]
    assert lines[2].startswith("Hint: ")
    e = experiment(lambda trial: {"value": 0.5})
    assert len(hpb.resume("study", e, store=path, n_trials=number + 2).trials)


def test_a_store_that_was_removed_is_made_anew(path) -> None:
    run(path)
    for file in Path(path).parent.iterdir():
        file.unlink()
    assert run(path).id == 1
    assert Path(path).exists()


def test_every_store_in_memory_is_one_of_its_own() -> None:
    assert run(":memory:").id == run(":memory:").id == 1
    with pytest.raises(StoreError, match="holds no study 'study'; there are none"):
        hpb.load_study("study", ":memory:")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nosuch://x", "is no database URL: Can't load plugin: sqlalchemy.dialects"),
        ("postgresql://me:secret@localhost:x/y", "is no database URL: invalid literal"),
        ("postgresql://", "failed: "),
        ("oracle://me:secret@host/x", "needs the package 'oracledb', which is not"),
    ],
)
def test_a_wrong_url(url, message) -> None:
    text = refusal(open_store, url)
    assert message in text
    assert "secret" not in text
    assert text.count("\n") == 1
    assert "\nHint: " in text


@pytest.mark.parametrize("kind", ["postgresql", "mysql", "mariadb"])
def test_a_server_that_is_not_running(kind) -> None:
    text = refusal(open_store, f"{kind}://me:secret@127.0.0.1:{free_port()}/studies")
    assert "://me:***@127.0.0.1:" in text
    assert "refused" in text
    assert text.endswith(
        "Hint: check that the server runs, and the name and password in the URL."
    )


@pytest.mark.parametrize(
    ("kind", "package"), [("postgresql", "psycopg"), ("mysql", "pymysql")]
)
def test_a_driver_package_that_is_not_installed(kind, package, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # what an import then finds
    assert refusal(open_store, f"{kind}://me@127.0.0.1:1/no_{package}") == (
        f"The store {kind}+{package}://me@127.0.0.1:1/no_{package} needs the package "
        f"{package!r}, which is not installed.\nHint: `pip install 'hpbridge[{kind}]'`."
    )


def interrupted_halfway() -> None:
    with explained("s.db"):
        try:
            raise KeyboardInterrupt
        finally:
            raise AssertionError  # as a library's pool does


def test_an_interrupt_that_a_library_turns_into_something_else_stays_one():
    with pytest.raises(KeyboardInterrupt):
        interrupted_halfway()


def failed_after_an_interrupt() -> None:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        with explained("s.db"):
            sa.create_engine("sqlite:////no/folder/s.db").connect()


def test_a_failure_after_an_interrupt_is_a_failure():
    with pytest.raises(StoreError, match="cannot be opened"):
        failed_after_an_interrupt()
