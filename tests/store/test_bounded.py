"""Stores that somebody wrote to do harm: each is read or refused, in bounds."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest

import hpbridge as hpb
from hpbridge.contract import bounds
from hpbridge.errors import HpbridgeError, StoreDamagedError, StoreError
from hpbridge.store import open_store
from hpbridge.store.bounded import TRUST_VARIABLE

SPACE = {"x": hpb.Float(0, 1), "c": hpb.Categorical(["a", "b"])}
TRIALS, STUDIES = "hpbridge_trials", "hpbridge_studies"
ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"
BUSY = "instr(zeroblob(30000000), zeroblob(15000000) || x''01'')"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("bounded") / "store.db"
    experiment = hpb.Experiment(objective=lambda t: t["x"], space=SPACE, name="e")
    hpb.run(experiment, "random", n_trials=10, seed=0, name="study", store=path)
    return path.read_bytes()


@pytest.fixture
def path(whole, tmp_path):
    copy = tmp_path / "store.db"
    copy.write_bytes(whole)
    return copy


def sql(path, script):
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.executescript(script)


def columns_of(path, table):
    with contextlib.closing(sqlite3.connect(path)) as store:
        return [row[1] for row in store.execute(f"PRAGMA table_info({table})")]


def view(path, table):
    """Return what makes a table a view that has rows without an end."""
    columns = ", ".join(f"old.{name}" for name in columns_of(path, table))
    return (
        f"ALTER TABLE {table} RENAME TO old; "
        f"CREATE VIEW {table} AS {ENDLESS} SELECT {columns} FROM c, old;"
    )


def schema(name, old, new):
    """Return what changes how a table or an index says that it was made."""
    return (
        "PRAGMA writable_schema = ON; UPDATE sqlite_master "
        f"SET sql = replace(sql, '{old}', '{new}') WHERE name = '{name}';"
    )


def column(old, new):
    return schema(TRIALS, old, new)


COMPUTING = {
    "a view of trials": lambda path: view(path, TRIALS),
    "a view of studies": lambda path: view(path, STUDIES),
    "a view of versions": lambda path: view(path, "hpbridge_meta"),
    "a trigger": lambda _: (
        f"CREATE TRIGGER t AFTER UPDATE ON {STUDIES} BEGIN DELETE FROM {TRIALS}; END;"
    ),
    "a column": lambda _: column("error TEXT", f"error TEXT AS ({BUSY})"),
    "a check": lambda _: column("told INTEGER", f"told INTEGER CHECK ({BUSY} > -1)"),
    "a default": lambda _: column("told INTEGER", f"told INTEGER DEFAULT ({BUSY})"),
    "a comment": lambda _: column("told INTEGER", f"told INTEGER CHECK/**/({BUSY})"),
    "an index": lambda _: (
        f"CREATE INDEX i ON {TRIALS} (instr(number, 1));"
        + schema("i", "instr(number, 1)", BUSY)
    ),
    "a virtual table": lambda _: (
        f"DROP TABLE {TRIALS}; CREATE VIRTUAL TABLE {TRIALS} USING fts5(number);"
    ),
}


@pytest.mark.parametrize("name", COMPUTING)
def test_a_table_that_computes_is_refused(name, path):
    sql(path, COMPUTING[name](path))
    with pytest.raises(StoreDamagedError, match="not as hpbridge makes one") as refused:
        open_store(path)
    assert refused.value.hint


def test_what_users_add_is_theirs(path):
    sql(
        path,
        f"CREATE VIEW best AS SELECT min(value) FROM {TRIALS};"
        f"CREATE INDEX by_value ON {TRIALS} (value, json_extract(params, '$.x'));"
        f"CREATE TABLE hpbridge_notes (study INTEGER REFERENCES {STUDIES} (id), "
        "n INTEGER CHECK (abs(n) > 1) DEFAULT (abs(-2)));"
        "CREATE TRIGGER theirs AFTER INSERT ON hpbridge_notes BEGIN SELECT 1; END;",
    )
    assert len(hpb.load_study("study", path).trials) == 10


CELLS = {
    "params": f'{{"x": {"[" * 900 + "]" * 900}}}',
    "attributes": f'{{"x": {"[" * 350 + "]" * 350}}}',
    "native": f'{{"x": {"[" * 100_000}',
    "metrics": '{"other": 1.0}',
    "seed": "9" * 1_000_000,
    "worker": "w" * 1_000_000,
}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_that_no_trial_has_is_a_damage(name, path):
    with contextlib.closing(sqlite3.connect(path)) as store:
        query = f"UPDATE {TRIALS} SET {name} = ?, checksum = NULL WHERE number = 3"
        store.execute(query, [CELLS[name]])
        store.commit()
    with pytest.raises(StoreDamagedError) as refused:
        hpb.load_study("study", path)
    assert "trial 3: " in refused.value.problems[0]
    assert len(str(refused.value)) < 1000
    assert len(hpb.load_study("study", path, salvage=True).trials) == 9


@pytest.mark.parametrize("metrics", ["{}", '{"value": []}', "[]", '{"value": "up"}'])
def test_a_study_has_metrics_with_directions(metrics, path):
    sql(path, f"UPDATE {STUDIES} SET metrics = '{metrics}'")
    with pytest.raises(StoreDamagedError, match="holds a damaged study"):
        hpb.load_study("study", path)


def test_json_is_as_deep_as_brackets_outside_of_text():
    from hpbridge.store.record import KEPT_FIELDS

    (native,) = (field for field in KEPT_FIELDS if field.name == "native")
    data = {"text": '[{"' * 1000, "lists": [[k] for k in range(1000)], "\\": "[" * 999}
    assert native.of_cell(json.dumps(data)) == data


def test_rows_without_an_end_are_ended_by_the_clock(path, monkeypatch):
    add_rows(path, 20_000)
    monkeypatch.setattr(bounds, "SECONDS", 0.02)
    monkeypatch.setattr(bounds, "SECONDS_A_MIB", 0.0)
    with pytest.raises(StoreError, match=r"it takes more than 0 s to read") as refused:
        hpb.load_study("study", path)
    assert TRUST_VARIABLE in refused.value.hint
    monkeypatch.setenv(TRUST_VARIABLE, "1")
    with pytest.raises(StoreDamagedError, match="holds a damaged study"):
        hpb.load_study("study", path)


def add_rows(path, n):
    """Add copies of a trial, in a table that has no key."""
    names = ", ".join(columns_of(path, TRIALS))
    sql(
        path,
        f"CREATE TABLE other AS SELECT * FROM {TRIALS}; DROP TABLE {TRIALS}; "
        f"ALTER TABLE other RENAME TO {TRIALS}; "
        f"INSERT INTO {TRIALS} {ENDLESS[:-1]} LIMIT {n}) "
        f"SELECT {names} FROM c, (SELECT * FROM {TRIALS} LIMIT 1);",
    )


def test_a_query_is_interrupted_within_one_step_of_sqlite(path, monkeypatch):
    add_rows(path, 1000)
    monkeypatch.setattr(bounds, "SECONDS", 0.2)
    database = open_store(path)
    query = f"SELECT count(*) FROM {', '.join(f'{TRIALS} AS t{k}' for k in range(4))}"
    with database.engine.connect() as connection:
        database._bounded(lambda: connection.exec_driver_sql("SELECT 1").scalar())
        with pytest.raises(HpbridgeError, match="to read"):
            database._bounded(lambda: connection.exec_driver_sql(query).scalar())
