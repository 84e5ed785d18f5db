"""The store on SQLite, PostgreSQL and MariaDB: the same tests, on real servers."""

from __future__ import annotations

import math
import os
import sys
import time

import pytest
import sqlalchemy as sa

import hpbridge as hpb
from hpbridge.contract.backend import Optimizer, Suggestion
from hpbridge.drivers.local import open_local
from hpbridge.drivers.loop import drive
from hpbridge.engine.plan import Plan
from hpbridge.errors import (
    StoreError,
    StoreLockedError,
    StoreSchemaError,
    StudyNotFoundError,
)
from hpbridge.learning.choice import choose
from hpbridge.learning.learner import Learner
from hpbridge.learning.session import Session
from hpbridge.store import Database, StudyWriter, open_store, schema
from hpbridge.store.appending import append
from hpbridge.store.claim import Claim
from hpbridge.store.lease import LEASE_SECONDS
from hpbridge.store.settings import Settings
from hpbridge.trial import FinishedTrial, State
from tests import database_servers as servers
from tests.forked import Forked

SPACE = {
    "x": hpb.Float(-1, 1),
    "kind": hpb.Categorical([1, "one", None, 2.5, "☃"]),
    "depth": hpb.Int(1, 3, when={"kind": "one"}),
}


def served(server):
    try:
        with server() as url:
            yield url
    except servers.NotInstalledError as reason:
        yield str(reason)


@pytest.fixture(scope="session")
def postgresql():
    yield from served(servers.postgresql)


@pytest.fixture(scope="session")
def mariadb():
    yield from served(servers.mariadb)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request, tmp_path):
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.db")
        return
    server = request.getfixturevalue(request.param)
    if "://" not in server:
        pytest.skip(server)
    admin = "postgres" if request.param == "postgresql" else "mysql"
    with servers.empty_database(server, admin) as url:
        yield url


def experiment(objective=lambda trial: trial["x"] ** 2, **parts):
    return hpb.Experiment(objective=objective, **{"space": SPACE, **parts})


def plan_of(tuned, n_trials=5):
    return Plan(tuned, choose("random", tuned), Settings(n_trials), 0, "local")


def a_trial(number, **values):
    given = {"params": {"x": 0.5}, "values": {"x": 0.5}, "metrics": {"value": 1.0}}
    return FinishedTrial(number, State.COMPLETE, **{"told": number, **given, **values})


def read_line(process):
    return process.stdout.readline().strip()


def close(process):
    process.kill()
    process.communicate()


HOLD = """
import sys, time
from hpbridge.store import StudyWriter, open_store
database = open_store(sys.argv[1])
try:
    writer = StudyWriter(database, int(sys.argv[2]), "study")
    print("has it", flush=True)
    time.sleep(60)
except Exception as error:
    print(type(error).__name__, str(error).replace(chr(10), " "), flush=True)
"""


def strange(trial):
    outcomes = [
        {"value": 1.5, "seconds": math.inf, "loss": math.nan, "µ": -math.inf},
        math.nan,
        -math.inf,
        ValueError("NUL \0, half a pair \udc80, a snowman ☃, a quote '"),
        {"value": 0.1 + 0.2},
        ValueError("long " * 300_000),
    ]
    trial.report(math.nan, 1)
    trial.report(1e-300, 2)
    outcome = outcomes[trial.number]
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def same(left, right):
    return repr(left) == repr(right)  # unlike ==, holds for NaN


def test_a_study_reads_as_it_ran(url) -> None:
    ran = hpb.run(experiment(strange), "random", n_trials=6, seed=3, store=url)
    read = hpb.load_study(ran.name, url)
    for mine, its in zip(ran.trials, read.trials, strict=True):
        for name, value in vars(mine).items():
            assert same(getattr(its, name), value), name
    assert read.trials[3].error == (
        "ValueError: NUL \\x00, half a pair \\udc80, a snowman ☃, a quote '"
    )
    assert "ValueError: NUL" in read.trials[3].traceback
    assert read.trials[5].error.endswith("… (1500011 characters)")
    assert [t.state.value for t in read.trials] == [
        *("complete", "failed", "complete", "failed", "complete", "failed")
    ]


