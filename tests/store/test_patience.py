"""A store that is away while a study runs, and comes back: real servers, real locks."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

import hpbridge as hpb
from hpbridge.errors import ExperimentError, StoreError
from hpbridge.store import StudyWriter, engines, open_store
from hpbridge.store.patience import Patience
from tests import database_servers as servers
from tests.waiting import wait_until

SERVERS = {
    "postgresql": (servers.postgresql_server, "postgres"),
    "mariadb": (servers.mariadb_server, "mysql"),
}

# A server that dies makes SQLAlchemy take a new pool; what another writer had from the
# old one goes with it, and psycopg says so.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*was deleted while still open:ResourceWarning"
)

STUDY = {"backend": "random", "seed": 0, "n_trials": 12, "name": "study"}


def experiment(objective):
    return hpb.Experiment(objective=objective, space={"x": hpb.Float(-1, 1)})


@pytest.fixture(scope="module", params=list(SERVERS))
def server(request):
    """A server of this module's own: it is stopped and started."""
    make, admin = SERVERS[request.param]
    try:
        with make() as running:
            running.admin = admin
            yield running
    except servers.NotInstalledError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def url(server):
    with servers.empty_database(server.url, server.admin) as url:
        yield url
    gc.collect()  # not in a later test


class Fallen:
    """Stops a server in a trial; it is started when the study has begun to wait."""

    def __init__(self, server, caplog, *numbers):
        self.server, self.numbers = server, numbers
        self.caplog = caplog
        self.threads = []

    def __call__(self, trial):
        if trial.number in self.numbers:
            self.join()  # the one before may still be looking whether it is back
            self.server.stop()
            self.threads.append(threading.Thread(target=self.start_again))
            self.threads[-1].start()
        return trial["x"] ** 2

    def start_again(self):
        n = len(self.threads)
        wait_until(lambda: self.caplog.text.count("waiting for it up to") >= n)
        self.server.start()

    def join(self):
        for thread in self.threads:
            thread.join()


def values_of(study):
    return [(t.number, t.told, t.params, t.metrics) for t in study.trials]


def test_a_study_waits_for_its_server_and_loses_nothing(
    server, url, caplog, capfd
) -> None:
    objective = Fallen(server, caplog, 3, 7)
    study = hpb.run(experiment(objective), store=url, **STUDY)
    objective.join()
    plain = hpb.run(experiment(lambda t: t["x"] ** 2), store=":memory:", **STUDY)
    assert values_of(study) == values_of(hpb.load_study("study", url))
    assert values_of(study) == values_of(plain)
    assert study.status == "finished"
    said = [r.getMessage() for r in caplog.records if r.name.startswith("hpbridge")]
    assert len(said) == 4
    assert "; waiting for it up to 60 s" in said[0]
    assert said[1].startswith("the store is back after ")
    assert {r.name for r in caplog.records} == {"hpbridge.store.patience"}
    assert "Traceback" not in "".join(capfd.readouterr())


def test_several_workers_and_two_writers_wait(server, url, caplog) -> None:
    objective = Fallen(server, caplog, 5)
    other = []
    has_begun = threading.Event()  # a study that finds no server at its start ends

    def slow(trial):
        has_begun.set()
        if trial.number == 3:  # which it is to write when the server has fallen
            wait_until(lambda: objective.threads)
        return trial["x"]

    def run_other():
        settings = {"seed": 1, "n_trials": 6, "name": "other", "store": url}
        other.append(hpb.run(experiment(slow), "random", **settings))

    thread = threading.Thread(target=run_other)
    thread.start()
    assert has_begun.wait(60)
    with ThreadPoolExecutor(2) as pool:
        study = hpb.run(
            experiment(objective), store=url, driver=pool, workers=2, **STUDY
        )
    objective.join()
    thread.join()
    assert sorted(t.number for t in study.trials) == list(range(12))
    assert len(hpb.load_study("study", url).trials) == 12
    assert len(hpb.load_study("other", url).trials) == len(other[0].trials) == 6


def test_beyond_its_patience_a_study_ends_with_a_sentence(server, url, caplog) -> None:
    def stop(trial):
        if trial.number == 2:
            server.stop()
        return trial.number

    with pytest.raises(StoreError) as caught:
        hpb.run(experiment(stop), store=url, store_patience=0.5, **STUDY)
    server.start()
    text = str(caught.value)
    assert "waited for it 1 s:\n" in text or "waited for it 0 s:\n" in text
    assert 'that could not be saved: {"study_id": 1, "number": 2, ' in text
    assert text.endswith("then go on with `hpbridge resume study`.")
    assert "Traceback" not in caplog.text
    study = hpb.resume("study", experiment(lambda t: t.number), store=url)
    assert [t.metrics["value"] for t in study.trials] == list(range(12))


def test_what_was_written_when_the_server_fell_is_written_once(url) -> None:
    # The answer to a commit may be lost on its way: the call is made again.
    study = hpb.run(experiment(lambda t: t["x"]), store=url, **STUDY)
    lost = []

    def lose(_connection):
        if not lost:
            lost.append(True)
            raise engine.dialect.dbapi.OperationalError(2013, "lost")

    with StudyWriter(open_store(url).patient(5), study.id, "study") as writer:
        with writer._connection() as connection:
            engine = connection.engine
        commit = engine.dialect.do_commit
        engine.dialect.do_commit = lambda held: (commit(held), lose(held))
        try:
            writer.add(replace(study.trials[-1], number=12, told=12))
        finally:
            engine.dialect.do_commit = commit
    assert lost
    assert len(hpb.load_study("study", url).trials) == 13


