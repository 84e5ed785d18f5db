"""`ray:bohb` with budgets is Ray's own `TuneBOHB` under a Hyperband, bit for bit."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from ray import tune
from seeds import EACH

import hpbridge as hpb

# Of hpbandster and of ConfigSpace, when `TuneBOHB` is called.
pytestmark = pytest.mark.filterwarnings("ignore")

BUDGET = hpb.Budget(1, 9, name="epochs")
N_TRIALS = 66
"""Three rounds: models of all three budgets, one after the other."""


def loss(point, budget):
    return (point["x"] - 0.3) ** 2 + abs(point["y"] - 0.7) / budget + 1 / budget


def trained(trial):
    return loss(trial, trial.budget)


def experiment(objective=trained):
    space = {"x": hpb.Float(0, 1), "y": hpb.Float(0, 1)}
    return hpb.Experiment(objective=objective, space=space, budget=BUDGET)


def staged(seed, store, objective=trained, n_trials=N_TRIALS):
    return hpb.run(
        experiment(objective),
        "ray:bohb",
        pruner="hyperband",
        driver="local",
        n_trials=n_trials,
        seed=seed,
        store=store,
    )


class Theirs:
    """`TuneBOHB`, called as Tune and `HyperBandForBOHB` call it."""

    def __init__(self, seed):
        from ray.tune.search.bohb import TuneBOHB

        self.searcher = TuneBOHB(seed=seed)
        space = {"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)}
        self.searcher.set_search_properties("value", "min", space)
        np.random.seed(seed)

    def proposal(self, number):
        return self.searcher.suggest(str(number))

    def result(self, number, value, budget):
        """Take the last result of a rung, at whose end the scheduler says its budget.

        Source:
            ray 2.60.0, `HyperBandForBOHB.on_trial_result`.
        """
        result = {"value": value, "training_iteration": budget}
        result["hyperband_info"] = {"budget": budget}
        self.searcher.on_trial_result(str(number), result)


def first_of(study, trial):
    """Return the number of the trial with which a configuration began."""
    while trial.parent is not None:
        trial = study.trials[trial.parent]
    return trial.number


@pytest.fixture
def numpys_state():
    state = np.random.get_state()
    yield
    np.random.set_state(state)


@pytest.mark.usefixtures("numpys_state")
@pytest.mark.parametrize("seed", EACH)
def test_proposals_are_those_of_tune_bohb(seed, tmp_path, caplog):
    caplog.set_level(logging.ERROR)
    study = staged(seed, tmp_path / "s.db")
    theirs, models = Theirs(seed), []
    for trial in study.trials:
        if not trial.rung:
            assert theirs.proposal(trial.number) == trial.params
        theirs.result(first_of(study, trial), trial.metrics["value"], trial.budget)
        models.append(theirs.searcher.bohber.largest_budget_with_model())
    assert len(study.trials) == N_TRIALS
    # The largest budget of which a model was made; it is the one that proposes.
    assert list(dict.fromkeys(models[5:])) == [1, 3, 9]
    assert study.notes[0] == "ray:bohb is told of every trial, with its budget"


@pytest.mark.usefixtures("numpys_state")
def test_failed_trials_are_left_out(tmp_path, caplog):
    caplog.set_level(logging.ERROR)

    def fails(trial):
        return 1 / 0 if trial.number % 5 == 4 else trained(trial)

    study = staged(3, tmp_path / "s.db", fails)
    theirs = Theirs(3)
    for trial in study.trials:
        if not trial.rung:
            assert theirs.proposal(trial.number) == trial.params
        if trial.metrics:
            theirs.result(first_of(study, trial), trial.metrics["value"], trial.budget)
    assert {t.budget for t in study.trials if not t.metrics} >= {1, 3}


def test_a_study_that_stopped_goes_on_bit_for_bit(tmp_path):
    whole, store = staged(5, tmp_path / "whole.db"), tmp_path / "s.db"
    first = staged(5, store, n_trials=30)
    study = hpb.resume(first.name, experiment(), n_trials=N_TRIALS, store=store)
    assert [t.params for t in study.trials] == [t.params for t in whole.trials]


def steps():
    """Return a trainable that has what it calls with it: workers lack this module."""

    def of_epoch(x, y, epoch):
        return (x - 0.3) ** 2 + abs(y - 0.7) / epoch + 1 / epoch

    class Steps(tune.Trainable):
        """An epoch a step, with checkpoints, which the scheduler needs to pause it."""

        def setup(self, config):
            self.point = config

        def reset_config(self, new_config):
            self.point = new_config
            return True

        def step(self):
            return {"value": of_epoch(**self.point, epoch=self.iteration + 1)}

        def save_checkpoint(self, checkpoint_dir):
            return {}

        def load_checkpoint(self, checkpoint):
            pass

    return Steps


@pytest.mark.slow
@pytest.mark.usefixtures("cluster", "numpys_state")
def test_the_first_bracket_is_that_of_hyperband_for_bohb(tmp_path):
    """And so are the first proposals of the second, which are of the same model.

    Ray tells `TuneBOHB` nothing of a trial that the scheduler stops when it reports, so
    the last one of the first rung is missing there, unless it is promoted: with this
    seed it is. After the first bracket, Ray puts new trials into it.
    """
    study = staged(2, tmp_path / "s.db", n_trials=9 + 3 + 1 + 3)
    assert 9 - 1 in {trial.parent for trial in study.trials}
    from ray.tune.schedulers import HyperBandForBOHB
    from ray.tune.search.bohb import TuneBOHB

    np.random.seed(2)
    tuner = tune.Tuner(
        steps(),
        param_space={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)},
        tune_config=tune.TuneConfig(
            metric="value",
            mode="min",
            search_alg=TuneBOHB(seed=2),
            scheduler=HyperBandForBOHB(max_t=9, reduction_factor=3),
            num_samples=9 + 3,
            max_concurrent_trials=1,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(verbose=0, storage_path=str(tmp_path / "ray")),
    )
    results = list(tuner.fit())
    new = [trial.params for trial in study.trials if not trial.rung]
    assert [result.config for result in results] == new
    reached = {trial.params["x"]: trial.budget for trial in study.trials[: 9 + 3 + 1]}
    theirs = [result.metrics["training_iteration"] for result in results[:9]]
    assert theirs == [reached[params["x"]] for params in new[:9]]
