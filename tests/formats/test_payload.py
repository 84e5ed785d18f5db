from __future__ import annotations

import json
import math

import pytest

import hpbridge as hpb
from hpbridge.formats.payload import pack_study, unpack_study


def run_study():
    def objective(trial):
        trial.report(trial["x"], 1)
        if trial["x"] < 0.3:
            return math.nan
        if trial["x"] < 0.5:
            raise hpb.TrialPruned
        return {"loss": math.inf if trial["x"] > 0.9 else trial["x"], "size": 2.0}

    experiment = hpb.Experiment(
        objective=objective,
        space={"x": hpb.Float(0, 1), "k": 3},
        direction={"loss": "minimize"},
        constraints={"size": ">= 1.5"},
    )
    return hpb.run(experiment, "random", n_trials=20, seed=0, store=":memory:")


def test_a_study_comes_back_through_standard_json():
    study = run_study()
    text = json.dumps(pack_study(study), allow_nan=False)
    back = unpack_study(json.loads(text), "random")
    assert (back.name, back.space) == (study.name, study.space)
    assert (back.metrics, back.bounds) == (study.metrics, {"size": ">= 1.5"})
    assert back.algorithm == "random"
    assert unpack_study(json.loads(text), "optuna").algorithm == ""
    assert {trial.state for trial in back.trials} == set(hpb.State)
    for read, ours in zip(back.trials, study.trials, strict=True):
        assert (read.state, read.params) == (ours.state, ours.params)
        assert read.reports == ours.reports
        assert str(read.metrics) == str(ours.metrics)  # NaN is not equal to itself
        assert (read.error, read.run_seconds) == (ours.error, ours.run_seconds)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "its study is of version 2, not 1"),
        ({"trials": [3]}, "the study that rides in it is damaged"),
        ({"space": {"version": 1}}, "the study that rides in it is damaged"),
        ({"metrics": None}, "the study that rides in it is damaged"),
    ],
)
def test_a_damaged_study_is_refused(change, reason):
    data = {**pack_study(run_study()), **change}
    with pytest.raises(ValueError, match=reason):
        unpack_study(data, "random")