LOCKED = """
import sqlite3, sys, threading
import hpbridge as hpb
def objective(trial):
    if trial.number == 2:
        other = sqlite3.connect(sys.argv[1], check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        objective.other = other
    return trial["x"]
e = hpb.Experiment(objective=objective, space={"x": hpb.Float(-1, 1)})
try:
    hpb.run(e, "random", n_trials=5, seed=0, store=sys.argv[1], name="study")
except BaseException as error:
    print(type(error).__name__, error, flush=True)
"""


def test_a_file_that_is_locked_for_a_while(tmp_path, caplog) -> None:
    path = str(tmp_path / "store.db")
    others = []

    def lock(trial):
        if trial.number == 2:
            others.append(sqlite3.connect(path, check_same_thread=False))
            others[0].execute("BEGIN IMMEDIATE")
            threading.Thread(target=unlock).start()
        return trial.number

    def unlock():
        wait_until(lambda: "waiting for it" in caplog.text)
        others[0].close()

    study = hpb.run(experiment(lock), store=path, **STUDY)
    assert [t.metrics["value"] for t in study.trials] == list(range(12))
    assert f"The store {path} is locked by another process; waiting" in caplog.text


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_and_the_trial_is_told(tmp_path, ending) -> None:
    path = str(tmp_path / "store.db")
    command = [sys.executable, "-c", LOCKED, path]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **output) as process:
        assert process.stdout.readline() == "locked\n"
        assert "; waiting for it up to 60 s" in process.stderr.readline()
        os.kill(process.pid, ending)
        out, _ = process.communicate(timeout=50)
    assert out.startswith("StoreAwayError The store")
    assert 'that could not be saved: {"study_id": 1, "number": 2, ' in out
    assert "then go on with `hpbridge resume study`." in out
    assert [t.number for t in hpb.load_study("study", path).trials] == [0, 1]


def test_a_file_on_a_disk_that_is_full_for_a_while(tmp_path, caplog) -> None:
    store = open_store(tmp_path / "store.db")
    filled = []

    def fill(connection, _record):
        count = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {max(count, 16) + 8}")
        filled.append(connection)

    def free():
        wait_until(lambda: "is on a full disk; waiting" in caplog.text)
        sa.event.remove(store.engine, "connect", fill)
        for connection in filled:
            with contextlib.suppress(sqlite3.ProgrammingError):  # it is closed
                connection.execute("PRAGMA max_page_count = 1000000")

    sa.event.listen(store.engine, "connect", fill)
    thread = threading.Thread(target=free)
    thread.start()
    long = experiment(lambda trial: {"value": 0.5, "x" * 9000: 1})
    study = hpb.run(long, store=store, **STUDY)
    thread.join()
    assert len(study.trials) == 12


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "long", True])
def test_a_patience_that_is_none_is_refused(seconds, tmp_path) -> None:
    path = tmp_path / "store.db"
    with pytest.raises(ExperimentError, match="store_patience must be seconds >= 0"):
        hpb.run(experiment(lambda t: 0), store=path, store_patience=seconds, **STUDY)
    assert not path.exists()


def test_what_fails_otherwise_is_not_tried_again() -> None:
    calls = []
    read_only = StoreError.failed("s.db", "is read-only", "make it writable")

    def fail(is_again):
        calls.append(is_again)
        raise read_only

    with pytest.raises(StoreError):
        Patience(60).tried(fail)
    assert calls == [False]


@pytest.fixture
def quick_answers(monkeypatch):
    """A server may say nothing for a second only."""
    monkeypatch.setattr(engines, "ANSWER_SECONDS", 1)
    limits = {**engines._LIMITS["pymysql"], "read_timeout": 1, "write_timeout": 1}
    monkeypatch.setitem(engines._LIMITS, "pymysql", limits)


def test_a_server_that_says_nothing_is_away(server, quick_answers, url, caplog) -> None:
    def freeze(trial):
        if trial.number in {2, 5}:
            server.freeze()
            threading.Thread(target=thaw, args=[trial.number]).start()
        return trial.number

    def thaw(number):
        n = 1 + (number == 5)
        wait_until(lambda: caplog.text.count("waiting for it up to") >= n)
        server.thaw()

    study = hpb.run(experiment(freeze), store=url, **STUDY)
    assert [t.metrics["value"] for t in study.trials] == list(range(12))
    assert values_of(study) == values_of(hpb.load_study("study", url))


def test_a_server_that_never_answers_ends_the_study(server, quick_answers, url) -> None:
    def freeze(trial):
        if trial.number == 2:
            server.freeze()
        return trial.number

    try:
        with pytest.raises(StoreError) as caught:
            hpb.run(experiment(freeze), store=url, store_patience=1, **STUDY)
    finally:
        server.thaw()
    assert "; waited for it " in caught.value.headline
    assert 'that could not be saved: {"study_id": 1, "number": 2, ' in str(caught.value)
    assert str(caught.value).endswith("then go on with `hpbridge resume study`.")
    study = hpb.resume("study", experiment(lambda t: t.number), store=url)
    assert [t.metrics["value"] for t in study.trials] == list(range(12))
