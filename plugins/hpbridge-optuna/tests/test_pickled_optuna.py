"""Studies that were pickled, or given to joblib, as Optuna's own FAQ says."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

import hpbridge as hpb
from hpbridge.errors import FormatError


def activation():
    """Stand for a function that is a choice."""


def objective(trial):
    trial.suggest_int("n", 1, 8, log=True)
    choice = trial.suggest_categorical("c", ["a", None, 1, True, 0.5])
    x = trial.suggest_float("x", 0, 1) if choice == "a" else 0.25
    trial.report(x, 3)
    trial.set_user_attr("best_iteration", np.int64(trial.number))
    trial.set_constraint("size", x - 0.5)
    if trial.number == 5:
        raise optuna.TrialPruned
    if trial.number == 6:
        raise ValueError
    return x


@pytest.fixture(scope="module")
def study():
    found = optuna.create_study(
        study_name="kept",
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=1),
    )
    found.set_user_attr("who", ["me"])
    found.optimize(objective, n_trials=20, catch=ValueError)
    found.ask()
    return found


def dumped(thing, path, protocol=pickle.DEFAULT_PROTOCOL):
    path.write_bytes(pickle.dumps(thing, protocol))
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_reads_as_the_live_study(study, tmp_path, protocol):
    found = hpb.read_study(dumped(study, tmp_path / "study", protocol))
    live = hpb.read_study(study)
    assert repr(found.trials) == repr(live.trials)
    assert found.space == live.space
    assert found.name == "kept"
    assert found.metrics == {"value": "maximize"}
    assert found.attributes == {"who": ["me"]}
    assert found.notes == live.notes
    assert found.bounds == live.bounds


@pytest.mark.parametrize("packed", [None, "zlib", "gzip", "bz2", "lzma", "xz"])
def test_joblib_packs_it_in_any_way(study, tmp_path, packed):
    joblib.dump(study, tmp_path / "s", compress=(packed, 3) if packed else 0)
    found = hpb.read_study(tmp_path / "s")
    assert repr([dict(t.values) for t in found.trials]) == repr(
        [trial.params for trial in study.trials if trial.state.is_finished()]
    )


def test_it_is_found_within_a_dict_a_list_and_a_storage(study, tmp_path):
    for thing in ({"study": study, "n": 1}, [study], study._storage):
        assert len(hpb.read_study(dumped(thing, tmp_path / "s")).trials) == 20


def test_trials_alone_do_not_say_which_way_is_better(study, tmp_path):
    path = dumped(study.trials, tmp_path / "trials.pkl")
    found = hpb.read_study(path)
    assert found.metrics == {"value": "minimize"}
    said = "nothing says which way 'value' is better: taken as minimized"
    assert said in found.notes
    told = hpb.read_study(path, direction={"value": "maximize"})
    assert told.best_trial.metrics["value"] == study.best_value
    assert said not in told.notes
    with pytest.raises(FormatError, match="it has no metric 'loss'"):
        hpb.read_study(path, direction={"loss": "maximize"})


def test_a_function_among_the_choices_is_its_name(tmp_path):
    choices = (activation, "a")
    study = optuna.create_study()
    with pytest.warns(UserWarning, match="persistent storage"):
        study.optimize(
            lambda t: float(t.suggest_categorical("f", choices) == "a"), n_trials=6
        )
    found = hpb.read_study(dumped(study, tmp_path / "s"))
    assert [t.params for t in found.trials] == [
        t.params for t in hpb.read_study(study).trials
    ]


def storages(folder):
    yield f"sqlite:///{folder}/study.db", "sqlite:///"
    yield JournalStorage(JournalFileBackend(str(folder / "study.log"))), "study.log"


def test_where_its_trials_are_elsewhere_that_is_said(tmp_path):
    for storage, said in storages(tmp_path):
        study = optuna.create_study(storage=storage, study_name="far")
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1)
        path = dumped(study, tmp_path / "s.pkl")
        with pytest.raises(FormatError, match="its trials are not in it") as caught:
            hpb.read_study(path)
        assert said in str(caught.value)
        assert "--study far" in str(caught.value)


def test_a_pickle_that_is_cut_off_or_of_no_study_is_refused(study, tmp_path):
    path = dumped(study, tmp_path / "s")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FormatError, match="no readable pickle"):
        hpb.read_study(path)
    with pytest.raises(FormatError, match="holds no study"):
        hpb.read_study(dumped(optuna.trial.TrialState.FAIL, tmp_path / "t"))
