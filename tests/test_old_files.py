"""Stores and files of earlier versions are read as those versions read them.

Each folder of `tests/data` was made by the version with that schema of the store; its
`make.py` says how, and what it read then is in its `expected.json`. Of `bounded.csv`,
whose cells of None were empty, that is what is read now: a parameter that a minority of
the trials has is none of the space.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.errors import StoreError
from hpbridge.store import schema
from hpbridge.store.upgrade import STEPS

DATA = Path(__file__).parent / "data" / "schema_2"
EXPECTED = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))

PLAIN = ("json", "csv")
"""Endings of files that tell nothing of when and by which library they were written."""


def load_maker():
    spec = importlib.util.spec_from_file_location("make_schema_2", DATA / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKE = load_maker()


@pytest.fixture(scope="module")
def experiments():
    return MAKE.load_experiments()


@pytest.fixture(scope="module")
def read(experiments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpbridge.store.upgrade._log.disabled", True)
        return MAKE.read_all(DATA, experiments.SPACE)


@pytest.mark.parametrize("store", EXPECTED["stores"])
def test_every_study_of_a_store_reads_as_it_did(store, read) -> None:
    found, expected = read["stores"][store], EXPECTED["stores"][store]
    assert list(found) == list(expected)
    for name, study in expected.items():
        assert found[name] == study, name


@pytest.mark.parametrize("file", EXPECTED["files"])
def test_every_file_reads_as_it_did(file, read) -> None:
    assert read["files"][file] == EXPECTED["files"][file]


@pytest.mark.parametrize("file", [f for f in MAKE.FILES if f.endswith(PLAIN)])
def test_a_study_is_written_as_it_was(file, tmp_path) -> None:
    store = shutil.copy(DATA / "store.db", tmp_path / "store.db")
    name, form, *_ = file.split(".")
    hpb.write_study(hpb.load_study(name, store), tmp_path / file, form)
    written = (tmp_path / file).read_bytes()
    if file.endswith("csv"):  # a choice of None was an empty cell, as a gap is
        written = written.replace(b",None,", b",,")
    assert written == (DATA / file).read_bytes()


def has_the_same_libraries() -> bool:
    wanted = EXPECTED["versions"]
    return all(
        importlib.metadata.version(name) == wanted[name]
        for name in ("hyperopt", "numpy", "scipy")
    )


@pytest.mark.skipif(
    not has_the_same_libraries(), reason="other versions propose other trials"
)
@pytest.mark.parametrize("store", EXPECTED["stores"])
def test_a_study_that_was_interrupted_goes_on(store, experiments, tmp_path) -> None:
    shutil.copy(DATA / store, tmp_path / "store.db")
    study = hpb.resume("interrupted", experiments.free, store=tmp_path / "store.db")
    trials = [MAKE.described(t, MAKE.TRIAL_FIELDS[:5]) for t in study.trials]
    assert trials == EXPECTED["uninterrupted"]
    assert study.notes[-1].endswith("replay reproduced every proposal, bit for bit")


def dump(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@pytest.fixture
def old(tmp_path):
    return Path(shutil.copy(DATA / "store_schema1.db", tmp_path / "store.db"))


def test_an_older_store_is_brought_up_to_date_and_kept_as_it_was(old, caplog) -> None:
    before = dump(old)
    hpb.load_study("drawn", old)
    copy = old.with_name("store.db.schema1.bak")
    assert dump(copy) == before
    said = f"the store {old} was brought from schema 1 to {schema.STORE_SCHEMA}"
    assert caplog.messages == [f"{said}; as it was, it is kept in {copy}"]
    hpb.load_study("drawn", old)
    assert len(caplog.messages) == 1  # once
    # The copy is a store too, and one more of it has a name of its own.
    shutil.copy(copy, old)
    hpb.load_study("drawn", old)
    assert dump(copy) == before
    assert dump(old.with_name("store.db.schema1-2.bak")) == before
    hpb.load_study("drawn", copy)


def test_a_store_whose_log_is_not_yet_in_the_file_is_copied_whole(old) -> None:
    with contextlib.closing(sqlite3.connect(old)) as writer:
        writer.execute("UPDATE hpbridge_studies SET name = 'new' WHERE name = 'drawn'")
        writer.commit()
        assert old.with_name("store.db-wal").stat().st_size > 0
        assert hpb.load_study("new", old).trials
        copied = dump(old.with_name("store.db.schema1.bak"))
    assert any("'new'" in line for line in copied)


def test_a_store_that_cannot_be_copied_is_left_as_it_is(old, monkeypatch) -> None:
    def full(_place, _copy):
        message = "database or disk is full"
        raise sqlite3.OperationalError(message)

    before = dump(old)
    monkeypatch.setattr("hpbridge.store.upgrade._copy", full)
    with pytest.raises(StoreError) as caught:
        hpb.load_study("drawn", old)
    copy = old.with_name("store.db.schema1.bak")
    assert str(caught.value) == (
        f"The store {old} has schema 1, and no copy of it can be kept in {copy} while "
        f"it is brought to {schema.STORE_SCHEMA}: database or disk is full.\n"
        "Hint: free some space, and make its folder writable."
    )
    assert not copy.exists()
    assert dump(old) == before


def test_an_upgrade_that_fails_leaves_the_store_and_no_copy(old, monkeypatch) -> None:
    def fail(_connection):
        message = "the machine stops here"
        raise RuntimeError(message)

    before = dump(old)
    steps = {2: (*STEPS[2], fail)}
    monkeypatch.setattr("hpbridge.store.upgrade.STEPS", steps)
    with pytest.raises(RuntimeError):
        hpb.load_study("drawn", old)
    assert dump(old) == before
    assert [path.name for path in old.parent.glob("*.bak")] == []