def test_a_study_records_what_it_depends_on(url) -> None:
    before = time.time()
    tuned = experiment(lambda t: time.sleep(0.01) or t["x"], direction="maximize")
    name = hpb.run(tuned, "random", n_trials=3, seed=2**32 - 1, store=url).name
    study = hpb.load_study(name, url)
    assert study.seed == 2**32 - 1
    assert study.optimizer == "random:random"
    assert study.metrics == {"value": "maximize"}
    assert study.space == tuned.space
    assert study.versions["python"] == sys.version.split()[0]
    assert {"hpbridge", "hpbridge-random"} <= set(study.versions)
    assert study.machine["cores"] == os.cpu_count()
    assert study.settings["n_trials"] == 3
    assert study.status == "finished"
    assert before <= study.created_at <= study.updated_at <= time.time()
    for trial in study.trials:
        assert before <= trial.asked_at <= trial.started_at <= time.time()
        assert trial.run_seconds >= 0.01
        assert trial.ask_seconds >= 0
        assert trial.tell_seconds >= 0
        seconds = trial.ask_seconds + trial.run_seconds + trial.tell_seconds
        assert seconds < time.time() - before


def test_names_are_unique_and_compared_as_written(url) -> None:
    names = ["Digits", "Digits", "digits", "1"]
    ran = [
        hpb.run(experiment(), "random", n_trials=1, seed=0, store=url, name=name)
        for name in names
    ]
    assert [study.name for study in ran] == ["Digits", "Digits-2", "digits", "1"]
    assert hpb.load_study(1, url).name == "Digits"
    assert hpb.load_study(str(ran[1].id), url).name == "Digits-2"
    assert hpb.load_study("1", url).id == ran[3].id  # a name goes before an id
    with pytest.raises(StudyNotFoundError, match=r"holds no study 'Digit'; did you"):
        hpb.load_study("Digit", url)


class Witness(Optimizer):
    """Looks into the store, through another connection, while it is told."""

    def __init__(self, url) -> None:
        self.url, self.asked, self.seen = url, 0, []

    def ask(self):
        self.asked += 1
        return Suggestion(self.asked, {"x": 0.5, "kind": 1})

    def tell(self, suggestion, outcome) -> None:
        with open_store(self.url).engine.connect() as connection:
            columns = schema.trials.c
            query = sa.select(columns.number, columns.state, columns.value)
            rows = connection.execute(query.order_by(columns.number)).all()
        self.seen.append([tuple(row) for row in rows])


class Begun:
    """The life of a session that is there already."""

    pruner = promotions = None

    def __init__(self, session) -> None:
        self.session = session

    def begin(self):
        return self.session

    def end(self, error) -> None:
        assert error is None


@pytest.mark.parametrize("workers", [1, 2])
def test_a_trial_is_on_disk_before_its_optimizer_hears_of_it(url, workers) -> None:
    tuned = experiment(lambda trial: trial.number)
    settings = Settings(3, workers=workers)
    plan = Plan(tuned, choose("random", tuned), settings, 0, "local")
    witness = Witness(url)
    with StudyWriter.create(open_store(url), plan.record) as writer:
        learner = Learner("witness", witness, tuned.space)
        session = Session(tuned, learner, 0, settings, writer)
        with open_local(tuned, settings) as executor:
            drive([Begun(session)], executor)
    assert len(witness.seen) == 3
    for n_told, rows in enumerate(witness.seen, 1):
        complete = [row for row in rows if row[1] == "complete"]
        assert len(complete) == n_told
        assert all(value == number for number, _, value in complete)


def test_another_process_cannot_write_a_study_that_is_written(url) -> None:
    database = open_store(url)
    with StudyWriter.create(database, plan_of(experiment()).record) as writer:
        second = Forked(HOLD, url, writer.study_id)
        said = read_line(second)
        close(second)
        writer.add(a_trial(0))
    assert said.startswith("StoreLockedError Study ")
    assert f"is being written by process {os.getpid()} on " in said
    assert "Hint: wait for it, or" in said
    third = Forked(HOLD, url, writer.study_id)
    assert read_line(third) == "has it"  # it was given free
    close(third)


def test_the_lease_of_a_killed_process_is_free_at_once(url) -> None:
    database = open_store(url)
    with StudyWriter.create(database, plan_of(experiment()).record) as writer:
        pass
    owner = Forked(HOLD, url, writer.study_id)
    assert read_line(owner) == "has it"
    with pytest.raises(StoreLockedError, match=f"process {owner.pid} on"):
        StudyWriter(database, writer.study_id, "study")
    assert database.study(writer.study_id).status == "running"
    owner.kill()
    owner.communicate()
    assert database.study(writer.study_id).status == "interrupted"
    StudyWriter(database, writer.study_id, "study").close()


