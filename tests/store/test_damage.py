"""Damaged stores: a study is whole, or a sentence says that it is not."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.errors import HpbridgeError, StoreDamagedError, StoreError
from hpbridge.store import open_store
from tests.command import hpbridge

N_TRIALS, N_MUTANTS, PAGE = 300, 120, 4096
SPACE = {
    "x": hpb.Float(0, 1),
    "c": hpb.Categorical(["a", "b"]),
    "n": hpb.Int(1, 9),
}


def experiment():
    return hpb.Experiment(objective=lambda t: t["x"] ** 2, space=SPACE, name="e")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "store.db"
    settings = {"n_trials": N_TRIALS, "seed": 0, "name": "study", "store": path}
    return path, hpb.run(experiment(), "random", **settings)


def flip_bits(data, rng):
    for _ in range(rng.choice([1, 1, 3, 20])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def change_a_page_header(data, rng):
    page = rng.randrange(len(data) // PAGE)
    data[page * PAGE + (0 if page else 100) + rng.randrange(12)] = rng.randrange(256)


def change_a_pointer(data, rng):
    page = rng.randrange(len(data) // PAGE)
    data[page * PAGE + 8 + rng.randrange(40)] = rng.randrange(256)


def change_the_file_header(data, rng):
    data[rng.randrange(100)] = rng.randrange(256)


def cut(data, rng):
    del data[rng.randrange(1, len(data)) :]


def swap_pages(data, rng):
    one, two = (slice(k * PAGE, (k + 1) * PAGE) for k in rng.sample(range(20), 2))
    data[one], data[two] = data[two], data[one]


def blank(data, rng):
    start, length = rng.randrange(len(data) - PAGE), rng.choice([16, 512, PAGE])
    data[start : start + length] = rng.choice([b"\0", b"\xff"]) * length


WAYS = [
    flip_bits,
    change_a_page_header,
    change_a_pointer,
    change_the_file_header,
    cut,
    swap_pages,
    blank,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_study_is_whole_or_said_to_be_damaged(way, whole, tmp_path) -> None:
    path, study = whole
    expected = [(t.number, t.state, t.params, t.metrics) for t in study.trials]
    refused = []
    for number in range(N_MUTANTS // len(WAYS)):
        data = bytearray(path.read_bytes())
        way(data, random.Random(f"{way.__name__} {number}"))
        mutant = tmp_path / f"{number}.db"
        mutant.write_bytes(data)
        try:
            found = hpb.load_study("study", mutant)
        except StoreError as error:
            refused.append(error)
            with pytest.raises(HpbridgeError):
                hpb.resume("study", experiment(), store=mutant, n_trials=N_TRIALS + 1)
        else:
            trials = [(t.number, t.state, t.params, t.metrics) for t in found.trials]
            assert trials == expected, number
    assert refused
    assert all(error.hint for error in refused)


def sql(path, *statements):
    with sqlite3.connect(path) as store:
        for statement in statements:
            store.execute(statement)
    store.close()


@pytest.fixture
def path(whole, tmp_path):
    copy = tmp_path / "store.db"
    copy.write_bytes(whole[0].read_bytes())
    return copy


def problems(path):
    with pytest.raises(StoreDamagedError) as caught:
        hpb.load_study("study", path)
    return list(caught.value.problems)


TRIAL = "UPDATE hpbridge_trials SET {} WHERE number = 7"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "DELETE FROM hpbridge_trials WHERE number = 299",
            "300 trials have ended, ",
        ),
        (TRIAL.format("params = '{'"), "trial 7: its parameters or metrics are not"),
        (TRIAL.format("params = replace(params, '1', '2')"), "trial 7: its parameters"),
        (TRIAL.format("state = 'complet'"), "trial 7: 'complet' is not a valid State"),
        (TRIAL.format("origin = NULL"), "NOT NULL"),
        (TRIAL.format("asked_at = 'now'"), "trial 7: its asked_at cannot be 'now'"),
        (TRIAL.format("told = 'x'"), "trial 7: its told cannot be 'x'"),
        (TRIAL.format("told = NULL"), "trial 7: it cannot be 'complete' and told in"),
        (TRIAL.format("told = 900"), "the order in which its trials were told is lost"),
        (TRIAL.format("tells_before = 90"), "trial 7: it cannot be asked after 90 res"),
        (TRIAL.format("reports = '[1]'"), "trial 7: "),
        (
            "UPDATE hpbridge_studies SET n_ended = 'x'",
            "the number of its trials",
        ),
    ],
)
def test_what_is_damaged_is_said(path, statement, problem) -> None:
    if problem == "NOT NULL":  # not by SQL, but a flipped bit can
        sql(
            path,
            "PRAGMA writable_schema=ON",
            "UPDATE sqlite_master SET sql = "
            "replace(sql, 'origin VARCHAR(20) NOT NULL', 'origin VARCHAR(20)')",
        )
        problem = "trial 7: its origin cannot be None"
    sql(path, statement)
    found = problems(path)
    assert found[0].startswith(problem), found
    with pytest.raises(StoreDamagedError):
        hpb.resume("study", experiment(), store=path, n_trials=301)


def test_a_trial_is_missed_where_the_study_does_not_know_how_many_it_had(path) -> None:
    # As in a store of an older version.
    sql(path, "UPDATE hpbridge_studies SET n_ended = NULL")
    assert len(hpb.load_study("study", path).trials) == N_TRIALS
    sql(path, "DELETE FROM hpbridge_trials WHERE number = 100")
    assert problems(path) == ["trial 100 is missing"]


def test_a_store_that_lost_its_version_is_not_made_anew(path) -> None:
    sql(path, "DROP TABLE hpbridge_meta")
    with pytest.raises(StoreDamagedError, match="is corrupt: its version is lost"):
        open_store(path)


def test_a_store_whose_study_lost_its_name_is_said(path) -> None:
    sql(path, "UPDATE hpbridge_studies SET name = x'00'")
    with pytest.raises(StoreDamagedError, match="the name of a study is lost"):
        hpb.load_study("study", path)
    with pytest.raises(StoreDamagedError, match="the name of a study is lost"):
        hpb.resume("study", experiment(), store=path)


def test_what_is_left_is_saved_and_gone_on_from(path) -> None:
    sql(
        path, TRIAL.format("params = '{'"), "DELETE FROM hpbridge_trials WHERE number=9"
    )
    folder = path.parent
    listed = json.loads(
        hpbridge(folder, "studies", "--store", str(path), "--json").stdout
    )
    assert [study["status"] for study in listed["studies"]] == ["damaged"]
    words = ["export", "study", "left.json", "--store", str(path)]
    refused = hpbridge(folder, *words, code=2)
    assert "holds a damaged study 'study':" in refused.stderr
    assert "Hint: restore a copy, or save what is left by `hpbridge export study " in (
        refused.stderr
    )
    assert not (folder / "left.json").exists()
    saved = hpbridge(folder, *words, "--salvage")
    assert "Note: salvaged: 298 of 300 trials" in saved.stderr
    left = hpb.read_study(folder / "left.json")
    assert len(left.trials) == 298
    assert left.notes[-1] == "salvaged: 298 of 300 trials"
    settings = {"n_trials": 1, "seed": 1, "store": ":memory:", "history": left}
    assert len(hpb.run(experiment(), "random", **settings).trials) == 299


def test_pages_that_cannot_be_read_cost_their_trials_and_no_more(path) -> None:
    data = bytearray(path.read_bytes())
    data[15 * PAGE : 16 * PAGE] = b"\xff" * PAGE
    path.write_bytes(data)
    assert problems(path)
    left = hpb.load_study("study", path, salvage=True)
    assert 270 < len(left.trials) < N_TRIALS


def test_trials_without_their_study_are_said(path) -> None:
    sql(path, "UPDATE hpbridge_studies SET id = 2")
    database = open_store(path)
    with pytest.raises(StoreDamagedError, match="trials of studies that it does not"):
        database.check_studies(database.count_trials())


def test_a_study_that_runs_is_read_while_it_grows(tmp_path) -> None:
    path = Path(tmp_path / "store.db")
    sizes = []

    def objective(trial):
        if trial.number:
            sizes.append(len(hpb.load_study("study", path).trials))
        return trial["x"]

    tuned = hpb.Experiment(objective=objective, space=SPACE)
    hpb.run(tuned, "random", n_trials=5, store=path, name="study")
    assert sizes == [1, 2, 3, 4]
