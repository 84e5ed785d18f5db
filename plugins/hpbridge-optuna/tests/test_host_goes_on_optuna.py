"""A sampler that is pickled, copied, or taken to another study; and what it refuses."""

from __future__ import annotations

import copy
import logging
import pickle
import subprocess
import sys
import traceback

import joblib
import optuna
import pytest

import hpbridge as hpb
from hpbridge.errors import HpbridgeError, UnsupportedFeatureError
from hpbridge_optuna import BridgeSampler

pytestmark = pytest.mark.usefixtures("silent_optuna")

SPACE = {"x": hpb.Float(-5, 5), "n": hpb.Int(1, 8)}
SAMPLERS = [
    ("random", SPACE),
    ("random", None),
    ("hyperopt:tpe", SPACE),
    ("skopt:et", None),
    ("optuna:tpe", None),
]
several = pytest.mark.parametrize(("optimizer", "space"), SAMPLERS)


def loss(trial):
    x = trial.suggest_float("x", -5, 5)
    return x**2 + trial.suggest_int("n", 1, 8)


def new(sampler, **arguments):
    return optuna.create_study(sampler=sampler, **arguments)


def points(study, first=0):
    return [tuple(trial.params.values()) for trial in study.trials[first:]]


def whole(optimizer, space, n_trials=13):
    study = new(BridgeSampler(optimizer, seed=4, space=space))
    study.optimize(loss, n_trials=n_trials)
    return points(study)


def pickled(study, _path):
    return pickle.loads(pickle.dumps(study))


def dumped(study, path):
    joblib.dump(study, path)
    return joblib.load(path)


@several
@pytest.mark.parametrize("bring", [pickled, dumped, lambda s, _: copy.deepcopy(s)])
def test_a_study_that_is_brought_back_goes_on(optimizer, space, bring, tmp_path):
    study = new(BridgeSampler(optimizer, seed=4, space=space))
    study.optimize(loss, n_trials=6)
    again = bring(study, tmp_path / "study.pkl")
    again.optimize(loss, n_trials=3)
    again = bring(again, tmp_path / "study.pkl")
    again.optimize(loss, n_trials=4)
    assert points(again) == whole(optimizer, space)
    study.optimize(loss, n_trials=7)  # what was left behind does too
    assert points(study) == points(again)


GO_ON = """
import pickle, sys, optuna
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
url, *paths = sys.argv[1:]
def loss(trial):
    x = trial.suggest_float("x", -5, 5)
    return x**2 + trial.suggest_int("n", 1, 8)
for path in paths:
    with open(path, "rb") as file:
        sampler = pickle.load(file)
    study = optuna.load_study(study_name=path, storage=url, sampler=sampler)
    study.optimize(loss, n_trials=7)
"""


def test_a_pickled_sampler_goes_on_with_a_stored_study(tmp_path):
    url, studies = f"sqlite:///{tmp_path / 'study.db'}", {}
    for number, (optimizer, space) in enumerate(SAMPLERS):
        path = tmp_path / f"{number}.pkl"
        sampler = BridgeSampler(optimizer, seed=4, space=space)
        study = studies[path] = new(sampler, storage=url, study_name=str(path))
        study.optimize(loss, n_trials=6)
        path.write_bytes(pickle.dumps(sampler))
    subprocess.run([sys.executable, "-c", GO_ON, url, *studies], check=True)
    for study, (optimizer, space) in zip(studies.values(), SAMPLERS, strict=True):
        assert points(study) == whole(optimizer, space)


def test_trials_that_are_out_come_back_to_a_pickled_study():
    study = new(BridgeSampler("hyperopt:tpe", seed=1, space=SPACE))
    study.optimize(loss, n_trials=4)
    trial = study.ask()
    value = loss(trial)
    again = pickle.loads(pickle.dumps(study))
    for each in (study, again):
        each.tell(trial.number, value)
        each.optimize(loss, n_trials=3)
    assert points(again) == points(study)
    assert again.sampler.notes == study.sampler.notes == ()


@several
def test_in_another_study_its_draws_go_on_as_those_of_optuna_s(optimizer, space):
    def two(optimizer):
        sampler = BridgeSampler(optimizer, seed=2, space=space)
        first = new(sampler, study_name="one")
        first.optimize(loss, n_trials=3)
        copied = pickle.loads(pickle.dumps(sampler))
        found = []
        for each, name in ((sampler, "one"), (copied, "one"), (sampler, "three")):
            study = new(each, study_name=name)
            study.optimize(loss, n_trials=3)
            found.append(points(study))
        return points(first), *found

    first, second, of_copy, third = two(optimizer)
    assert of_copy == second
    assert len({*first, *second, *third}) == 9
    assert two(optimizer) == (first, second, of_copy, third)


def test_a_copy_of_a_sampler_that_proposed_nothing_is_fresh_and_may_be_reseeded():
    sampler = BridgeSampler("hyperopt:tpe", seed=4, space=SPACE)
    other = copy.deepcopy(sampler)
    other.reseed_rng()
    for each, is_fresh in ((pickle.loads(pickle.dumps(sampler)), True), (other, False)):
        study = new(each)
        study.optimize(loss, n_trials=5)
        assert (points(study) == whole("hyperopt:tpe", SPACE, 5)) is is_fresh
    assert "BridgeSampler" in str(sampler)


# What cannot be is refused before the trial begins.


def storages(tmp_path):
    journal = optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal"))
    return [
        None,
        f"sqlite:///{tmp_path / 'study.db'}",
        optuna.storages.JournalStorage(journal),
    ]


def test_a_refusal_leaves_no_failed_trial_and_no_log_and_the_next_sampler_goes_on(
    tmp_path, caplog
):
    for storage in storages(tmp_path):
        study = optuna.create_study(
            sampler=BridgeSampler("hyperopt:tpe", space=SPACE),
            directions=["minimize"] * 2,
            storage=storage,
        )
        optuna.logging.enable_propagation()
        with (
            caplog.at_level(logging.INFO, logger="optuna"),
            pytest.raises(UnsupportedFeatureError, match="several metrics") as caught,
        ):
            study.optimize(lambda trial: (loss(trial), 1.0), n_trials=3)
        optuna.logging.disable_propagation()
        assert not [r for r in caplog.records if "fail" in r.getMessage().lower()]
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        own = [f for f in traceback.extract_tb(caught.tb) if "hpbridge_" in f.filename]
        assert len(own) == 1
        assert [t.state.name for t in study.trials] == ["WAITING"]
        study.sampler = BridgeSampler("optuna:nsga2", seed=0)
        study.optimize(lambda trial: (loss(trial), 1.0), n_trials=3)
        assert [t.state.name for t in study.trials] == ["COMPLETE"] * 3


def test_what_the_objective_defines_is_refused_when_it_is_known():
    study = new(BridgeSampler("ray:grid", seed=0))
    with pytest.raises(HpbridgeError, match="ray:grid"):
        study.optimize(loss, n_trials=5)
    assert [t.state.name for t in study.trials] == ["COMPLETE", "WAITING"]