def set_lease(database, owner, seconds) -> None:
    update = schema.studies.update().values(
        lease_owner=owner, lease_until=time.time() + seconds
    )
    with database.engine.begin() as connection:
        connection.execute(update)


def lease_of(database):
    columns = schema.studies.c
    with database.engine.connect() as connection:
        query = sa.select(columns.lease_owner, columns.lease_until)
        return connection.execute(query).one()


def test_the_lease_of_another_machine_is_free_when_it_ends(url) -> None:
    database = open_store(url)
    with StudyWriter.create(database, plan_of(experiment()).record) as writer:
        left = lease_of(database)[1] - time.time()
        assert LEASE_SECONDS - 5 < left <= LEASE_SECONDS
    set_lease(database, "elsewhere/1|7|1|x", 30)
    with pytest.raises(StoreLockedError, match=r"process 7 on elsewhere.*\n.*30 sec"):
        StudyWriter(database, writer.study_id, "study")
    set_lease(database, "elsewhere/1|7|1|x", -0.1)
    StudyWriter(database, writer.study_id, "study").close()


def test_a_process_that_lost_its_lease_writes_no_more(url, monkeypatch) -> None:
    # As when a laptop slept for longer than the lease, and another took the study.
    monkeypatch.setattr("hpbridge.store.lease.LEASE_SECONDS", 0.05)
    database = open_store(url)
    with StudyWriter.create(database, plan_of(experiment()).record) as writer:
        writer.add(a_trial(0))
        time.sleep(0.1)
        writer.add(a_trial(1))  # nobody took it, so it is renewed
        time.sleep(0.1)
        set_lease(database, "elsewhere/1|7|1|x", 30)
        with pytest.raises(StoreLockedError, match="another process by now") as caught:
            writer.add(a_trial(2))
        assert '"number": 2' in str(caught.value)
    assert len(database.trials(database.study(writer.study_id)).finished) == 2
    assert lease_of(database)[0] == "elsewhere/1|7|1|x"


READ = """
import sys, time
import hpbridge
name, url, until = sys.argv[1], sys.argv[2], int(sys.argv[3])
counts = [len(hpbridge.load_study(name, url).trials)]
print("reads", flush=True)
while counts[-1] < until:
    counts.append(len(hpbridge.load_study(name, url).trials))
    time.sleep(0.005)
assert counts == sorted(counts)
print(len(set(counts)), flush=True)
"""


def test_readers_read_while_a_writer_writes(url) -> None:
    database = open_store(url)
    with StudyWriter.create(database, plan_of(experiment()).record) as writer:
        writer.add(a_trial(0))
        reader = Forked(READ, writer.name, url, 300)
        assert read_line(reader) == "reads"
        for number in range(1, 300):
            writer.add(a_trial(number))
            time.sleep(0.002)
        said = reader.communicate()
    assert reader.returncode == 0
    assert int(said) > 2  # it saw the study grow


OPEN = "import sys, hpbridge.store as s; print(s.open_store(sys.argv[1]).studies())"


def test_several_processes_make_a_store_at_the_same_moment(url) -> None:
    processes = [Forked(OPEN, url) for _ in range(3)]
    assert [p.communicate().strip() for p in processes] == ["[]"] * 3
    assert [p.returncode for p in processes] == [0] * 3


def set_version(database, version) -> None:
    with database.engine.begin() as connection:
        connection.execute(schema.meta.delete())
        if version is not None:
            row = {"key": "schema", "value": version}
            connection.execute(schema.meta.insert(), row)
    database.engine.dispose()


def reopen(database) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    Database(url).engine.dispose()


def test_a_store_that_was_made_halfway_is_made_whole(url) -> None:
    database = open_store(url)
    set_version(database, None)
    schema.trials.drop(database.engine)
    reopen(database)
    with database.engine.connect() as connection:
        assert connection.execute(sa.select(schema.trials)).all() == []


def test_a_store_from_an_older_version_is_brought_up_to_date(url) -> None:
    database = open_store(url)
    with StudyWriter.create(database, plan_of(experiment()).record) as writer:
        writer.add(a_trial(0))
    with database.engine.begin() as connection:
        for column in schema.ADDED[2]:
            drop = f"ALTER TABLE {column.table.name} DROP COLUMN {column.name}"
            connection.exec_driver_sql(drop)
    set_version(database, "1")
    processes = [Forked(OPEN, url) for _ in range(3)]
    assert [process.communicate()[:12] for process in processes] == ["[StudyRecord"] * 3
    study = hpb.load_study(writer.name, url)
    assert [trial.number for trial in study.trials] == [0]
    assert (study.attributes, study.trials[0].attributes) == ({}, {})


