"""Optimizers of other libraries in a real Tuner on a real Ray.

An actor takes seconds to start, so these are few and small.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.contract.foreign import Hints
from hpbridge.errors import UnsupportedFeatureError
from hpbridge.trial import State
from hpbridge_ray import FORMATS

(FORMAT,) = FORMATS
pytestmark = [
    pytest.mark.usefixtures("cluster"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]
QUICK = {
    "bayesopt": {},
    "skopt": {"n_initial_points": 3, "n_points": 100},
}


def train(config):
    from ray import tune

    for step in range(1, 4):
        tune.report({"loss": (config["net"]["x"] - 1) ** 2 + config["n"] / step})


def param_space():
    from ray import tune

    return {"net": {"x": tune.uniform(-5, 5)}, "n": tune.randint(1, 4), "k": 7}


def interrupter(marker, after):
    from ray import tune

    class Interrupter(tune.Callback):
        """Presses Ctrl-C once, when so many trials are complete."""

        n_complete = 0

        def on_trial_complete(self, *_, **__):
            self.n_complete += 1
            if self.n_complete == after and not Path(marker).exists():
                Path(marker).touch()
                os.kill(os.getpid(), signal.SIGINT)

    return Interrupter()


@pytest.mark.parametrize(
    "optimizer", ["skopt", pytest.param("bayesopt", marks=pytest.mark.slow)]
)
def test_a_tuner_with_asha_that_was_interrupted_goes_on(optimizer, tmp_path):
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    from hpbridge_ray import BridgeSearcher

    def searcher():
        return BridgeSearcher(optimizer, seed=5, options=QUICK[optimizer])

    n_trials = 6
    tuner = tune.Tuner(
        train,
        param_space=param_space(),
        tune_config=tune.TuneConfig(
            metric="loss",
            mode="min",
            search_alg=searcher(),
            scheduler=ASHAScheduler(grace_period=1, max_t=3, reduction_factor=2),
            num_samples=n_trials,
            max_concurrent_trials=1,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name="study",
            storage_path=str(tmp_path),
            verbose=0,
            callbacks=[interrupter(str(tmp_path / "pressed"), 3)],
        ),
    )
    before = tuner.fit()
    assert len(before) < n_trials
    folder = tmp_path / "study"
    (state,) = folder.glob("searcher-state-*.pkl")
    assert len(json.loads(state.read_text())["events"]) >= 6
    restored = tune.Tuner.restore(str(folder), train, param_space=param_space()).fit()
    # Ray gives them back in the order of their last results.
    results = sorted(restored, key=lambda r: int(Path(r.path).name.split("_")[2]))
    assert len(results) == n_trials
    assert [r.config for r in results][: len(before)] == [r.config for r in before]

    # What one guest proposes that never stopped, given the same results.
    alone = searcher()
    assert alone.set_search_properties("loss", "min", param_space())
    for k, result in enumerate(results):
        assert {**alone.suggest(str(k)), "k": 7} == result.config
        alone.on_trial_complete(str(k), result=result.metrics)

    study = FORMAT.read(folder, Hints(native_space=param_space()))
    assert [t.params["net/x"] for t in study.trials] == [
        r.config["net"]["x"] for r in results
    ]
    ended = {t.state for t in study.trials}
    assert ended <= {State.COMPLETE, State.PRUNED}


def stepping():
    from ray import tune

    class Stepping(tune.Trainable):
        def setup(self, config):
            self.x, self.k = config["x"], 0

        def reset_config(self, new_config):
            self.setup(new_config)
            return True

        def step(self):
            self.k += 1
            return {"loss": self.x / self.k, "done": self.k >= 4}

        def save_checkpoint(self, checkpoint_dir):
            (Path(checkpoint_dir) / "k").write_text(str(self.k))

        def load_checkpoint(self, checkpoint_dir):
            self.k = int((Path(checkpoint_dir) / "k").read_text())

    return Stepping


def schedulers():
    from ray.tune import schedulers as s

    return {
        "HyperBand": lambda: s.HyperBandScheduler(max_t=4, reduction_factor=2),
        "Median": lambda: s.MedianStoppingRule(grace_period=1, min_samples_required=1),
    }


def fit(search_alg, scheduler, path):
    from ray import tune

    return tune.Tuner(
        stepping(),
        param_space={"x": tune.uniform(1, 2)},
        tune_config=tune.TuneConfig(
            metric="loss",
            mode="min",
            search_alg=search_alg,
            scheduler=scheduler,
            num_samples=4,
            max_concurrent_trials=2,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(name="study", storage_path=str(path), verbose=0),
    ).fit()


@pytest.mark.parametrize(
    ("name", "optimizer"), [("HyperBand", "hyperopt:tpe"), ("Median", "bayesopt")]
)
def test_two_trials_at_once_that_a_scheduler_pauses_or_stops(name, optimizer, tmp_path):
    from hpbridge_ray import BridgeSearcher

    searcher = BridgeSearcher(optimizer, seed=1)
    results = fit(searcher, schedulers()[name](), tmp_path)
    assert len(results) == 4
    assert results.num_errors == 0
    assert len({result.config["x"] for result in results}) == 4
    conversation, _ = searcher._inner._talk
    assert not conversation.open
    events = conversation.state()["events"]
    assert [kind for kind, *_ in events].count("tell") == 4


def test_population_based_training_takes_no_search_algorithm(tmp_path):
    from ray.tune.schedulers import PopulationBasedTraining

    from hpbridge_ray import BridgeSearcher

    scheduler = PopulationBasedTraining(hyperparam_mutations={"x": [1, 2]})
    with pytest.raises(Exception, match="cannot be used with PopulationBasedTraining"):
        fit(BridgeSearcher("random"), scheduler, tmp_path)


def test_a_space_that_it_cannot_search_is_refused_before_the_first_trial(tmp_path):
    from hpbridge_ray import BridgeSearcher

    with pytest.raises(UnsupportedFeatureError, match="'x' needs float"):
        fit(BridgeSearcher("ray:grid"), None, tmp_path)
    assert not list(tmp_path.glob("study/*/result.json"))


def bowl(trial):
    return {"loss": -((trial["x"] - 1) ** 2) - trial["n"] - trial.seed % 2}


def failing_bowl(trial):
    if trial.number == 3:
        message = "boom"
        raise RuntimeError(message)
    return bowl(trial)


@pytest.mark.parametrize(
    ("optimizer", "objective"), [("optuna:tpe", failing_bowl), ("ray:hyperopt", bowl)]
)
def test_the_host_gives_the_trials_of_the_guest_alone(optimizer, objective):
    space = {"x": hpb.Float(-5, 5), "n": hpb.Categorical([1, 2, 3]), "k": 7}
    experiment = hpb.Experiment(
        objective=objective, space=space, direction={"loss": "maximize"}
    )
    # Not above: Ray's actors import this module, and do not find that one.
    from hosted_ray import HOSTED

    found = HOSTED.run(optimizer, experiment, 8, 2)
    study = hpb.run(
        experiment, optimizer, n_trials=8, seed=2, store=":memory:", driver="local"
    )
    assert [params for params, _ in found] == [dict(t.params) for t in study.trials]
    values = [t.metrics.get("loss", float("nan")) for t in study.trials]
    assert repr([value for _, value in found]) == repr(values)
