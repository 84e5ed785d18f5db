"""How much a parameter mattered: found where it did, and noise known for noise."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

import hpbridge as hpb
from hpbridge.analysis import importance
from hpbridge.analysis.importance import importances

SPACE = {
    "strong": hpb.Float(1e-4, 1e2, log=True),
    "weak": hpb.Int(0, 20),
    "idle": hpb.Float(0, 1),
    "kind": hpb.Categorical(["a", "b"]),
    "of_a": hpb.Float(0, 1, when={"kind": "a"}),
}


def studied(objective, n_trials=60, space=SPACE, seed=0):
    experiment = hpb.Experiment(objective=objective, space=space)
    return hpb.run(experiment, "random", n_trials=n_trials, seed=seed, store=":memory:")


def additive(trial):
    of_a = 4 * trial["of_a"] if trial["kind"] == "a" else 2.0
    return 3 * math.log10(trial["strong"]) + trial["weak"] / 10 + of_a


def test_what_mattered_stands_above_noise_and_what_is_idle_does_not():
    found = importances(studied(additive, 120))
    by_name = {each.name: each for each in found.parameters}
    assert found.parameters[0].name == "strong"
    assert by_name["strong"].mattered
    assert not by_name["idle"].mattered
    # A parameter that is active in half of the trials is judged by those.
    assert by_name["of_a"].share > by_name["idle"].share
    assert 0 <= found.noise < by_name["strong"].low
    assert sum(each.share for each in found.parameters) <= 1
    for each in found.parameters:
        assert 0 <= each.low <= each.share <= each.high <= 1


@pytest.mark.parametrize("seed", range(5))
def test_pure_noise_is_seldom_taken_for_importance(seed):
    values = random.Random(seed)
    study = studied(lambda _: values.random(), 50, seed=seed)
    assert sum(each.mattered for each in importances(study).parameters) <= 1


def test_the_same_study_has_the_same_importances():
    study = studied(additive, 30)
    assert importances(study) == importances(study)


def test_a_huge_outlier_does_not_hide_the_rest():
    def objective(trial):
        return 1e300 if trial.number == 7 else additive(trial)

    assert importances(studied(objective, 80)).parameters[0].name == "strong"


def test_why_there_are_none_is_said(monkeypatch):
    few = importances(studied(additive, 5))
    assert few.why_none == "5 trials with a finite value are too few; it takes 10"
    flat = importances(studied(lambda _: 1.0, 20))
    assert flat.why_none == "value is the same in all trials"
    nothing = importances(replace(studied(additive, 3), trials=()))
    assert nothing.why_none == "no parameter was searched"
    monkeypatch.setattr(importance, "find_spec", lambda _: None)
    study = studied(additive, 20)
    assert importances(study).why_none == "scikit-learn is not installed"
    with pytest.raises(hpb.HpbridgeError, match="scikit-learn is not installed"):
        study.plot("importance")


def test_of_many_trials_some_are_learned_from():
    study = studied(additive, importance.MOST_TRIALS + 50)
    assert importances(study).n_trials == importance.MOST_TRIALS