def test_a_store_from_a_newer_version_is_refused(url) -> None:
    database = open_store(url)
    newer = schema.STORE_SCHEMA + 1
    set_version(database, str(newer))
    with pytest.raises(StoreSchemaError) as caught:
        reopen(database)
    assert str(caught.value) == (
        f"The store {database.url} has schema {newer}; "
        f"this hpbridge knows {schema.STORE_SCHEMA}.\n"
        "Hint: `pip install --upgrade hpbridge`."
    )


def test_a_writer_outlives_a_connection_that_the_server_drops(url) -> None:
    database = open_store(url)
    if database.is_sqlite:
        kill = ""  # a file drops nobody
    elif database.engine.dialect.name == "postgresql":
        kill = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    else:
        kill = (
            "SELECT id FROM information_schema.processlist "
            "WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        )
    with StudyWriter.create(database, plan_of(experiment()).record) as writer:
        writer.add(a_trial(0))
        if kill:
            other = sa.create_engine(database.engine.url, poolclass=sa.pool.NullPool)
            with other.connect() as connection:
                found = connection.exec_driver_sql(kill).scalars().all()
                for number in found if "processlist" in kill else ():
                    connection.exec_driver_sql(f"KILL {number}")
            assert found
        writer.add(a_trial(1))
        writer.note_tell(1, 0.25)
    trials = database.trials(database.study(writer.study_id)).finished
    assert [trial.tell_seconds for trial in trials] == [None, 0.25]


def test_an_announced_trial_becomes_the_finished_one(url) -> None:
    database = open_store(url)
    with StudyWriter.create(database, plan_of(experiment()).record) as writer:
        writer.announce(a_trial(0))
        writer.announce(a_trial(1))
        found = database.trials(database.study(1))
        assert ([t.number for t in found.running], found.finished) == ([0, 1], ())
        writer.add(a_trial(1, told=0))
        assert hpb.load_study(1, url).trials[0].number == 1
    with StudyWriter(database, 1, "study") as writer:
        writer.announce(a_trial(0))  # by another process, which died
        writer.add(a_trial(0, told=1))
        with pytest.raises(StoreError, match=r"the trial that could not be saved: \{"):
            writer.add(a_trial(0))  # never twice
    found = database.trials(database.study(1))
    assert [(t.number, t.state, t.told) for t in found.finished] == [
        (0, "complete", 1),
        (1, "complete", 0),
    ]
    assert found.finished[0].params == {"x": 0.5}
    assert found.running == ()


APPEND = """
import sys
from hpbridge.store import open_store
from hpbridge.store.appending import append
url, who = sys.argv[1:]
database = open_store(url)
print("ready", flush=True)
sys.stdin.readline()
for k in range(15):
    append(database, 1, "openings", {"who": who, "k": k, "none": float("nan")})
"""


def test_processes_that_append_at_once_lose_nothing_of_each_other(url):
    study = hpb.run(experiment(), "random", n_trials=2, seed=0, store=url)
    workers = [Forked(APPEND, url, who) for who in "abc"]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 3
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    found = hpb.load_study(study.name, url).attributes["openings"]
    by_who = {w: [e["k"] for e in found if e["who"] == w] for w in "abc"}
    assert by_who == {who: list(range(15)) for who in "abc"}


def test_what_was_appended_already_is_there_once(url):
    study = hpb.run(experiment(), "random", n_trials=2, seed=0, store=url)
    entry = {"at": 1.5, "value": math.nan}
    for _ in range(2):  # as where nobody knows whether the first one was heard
        attributes = append(study.home, study.id, "openings", entry)
    assert [each["at"] for each in attributes["openings"]] == [1.5]
    resumed = hpb.resume(study.name, experiment(), store=url, n_trials=3)
    assert len(resumed.attributes["openings"]) == 1


def test_one_process_at_a_time_runs_a_comparison(url):
    store = open_store(url)
    for _ in range(2):
        with Claim(store, 1, "mine"), Claim(store, 2, "other"):
            third = Claim(store, 1, "mine")
            with pytest.raises(StoreLockedError, match="'mine' is being run by"):
                third.__enter__()
