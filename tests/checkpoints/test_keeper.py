"""What an attempt saves, another one goes on from: folders, objects, and what fails."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.checkpoints.commits import (
    FILES,
    MANIFEST,
    UNFINISHED,
    commits_in,
    history_of,
    sweep,
)
from hpbridge.checkpoints.keeper import STATE, Keeper
from hpbridge.checkpoints.place import Place
from hpbridge.trial import Trial

PARAMS, SEED = {"x": 0.5}, 7


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(str(tmp_path / "1-1000"), 3)


def keeper_of(place, params=PARAMS) -> Keeper:
    return Keeper(place, params, SEED)


def going_on(place) -> Place:
    folder = Path(place.folder, str(place.trial))
    found = commits_in(folder)[::-1]
    return replace(place, starts=tuple(str(folder / c.name) for c in found))


def test_an_object_comes_back_with_what_was_reported(place) -> None:
    keeper = keeper_of(place)
    assert (keeper.begin(), keeper.restored, keeper.load("none")) == ((), None, "none")
    keeper.save({"epoch": 1, "f": lambda x: x + 1}, [(1, 0.5)])
    later = keeper_of(going_on(place))
    assert later.begin() == ((1, 0.5),)
    state = later.load(None)
    assert (state["epoch"], state["f"](1)) == (1, 2)
    assert (later.start.step, later.start.attempt, later.start.parent) == (1, 1, None)


def test_a_folder_comes_back_as_it_was_written(place) -> None:
    with keeper_of(place).commit([]) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "weights").write_bytes(b"\0\1")
    later = keeper_of(going_on(place))
    assert later.begin() == ()
    assert (later.restored / "deep" / "weights").read_bytes() == b"\0\1"
    assert later.start.step is None


def test_a_folder_that_was_not_finished_is_none(place) -> None:
    keeper = keeper_of(place)

    def write() -> None:
        with keeper.commit([(1, 0.5)]) as folder:
            (folder / "half").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert [*Path(place.folder, "3").iterdir()] == []


@pytest.mark.parametrize("maximizes", [False, True])
def test_the_last_and_the_best_are_kept_and_all_are_in_the_history(
    place, maximizes
) -> None:
    place = replace(place, maximizes=maximizes)
    keeper = keeper_of(place)
    values = [0.5, 0.1, 0.9, 0.3, float("nan")]
    for n in range(len(values)):
        keeper.save(n, list(enumerate(values))[: n + 1])
    folder = Path(place.folder, "3")
    kept = [commit.step for commit in commits_in(folder)]
    assert kept == [2 if maximizes else 1, 4]
    history = history_of(folder)
    assert [commit.step for commit in history] == [0, 1, 2, 3, 4]
    assert [c.parent for c in history[1:]] == [c.place for c in history[:-1]]
    assert keeper_of(going_on(place)).begin()[-1][0] == 4


def test_an_attempt_leaves_what_it_goes_on_from_until_it_is_swept(place) -> None:
    keeper_of(place).save("first", [(1, 0.5)])
    place = going_on(place)
    keeper = keeper_of(replace(place, attempt=2))
    keeper.begin()
    keeper.save("second", [(1, 0.5), (2, 0.6)])
    folder = Path(place.folder, "3")
    first, second = commits_in(folder)
    assert (second.parent, second.attempt) == (first.place, 2)
    (folder / f"{UNFINISHED}x").mkdir()
    sweep(folder, [second.name])
    assert commits_in(folder) == [second]
    assert len([*folder.iterdir()]) == 2  # and the history
    assert history_of(folder) == [first, second]


def damage_file(folder) -> None:
    (folder / FILES / STATE).write_bytes(b"other")


def damage_manifest(folder) -> None:
    (folder / MANIFEST).write_text("{")


def write_another_version(folder) -> None:
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps({"format": 99}))


def make_it_another_studys(folder) -> None:
    manifest = folder / MANIFEST
    data = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**data, "study": "2-1000"}))


def make_it_another_points(folder) -> None:
    manifest = folder / MANIFEST
    data = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**data, "point": "0"}))


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (damage_file, "its files are not those that were written"),
        (lambda f: shutil.rmtree(f / FILES), "files cannot be read (No such file"),
        (damage_manifest, "its manifest is damaged"),
        (write_another_version, "its manifest was written by another version"),
        (shutil.rmtree, "it is gone"),
        (make_it_another_studys, "it is of another study"),
        (make_it_another_points, "it is of other parameters"),
    ],
)
def test_one_that_is_not_whole_is_said_and_the_one_before_is_taken(
    place, harm, says
) -> None:
    keeper = keeper_of(place)
    keeper.save("best", [(1, 0.1)])
    keeper.save("last", [(1, 0.1), (2, 0.5)])
    place = going_on(place)
    harm(Path(place.starts[0]))
    later = keeper_of(place)
    assert (later.begin(), later.load(None)) == (((1, 0.1),), "best")
    (note,) = later.notes
    assert note.startswith("cannot go on from its checkpoint ")
    assert says in note


def test_what_cannot_be_pickled_is_said_once(place) -> None:
    keeper = keeper_of(place)
    for step in range(3):
        keeper.save((n for n in range(3)), [(step, 0.5)])
    (note,) = keeper.notes
    assert note.startswith("its state could not be saved: TypeError: cannot pickle")
    assert commits_in(Path(place.folder, "3")) == []


@contextlib.contextmanager
def no_file_beyond(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_costs_the_checkpoint_alone(place) -> None:
    keeper = keeper_of(place)
    keeper.save("small", [(1, 0.5)])
    with no_file_beyond(10_000):
        keeper.save(os.urandom(100_000), [(1, 0.5), (2, 0.4)])
    assert keeper.notes == ["its state could not be saved: File too large"]
    later = keeper_of(going_on(place))
    assert (later.begin(), later.load(None)) == (((1, 0.5),), "small")


def test_a_folder_that_cannot_be_made_is_said_and_the_trial_goes_on(tmp_path) -> None:
    (tmp_path / "file").touch()
    keeper = keeper_of(Place(str(tmp_path / "file"), 3))
    with keeper.commit([]) as folder:
        (folder / "weights").touch()
    keeper.save(1, [])
    (note,) = keeper.notes
    assert note == "its checkpoint could not be saved: Not a directory"


def test_a_trial_made_by_hand_saves_and_loads() -> None:
    trial = Trial({}, number=0, seed=7)
    trial.save([1])
    with trial.checkpoint as folder:
        (folder / "weights").touch()
    assert (trial.restored, trial.load("begin")) == (None, "begin")


def train(trial):
    state = trial.load({"epochs": 0})
    begun_at = state["epochs"]
    for epoch in range(begun_at, 6):
        trial.report(trial["x"] * (epoch + 1), epoch)
        trial.save({"epochs": epoch + 1})
        if epoch == 3 and begun_at == 0:
            if trial["die"]:
                os._exit(3)
            msg = "no luck"
            raise ValueError(msg)
    trial.set_attribute("begun_at", begun_at)
    return trial["x"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_trial_that_is_tried_again_goes_on(tmp_path, workers) -> None:
    experiment = hpb.Experiment(
        name="again",
        space={"x": hpb.Float(0, 1), "die": hpb.Categorical([workers > 1])},
        objective=train,
        direction="minimize",
    )
    study = hpb.run(
        experiment,
        backend="random",
        n_trials=2,
        workers=workers,
        retries=1,
        store=tmp_path / "store.db",
    )
    for trial in study.trials:
        assert (trial.attempts, trial.attributes["begun_at"]) == (2, 4)
        assert [step for step, _ in trial.reports] == [0, 1, 2, 3, 4, 5]
    assert study.notes == ()
