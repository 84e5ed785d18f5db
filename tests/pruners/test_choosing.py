"""A pruner by name and options, in the verbs and commands."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.contract.registry import registry
from hpbridge.errors import ExperimentError, OptionError, PrunerNotFoundError
from hpbridge.pruners.choosing import chosen_pruner


def trains(trial):
    """Improve with each of nine steps."""
    value = 0.0
    for step in range(1, 10):
        value = (trial["x"] - 0.3) ** 2 + 1 / step
        trial.report(value, step)
        if trial.should_prune():
            raise hpb.TrialPruned
    return value


EXPERIMENT = hpb.Experiment(objective=trains, space={"x": hpb.Float(0, 1)})
GIVEN = {"n_trials": 12, "seed": 1, "store": ":memory:"}
HALF = ("median", {"n_startup_trials": 2})


@pytest.mark.parametrize("workers", [1, 2])
def test_a_pruner_ends_trials_early(workers):
    study = hpb.run(EXPERIMENT, "random", pruner=HALF, workers=workers, **GIVEN)
    pruned = [t for t in study.trials if t.state is hpb.State.PRUNED]
    assert pruned
    assert all(len(trial.reports) < 9 for trial in pruned)


def test_settings_keep_the_pruner_with_all_options():
    study = hpb.run(EXPERIMENT, "random", pruner=HALF, **GIVEN)
    kept = study.settings.budget.pruner
    assert kept == chosen_pruner(HALF)
    assert kept["options"]["n_warmup_steps"] == 0


def test_a_study_that_goes_on_is_pruned_as_if_it_had_never_stopped(tmp_path):
    store = tmp_path / "own.db"
    given = {**GIVEN, "pruner": HALF}
    whole = hpb.run(EXPERIMENT, "random", **given)
    part = hpb.run(EXPERIMENT, "random", **{**given, "n_trials": 6, "store": store})
    again = hpb.resume(part.name, EXPERIMENT, store=store, n_trials=12)
    assert [t.reports for t in again.trials] == [t.reports for t in whole.trials]


def test_all_studies_of_a_comparison_have_the_pruner():
    found = hpb.compare(EXPERIMENT, ["random", "optuna"], pruner=HALF, **GIVEN)
    for study in found.studies:
        assert any(trial.state is hpb.State.PRUNED for trial in study.trials)


@pytest.mark.parametrize("name", registry().pruners)
def test_each_pruner_says_what_it_restates(name):
    spec = registry().pruner(name)
    assert spec.summary.endswith(".")
    assert spec.source


def test_a_name_alone_is_the_first_variant():
    assert chosen_pruner("asha")["name"] == "asha:optuna"


@pytest.mark.parametrize(("given", "meant"), [("medain", "median"), ("asho", "asha")])
def test_an_unknown_pruner_is_told_with_the_nearest_name(given, meant):
    with pytest.raises(PrunerNotFoundError, match=f"did you mean '{meant}'"):
        chosen_pruner(given)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("median", {"n_startup_trials": -1}), "'n_startup_trials' must be at least 0"),
        (("percentile", {"percentile": 101}), r"'percentile' must be in \[0, 100\]"),
        (("percentile", {}), "'percentile' must be given"),
        (("threshold", {}), "'lower' or 'upper' must be given"),
        (("hyperband", {"reduction_factor": 1}), "'reduction_factor' must be"),
        (("median", {"startup": 1}), "there is no option 'startup'"),
    ],
)
def test_options_out_of_range_are_told(given, problem):
    with pytest.raises(OptionError, match=problem):
        chosen_pruner(given)


def test_several_metrics_are_refused_before_the_first_trial():
    several = hpb.Experiment(
        objective=lambda trial: {"a": trial["x"], "b": trial["x"]},
        space={"x": hpb.Float(0, 1)},
        direction={"a": "minimize", "b": "minimize"},
    )
    with pytest.raises(ExperimentError, match="decides by one metric"):
        hpb.run(several, "random", pruner="median", **GIVEN)
