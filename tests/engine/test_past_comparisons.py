"""``compare --resume``: it goes on with what there is, or says why there is none."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.engine.compare import load_comparison
from hpbridge.store.settings import Settings

SPACE = {"x": hpb.Float(-1, 1)}
TWO = ["random", "optuna:random"]


def experiment(name="bowl"):
    return hpb.Experiment(objective=lambda t: t["x"] ** 2, space=SPACE, name=name)


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "store.db"
    compare(path, n_trials=3, repeats=2)
    return path


def compare(store, backends=TWO, tuned=None, **settings):
    settings = {"seed": 5, **settings}
    return hpb.compare(tuned or experiment(), backends, store=store, **settings)


def sizes(comparison):
    return [(s.optimizer, s.seed, len(s.trials)) for s in comparison.studies]


def params(comparison):
    return [[t.params for t in s.trials] for s in comparison.studies]


def test_more_trials_and_repeats_are_added_to_what_there_is(store) -> None:
    more = compare(store, n_trials=5, repeats=3, resume=True)
    assert more.name == "bowl-comparison"
    assert more.notes == ()
    assert params(more) == params(compare(":memory:", n_trials=5, repeats=3))
    names = [study.name for study in more.studies]
    assert len(set(names)) == 6  # all are in the one comparison
    found = load_comparison("bowl-comparison", store)
    assert sorted(sizes(found)) == sorted(sizes(more))
    again = compare(store, resume=True)  # as many as it was to have by then
    assert sizes(again) == sizes(more)
    assert [study.id for study in again.studies] == [s.id for s in more.studies]


def test_what_is_not_said_is_as_it_was(store) -> None:
    again = compare(store, resume=True, seed=None)
    assert [n for *_, n in sizes(again)] == [3, 3, 3, 3]
    assert {seed for _, seed, _ in sizes(again)} == {5, 6}
    assert again.notes == ()


def test_settings_that_are_not_given_are_as_they_were(tmp_path) -> None:
    path = tmp_path / "other.db"
    limits = {"retries": 2, "on_error": "stop", "timeout": 500.0, "timeout_trial": 50.0}
    workers = {"workers": 2, "memory_trial": 2**32, "trials_per_worker": 9}
    compare(path, ["random"], n_trials=2, driver="local", **limits, **workers)
    changes = {"retries": 0, "workers": 1}
    more = compare(path, ["random"], n_trials=4, repeats=2, resume=True, **changes)
    for study in more.studies:
        assert study.settings.budget == Settings(4, **{**limits, **workers, **changes})
        assert study.settings.driver == "local"


def test_the_seed_and_the_shared_start_are_as_they_were(tmp_path) -> None:
    path = tmp_path / "other.db"
    compare(path, n_trials=3, shared_start=2)
    more = compare(path, n_trials=4, repeats=2, resume=True, seed=None)
    assert more.notes == ()
    assert [n for *_, n in sizes(more)] == [4, 4, 4, 4]
    for study in more.studies:  # new ones too
        assert [t.origin.value for t in study.trials[:3]] == ["shared"] * 2 + ["asked"]


def test_fewer_than_there_are_is_said(store) -> None:
    fewer = compare(store, n_trials=2, repeats=1, resume=True)
    assert [n for *_, n in sizes(fewer)] == [3, 3, 3, 3]
    assert fewer.notes == (
        "'bowl-comparison' goes on with n_trials=3, as it was begun, not 2",
        "'bowl-comparison' goes on with repeats=2, as it was begun, not 1",
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"seed": 6}, "the last one, 'bowl-comparison', has another seed"),
        (
            {"backends": ["random"]},
            "the last one, 'bowl-comparison', has other optimizers or options",
        ),
        ({"shared_start": 1}, "the last one, 'bowl-comparison', has another shared"),
        ({"tuned": experiment("other")}, "there is none of 'other' in "),
    ],
)
def test_a_new_one_never_begins_without_a_word(store, changes, why) -> None:
    new = compare(store, n_trials=2, resume=True, **changes)
    (note,) = new.notes
    assert note.startswith(f"no comparison to go on with: {why}")
    assert note.endswith("; a new one began")
    assert {len(study.trials) for study in new.studies} == {2}


def test_settings_of_the_call_hold_from_now_on(tmp_path) -> None:
    def fail(trial):
        if trial.number == 1 and not mended:
            message = "not yet"
            raise ValueError(message)
        return 0.0

    mended = []
    broken = hpb.Experiment(objective=fail, space=SPACE, name="bowl")
    store = tmp_path / "store.db"
    first = compare(store, ["random"], broken, n_trials=3, on_error="stop")
    assert first.failures
    mended.append(True)
    changes = {"n_trials": 4, "retries": 2, "on_error": "record"}
    second = compare(store, ["random"], broken, resume=True, **changes)
    (study,) = second.studies
    assert len(study.trials) == 4
    assert (study.settings["retries"], study.settings["on_error"]) == (2, "record")
