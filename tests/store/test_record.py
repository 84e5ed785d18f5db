"""One table says what a trial is; what stands beside it must say the same."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import fields, replace

import pytest

import hpbridge as hpb
from hpbridge.contract.foreign import ForeignTrial
from hpbridge.errors import StoreError
from hpbridge.experiment import Constraint
from hpbridge.formats.export import study_to_json
from hpbridge.formats.trials import (
    FOREIGN_FIELDS,
    finished_of,
    foreign_from_json,
    foreign_of,
    foreign_to_json,
)
from hpbridge.store import open_store, schema
from hpbridge.store.record import (
    COLUMNS,
    KEPT_FIELDS,
    STUDY_FIELDS,
    Status,
    StudyRecord,
    cells_of,
    running_cells_of,
    trial_of,
    trial_to_json,
)
from hpbridge.store.settings import ImportedFrom, PastStudy, Settings, StudySettings
from hpbridge.study import RESULT_COLUMNS
from hpbridge.trial import FinishedTrial, Origin, State

SPACE = hpb.Space({"x": hpb.Float(0, 1), "kind": hpb.Categorical({"a": (1,), "b": 2})})
POINT = {"x": 0.5, "kind": "a"}
TRIAL = FinishedTrial(
    number=3,
    state=State.PRUNED,
    params=POINT,
    values=SPACE.to_objects(POINT),
    metrics={"value": math.inf, "other": 2.5},
    origin=Origin.SHARED,
    tells_before=2,
    told=4,
    reports=((0, 1.5), (7, math.nan)),
    error="ValueError: no",
    traceback="Traceback …",
    seed=2**40,
    worker="1|2",
    attempts=2,
    asked_at=1e9,
    started_at=1e9 + 1,
    ask_seconds=0.25,
    run_seconds=0.5,
    tell_seconds=None,
    attributes={"by": ["ada", None]},
    native={"id": 3},
    budget=9,
    bracket=2,
    rung=1,
    parent=1,
)
SETTINGS = [
    StudySettings(Settings(3), "local"),
    StudySettings(
        Settings(9, timeout=1.5, target=-2, retries=1, workers=2, timeout_trial=3),
        "ray",
        (Constraint("value", -1, 0.5),),
        ({"x": 0.5, "kind": "b"},),
        PastStudy("s", is_own=True, native={"seed": 3}),
    ),
    StudySettings(Settings(4), imported=ImportedFrom("json", "s.json")),
    StudySettings(Settings(1), "local", further={"of": "a newer version"}),
]


def test_the_table_and_the_trial_have_the_same_fields() -> None:
    known = {each.name for each in fields(FinishedTrial)} - {"values"}
    assert {each.name for each in KEPT_FIELDS} == known
    assert {each.name for each in fields(ForeignTrial)} <= known
    assert {each.name for each in fields(ForeignTrial)} == {
        each.name for each in FOREIGN_FIELDS
    }
    assert {"study_id", *COLUMNS} == set(schema.trials.c.keys())


def test_the_table_and_the_record_of_a_study_have_the_same_fields() -> None:
    names = [each.name for each in STUDY_FIELDS]
    assert sorted(names) == sorted(each.name for each in fields(StudyRecord))
    assert {*names, "lease_owner", "lease_until", "n_ended"} == set(
        schema.studies.c.keys()
    )


def test_the_schema_says_of_every_version_what_it_added() -> None:
    assert list(schema.ADDED) == list(range(2, schema.STORE_SCHEMA + 1))
    assert all(column.nullable for added in schema.ADDED.values() for column in added)


def row_of(cells):
    return dict(zip(COLUMNS, cells, strict=True))


def test_a_trial_comes_back_from_its_cells() -> None:
    row = row_of(cells_of(TRIAL))
    assert {type(cell) for cell in row.values()} <= {str, int, float, type(None)}
    assert row["value"] is None  # SQL has no infinity everywhere
    assert row["metrics"] == '{"value": "inf", "other": 2.5}'
    assert row["state"] == "pruned"
    # NaN is not equal to itself.
    assert repr(trial_of(row, SPACE)) == repr(TRIAL)


def test_what_a_trial_has_not_is_an_empty_cell() -> None:
    plain = FinishedTrial(0, State.COMPLETE, POINT, SPACE.to_objects(POINT), {"v": 1.5})
    row = row_of(cells_of(plain))
    empty = {name for name, cell in row.items() if cell is None}
    assert empty == {
        *("reports", "error", "traceback", "tell_seconds", "attributes", "native"),
        *("budget", "bracket", "rung", "parent"),
    }
    assert row["value"] == 1.5
    assert trial_of(row, SPACE) == plain


def test_a_running_trial_is_read_as_one_that_failed_at_once() -> None:
    row = row_of(running_cells_of(TRIAL))
    assert (row["state"], row["told"], row["started_at"]) == ("running", None, None)
    read = trial_of(row, SPACE)
    assert (read.state, read.told, read.metrics) == (State.FAILED, 0, {})
    assert (read.number, read.params, read.seed) == (3, TRIAL.params, TRIAL.seed)


def test_a_trial_in_json_shows_first_what_a_table_shows() -> None:
    data = trial_to_json(TRIAL)
    names = list(data)
    stage = "budget", "bracket", "rung", "parent"
    shown = [name for name in (*RESULT_COLUMNS, *stage) if name in names]
    assert names[: len(shown)] == shown
    assert names[len(shown) :] == [
        *("params", "metrics", "reports", "traceback", "attributes", "native")
    ]
    assert json.loads(json.dumps(data, allow_nan=False))["reports"] == [
        [0, 1.5],
        [7, "nan"],
    ]


def test_a_trial_goes_to_another_tool_and_comes_back() -> None:
    for with_native in (True, False):
        data = foreign_to_json(foreign_of(TRIAL), with_native=with_native)
        read = foreign_from_json(json.loads(json.dumps(data, allow_nan=False)))
        back = finished_of(read, 3, read.params, SPACE)
        expected = replace(
            FinishedTrial(3, TRIAL.state, POINT, TRIAL.values, TRIAL.metrics),
            **{f.name: getattr(TRIAL, f.name) for f in FOREIGN_FIELDS},
            origin=Origin.IMPORTED,
            asked_at=TRIAL.started_at,
            tells_before=3,
            told=3,
        )
        expected = expected if with_native else replace(expected, native={})
        assert repr(back) == repr(expected)


def test_what_another_tool_does_not_know_is_not_made_up() -> None:
    data = {"state": "failed", "params": {}, "metrics": {}, "reports": []}
    with pytest.raises(KeyError, match="error"):
        foreign_from_json(data)
    read = foreign_from_json({**data, "error": None})
    assert (read.started_at, read.run_seconds, read.attributes) == (None, None, {})
    assert finished_of(read, 0, {}, SPACE).started_at == 0.0


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_settings_come_back_and_read_as_the_mapping_that_is_stored(settings) -> None:
    stored = json.loads(json.dumps(settings.to_json()))
    read = StudySettings.from_json(stored)
    assert vars(read) | {"_data": 0} == vars(settings) | {"_data": 0}
    assert read == settings == stored
    assert read["n_trials"] == settings.budget.n_trials
    assert list(read) == list(stored)
    assert ("timeout" in read) == (settings.imported is None)


def test_settings_of_an_older_version_lack_what_it_did_not_have() -> None:
    read = StudySettings.from_json({"n_trials": 3, "driver": "local"})
    assert read.budget == Settings(3)
    assert read.bounds == ()


def test_a_constraint_is_written_as_it_is_given() -> None:
    e = hpb.Experiment(objective=len, space=SPACE, constraints={"value": ">= 0.1"})
    (bound,) = e.bounds
    assert bound.text == ">= 0.1"
    assert Constraint.from_json(json.loads(json.dumps(bound.to_json()))) == bound


def a_study(store):
    e = hpb.Experiment(
        objective=lambda trial: trial["x"], space=SPACE, constraints={"value": "<= 0.9"}
    )
    return hpb.run(e, "random", n_trials=3, seed=1, store=store, name="s")


def test_a_record_is_typed_and_a_study_is_its_record(tmp_path) -> None:
    store = tmp_path / "store.db"
    study = a_study(store)
    record = open_store(store).study("s")
    assert record.status is Status.FINISHED
    assert record.settings.budget == Settings(3)
    assert record.settings.bounds == study.bounds
    known = {f.name: getattr(study, f.name) for f in STUDY_FIELDS}
    # Read from a store, choices are their labels.
    labels = {"space": hpb.Space.from_json(study.space.to_json())}
    assert vars(record) == known | labels
    assert open_store(store).studies(seed=1, backend="random") == [record]
    assert open_store(store).studies(seed=2) == []


def test_a_damaged_study_is_told_in_a_sentence(tmp_path) -> None:
    store = tmp_path / "store.db"
    a_study(store)
    database = open_store(store)
    with database.engine.begin() as connection:
        connection.execute(schema.studies.update().values(space="{"))
    with pytest.raises(StoreError, match="holds a damaged study 's'") as caught:
        hpb.load_study("s", store)
    assert caught.value.hint == "restore a copy"


def test_the_json_of_a_study_has_the_fields_that_are_shown(tmp_path) -> None:
    data = study_to_json(a_study(tmp_path / "store.db"))
    shown = [each.name for each in STUDY_FIELDS if each.is_shown]
    shown.insert(shown.index("metrics") + 1, "bounds")
    assert list(data) == ["schema", *shown, "trials"]
    assert data["settings"]["bounds"] == [["value", 1, 0.9]]


LOAD = "import sys, hpbridge; print(len(hpbridge.load_study('s', sys.argv[1]).trials))"


def test_a_process_that_made_no_parameter_reads_a_study(tmp_path) -> None:
    # Which kinds there are must not hang on what has been imported.
    store = tmp_path / "store.db"
    a_study(store)
    command = [sys.executable, "-c", LOAD, str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3\n", "")
