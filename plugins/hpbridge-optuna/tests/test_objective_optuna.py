"""Objectives that are written for Optuna, unchanged, on other libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import optuna
import pytest

import hpbridge as hpb
from hpbridge.contract.native import native_experiment
from hpbridge.trial import State
from hpbridge_optuna.native.objective import adopt

pytestmark = pytest.mark.usefixtures("silent_optuna")


def objective(trial):
    x = trial.suggest_float("x", -5, 5)
    n = trial.suggest_int("n", 1, 9, step=2)
    kind = trial.suggest_categorical("kind", ["a", None, 2.5])
    value = x**2 + n
    if kind == "a":
        value += trial.suggest_float("lr", 1e-4, 1, log=True)
        value += trial.suggest_float("drop", 0, 1, step=0.25)
    assert trial.params["x"] == x
    assert set(trial.distributions) == set(trial.params)
    trial.set_user_attr("kind", str(kind))
    for step in range(2):
        trial.report(value + step, step)
    return value


@pytest.mark.parametrize("optimizer", ["optuna:tpe", "hyperopt:tpe", "skopt:et"])
def test_it_runs_on_any_backend(optimizer):
    experiment = native_experiment(objective, None)
    study = hpb.run(experiment, optimizer, n_trials=12, seed=0, store=":memory:")
    assert {t.state for t in study.trials} == {State.COMPLETE}
    assert dict(study.space) == {
        "x": hpb.Float(-5, 5),
        "n": hpb.Int(1, 9, step=2),
        "kind": hpb.Categorical(["a", None, 2.5]),
        "lr": hpb.Float(1e-4, 1, log=True, when={"kind": "a"}),
        "drop": hpb.Float(0, 1, step=0.25, when={"kind": "a"}),
    }
    trial = study.trials[0]
    assert trial.attributes == {"kind": str(trial.params["kind"])}
    assert len(trial.reports) == 2


def test_the_same_parameters_give_the_same_value_as_in_optuna():
    experiment = native_experiment(objective, None)
    ours = hpb.run(experiment, "random", n_trials=8, seed=1, store=":memory:")
    study = optuna.create_study()
    for trial in ours.trials:
        study.enqueue_trial(dict(trial.params))
    study.optimize(objective, n_trials=8)
    assert [t.values for t in study.trials] == [
        [t.metrics["value"]] for t in ours.trials
    ]


def test_the_distributions_are_those_that_optuna_has():
    seen = []

    def spy(trial):
        value = objective(trial)
        seen.append(trial.distributions)
        return value

    hpb.run(
        native_experiment(spy, None), "random", n_trials=4, seed=1, store=":memory:"
    )
    study = optuna.create_study()
    study.optimize(spy, n_trials=4)
    ours, theirs = {}, {}
    for k, distributions in enumerate(seen):
        (ours if k < 4 else theirs).update(distributions)
    assert ours.keys() & theirs.keys() >= {"x", "n", "kind"}
    assert all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())


def test_pruned_failed_and_nan_trials_are_what_they_are_in_optuna():
    def bad(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number == 1:
            trial.report(x, 0)
            raise optuna.TrialPruned
        if trial.number == 2:
            raise ValueError
        return float("nan") if trial.number == 3 else x

    study = hpb.run(
        native_experiment(bad, None), "optuna", n_trials=6, seed=0, store=":memory:"
    )
    assert [t.state.value for t in study.trials] == [
        "complete",
        "pruned",
        "failed",
        "failed",
        "complete",
        "complete",
    ]


def test_several_objectives_are_metrics_by_their_position():
    def two(trial):
        x = trial.suggest_float("x", 0, 1)
        return x, 1 - x

    ways = {"value_0": "minimize", "value_1": "maximize"}
    study = hpb.run(
        native_experiment(two, None, ways), "optuna", n_trials=4, store=":memory:"
    )
    assert [t.metrics["value_1"] for t in study.trials] == [
        1 - t.metrics["value_0"] for t in study.trials
    ]


@pytest.mark.filterwarnings("ignore:.*has been deprecated:FutureWarning")
def test_the_older_calls_work_too():
    def old(trial):
        return (
            trial.suggest_uniform("a", 0, 1)
            + trial.suggest_loguniform("b", 0.1, 1)
            + trial.suggest_discrete_uniform("c", 0, 1, 0.5)
        )

    study = hpb.run(
        native_experiment(old, None), "random", n_trials=2, store=":memory:"
    )
    assert dict(study.space) == {
        "a": hpb.Float(0, 1),
        "b": hpb.Float(0.1, 1, log=True),
        "c": hpb.Float(0, 1, step=0.5),
    }


class Callable:
    def __call__(self, t):
        return t.suggest_float("x", 0, 1)

    def method(self, t):
        return t.suggest_float("x", 0, 1)


def takes_params(params):
    return params["x"]


@pytest.mark.parametrize("optimizer", ["optuna:tpe", "skopt:et"])
def test_it_may_be_a_generator_of_losses(optimizer):
    def trains(trial):
        x = trial.suggest_float("x", 0, 3)
        for step in range(4):
            if x - step < -1:
                raise optuna.TrialPruned
            yield x - step

    study = hpb.run(
        native_experiment(trains),
        optimizer,
        n_trials=12,
        seed=0,
        store=":memory:",
        pruner=("threshold", {"lower": -0.5}),
    )
    ended = {
        trial.state: len(trial.reports) - trial.params["x"] for trial in study.trials
    }
    assert set(ended) == {State.COMPLETE, State.PRUNED}


def two_arguments(trial, more):
    return trial.suggest_float("x", 0, more)


def test_what_looks_like_an_objective_of_optuna():
    def nested(t):
        def inner():
            return t.suggest_int("n", 1, 2)

        return inner()

    def by_name(trial, scale=1):
        return ask(trial) * scale

    def ask(t):
        return t.suggest_float("x", 0, 1)

    for function in (objective, nested, by_name, Callable(), Callable().method):
        assert adopt(function) is not None
    for function in (takes_params, two_arguments, len, print):
        assert adopt(function) is None


SCRIPT = """
import optuna

def objective(trial):
    x = trial.suggest_float("x", -1, 1)
    return x ** 2

def other(params):
    return 0

if __name__ == "__main__":
    optuna.create_study().optimize(objective, n_trials=100)
"""


def hpbridge(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hpbridge", *words],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
    )


def test_an_unmodified_script_runs_from_the_command_line(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    words = ["run", "script.py:objective", "-b", "hyperopt", "-n", "5", "-s", "0"]
    done = hpbridge(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "5 complete" in done.stdout
    done = hpbridge(tmp_path, "resume", "1", "-n", "7")
    assert "7 complete" in done.stdout, done.stderr
    done = hpbridge(tmp_path, "run", "script.py:other")
    assert done.returncode == 2
    assert "a function of the parameters with --space FILE:NAME" in done.stderr
