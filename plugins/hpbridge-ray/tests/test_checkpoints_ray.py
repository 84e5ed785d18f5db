"""Checkpoints: of what is written for Ray Tune, and of trials that a Tuner runs."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from ray import tune

import hpbridge as hpb
from hpbridge_ray import SPEC

NATIVE = SPEC.from_native({"rate": tune.loguniform(1e-3, 1)})
POPULATION = {"population_size": 3, "perturbation_interval": 2}


def descend(config):
    checkpoint, weight, step = tune.get_checkpoint(), 4.0, 0
    if checkpoint is not None:
        with checkpoint.as_directory() as folder:
            weight, step = json.loads(Path(folder, "state.json").read_text())
    while True:
        weight, step = weight * (1 - config["rate"]), step + 1
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "state.json").write_text(json.dumps([weight, step]))
            saved = tune.Checkpoint.from_directory(folder)
            tune.report({"loss": weight**2, "step": step}, checkpoint=saved)
        assert Path(tune.get_checkpoint().path, "state.json").exists()


class Descent(tune.Trainable):
    def setup(self, config):
        self.state, self.rate = (4.0, 0), config["rate"]

    def step(self):
        weight, step = self.state
        self.state = weight * (1 - self.rate), step + 1
        return {"loss": self.state[0] ** 2, "step": self.state[1]}

    def save_checkpoint(self, folder):
        Path(folder, "state.json").write_text(json.dumps(self.state))

    def load_checkpoint(self, folder):
        self.state = tuple(json.loads(Path(folder, "state.json").read_text()))


def experiment(objective, **more):
    return hpb.Experiment(
        objective=objective, space=NATIVE.space, name="descent", **more
    )


def trained(trainable, driver="local", **more):
    study = hpb.run(
        experiment(
            NATIVE.wrap(trainable),
            direction={"loss": "minimize"},
            budget=hpb.Budget(2, 8, name="steps"),
        ),
        "pbt",
        n_trials=12,
        seed=0,
        options=POPULATION,
        driver=driver,
        store=":memory:",
        **more,
    )
    assert study.notes == ()
    assert all(t.metrics["step"] == t.budget for t in study.trials), study.trials
    return [(t.params, t.budget, t.parent, t.metrics, t.reports) for t in study.trials]


def test_members_go_on_from_what_a_trainable_saves_as_ray_has_it():
    assert trained(descend) == trained(Descent)


@pytest.mark.usefixtures("cluster")
def test_members_go_on_under_a_tuner_as_without_ray():
    assert trained(descend, "tune") == trained(descend)


def paused(trial):
    state = trial.load({"step": 0})
    for step in range(state["step"] + 1, 5):
        trial.report(1.0 / step, step)
        trial.save({"step": step})
        if step == 2 and state["step"] == 0:
            msg = "once"
            raise ValueError(msg)
    return float(state["step"])


@pytest.mark.usefixtures("cluster")
def test_a_trial_that_is_tried_again_by_a_tuner_goes_on():
    study = hpb.run(
        experiment(paused),
        "random",
        n_trials=1,
        seed=0,
        retries=1,
        driver="tune",
        store=":memory:",
        pruner="median",
    )
    (trial,) = study.trials
    assert trial.attempts == 2
    assert trial.metrics == {"value": 2.0}  # where it went on from
    assert [step for step, _ in trial.reports] == [1, 2, 3, 4]
