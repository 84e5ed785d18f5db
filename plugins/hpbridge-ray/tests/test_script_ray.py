from __future__ import annotations

import pytest

from hpbridge.contract.references import Found, Wanted, find_experiment
from hpbridge.engine.run import run

HEAD = """
import datetime
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import ConcurrencyLimiter
from ray.tune.search.optuna import OptunaSearch
from ray.tune.search.hyperopt import HyperOptSearch
def train(config):
    tune.report({"mean_accuracy": config["net"]["width"] - config["lr"], "epoch": 1})
class Climbs(tune.Trainable):
    def setup(self, config):
        self.x = config["x"]
    def step(self):
        return {"score": self.x * (self.iteration + 1)}
param_space = {"lr": tune.uniform(0, 1), "net": {"width": tune.randint(1, 4)}}
"""


def found(tmp_path, name: str, call: str) -> Found:
    path = tmp_path / f"ray_{name}.py"
    path.write_text(f"{HEAD}\ndef main():\n    {call}")
    return find_experiment(Wanted(str(path)))


TUNER = (
    "tune.Tuner({}, param_space=param_space, tune_config=tune.TuneConfig("
    "metric='mean_accuracy', mode='max', num_samples=4, {})).fit()"
)

SAID = {
    "plain": ("train", "", "ray:random", ()),
    "optuna": ("train", "search_alg=OptunaSearch(seed=3)", "ray:optuna", ()),
    "limited": (
        "train",
        "search_alg=ConcurrencyLimiter(HyperOptSearch(n_initial_points=4), 2)",
        "ray:hyperopt",
        (),
    ),
    "scheduled": (
        "train",
        "scheduler=ASHAScheduler()",
        "ray:random",
        ("the end of a trial at max_t=100 (a function ends by itself)",),
    ),
    "foreign": ("train", "search_alg=mine", "", ("search_alg=mine",)),
}


@pytest.mark.parametrize("name", SAID)
def test_what_a_tuner_is_given_is_taken_or_named(tmp_path, name):
    trainable, more, optimizer, left = SAID[name]
    read = found(tmp_path, name, TUNER.format(trainable, more))
    script = read.script
    assert script is not None
    assert read.experiment.metrics == {"mean_accuracy": "maximize"}
    assert script.n_trials == 4
    assert (script.optimizer, script.not_taken) == (optimizer, left)
    assert list(read.experiment.space) == ["lr", "net/width"]
    assert script.seed == (3 if name == "optuna" else None)


def test_a_class_runs_until_what_its_script_stops_at(tmp_path):
    call = (
        "tune.run(Climbs, config={'x': tune.grid_search([1, 2, 3])}, metric='score', "
        "mode='max', stop={'training_iteration': 3}, verbose=0, "
        "time_budget_s=datetime.timedelta(minutes=1))"
    )
    read = found(tmp_path, "climbs", call)
    script = read.script
    assert script is not None
    assert (script.optimizer, script.timeout) == ("ray:grid", 60)
    assert script.not_taken == ()
    study = run(read.experiment, "random", n_trials=3, seed=0, store=":memory:")
    assert {t.metrics["score"] / t.params["x"] for t in study.trials} == {3}


def test_a_direction_that_no_tuner_says_is_assumed(tmp_path):
    call = "tune.Tuner(train, param_space=param_space).fit()"
    read = found(tmp_path, "undirected", call)
    assert read.experiment.is_direction_assumed


ASHA = "ASHAScheduler({})"
SCHEDULERS = {
    "bare": (
        "max_t=27, grace_period=3, reduction_factor=3",
        {"max_t": 27, "grace_period": 3},
    ),
    "same": ("metric='mean_accuracy', mode='max'", {"max_t": 100}),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_asha_is_taken_as_ours(tmp_path, name):
    given, options = SCHEDULERS[name]
    scheduler = f"scheduler=ASHAScheduler({given}, stop_last_trials=False)"
    script = found(tmp_path, f"asha_{name}", TUNER.format("train", scheduler)).script
    assert script is not None
    assert script.not_taken == ()
    assert script.pruner is not None
    assert script.pruner[0] == "asha:ray"
    assert options.items() <= dict(script.pruner[1]).items()


def test_a_scheduler_says_which_way_is_better_where_nothing_else_does(tmp_path):
    call = (
        "tune.Tuner(train, param_space=param_space, tune_config=tune.TuneConfig("
        "scheduler=ASHAScheduler(metric='mean_accuracy', mode='max'))).fit()"
    )
    read = found(tmp_path, "asha_says", call)
    assert read.experiment.metrics == {"mean_accuracy": "maximize"}
    assert not read.experiment.is_direction_assumed


UNTAKEN = {
    "brackets": ("ASHAScheduler(brackets=3)", "brackets must be 1, got 3"),
    "time": ("ASHAScheduler(time_attr='epoch')", "time_attr must be"),
    "metric": ("ASHAScheduler(metric='loss', mode='min')", "its metric is 'loss'"),
    "unknown": ("ASHAScheduler(max_t=args.n)", "known only while the script runs"),
    "other": ("tune.schedulers.MedianStoppingRule()", "it compares with means"),
}


@pytest.mark.parametrize("name", UNTAKEN)
def test_a_scheduler_that_is_not_taken_is_named_with_the_reason(tmp_path, name):
    given, why = UNTAKEN[name]
    call = TUNER.format("train", f"scheduler={given}")
    script = found(tmp_path, f"untaken_{name}", call).script
    assert script is not None
    assert script.pruner is None
    (left,) = script.not_taken
    assert left.startswith(f"scheduler {given.partition('(')[0].rpartition('.')[2]} (")
    assert why in left


def test_a_scheduler_that_stops_nothing_is_nothing(tmp_path):
    given = "scheduler=tune.schedulers.FIFOScheduler()"
    script = found(tmp_path, "fifo", TUNER.format("train", given)).script
    assert script is not None
    assert (script.pruner, script.not_taken) == (None, ())


def test_a_class_ends_where_its_scheduler_ends_it(tmp_path):
    call = (
        "tune.run(Climbs, config={'x': tune.grid_search([1, 2, 3])}, metric='score', "
        "mode='max', scheduler=ASHAScheduler(max_t=4, grace_period=1))"
    )
    read = found(tmp_path, "asha_class", call)
    script = read.script
    assert script is not None
    assert script.not_taken == ()
    given = {"pruner": script.pruner, "seed": 0, "store": ":memory:"}
    study = run(read.experiment, "random", n_trials=9, **given)
    assert {t.state.name for t in study.trials} == {"COMPLETE", "PRUNED"}
    assert all(len(trial.reports) <= 4 for trial in study.trials)
    assert study.best_trial.metrics == {"score": 12.0}  # 3 by 4
