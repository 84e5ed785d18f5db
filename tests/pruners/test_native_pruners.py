"""A library's own pruner as `pruner=`: ours that decides alike, or a sentence."""

from __future__ import annotations

import random

import pytest
from optuna import pruners as theirs
from pruners.histories import of_ours, play
from pruners.test_against_optuna import CASES, of_optuna
from ray.tune import schedulers

import hpbridge as hpb
from hpbridge.contract.pruning import Watched
from hpbridge.errors import ExperimentError, OptionError
from hpbridge.pruners.choosing import chosen_pruner, make_pruner

# Optuna's say that they are experimental.
pytestmark = pytest.mark.filterwarnings("ignore")

ASHA = {"max_t": 81, "grace_period": 3, "reduction_factor": 3}


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_a_pruner_of_optunas_is_ours_that_decides_alike(make):
    rng = random.Random(0)
    for seed in range(12):
        given = [rng.choice(values) for values in CASES[make]]
        maximizes = bool(seed % 2)
        _, own = make(given, maximizes=maximizes)
        chosen = chosen_pruner(own)
        ours = make_pruner(chosen, Watched("own", maximizes=maximizes))
        other = of_optuna(own, maximizes=maximizes)
        play(seed, of_ours(ours), other, most_if_equal=5)


def test_defaults_are_the_same():
    asha = schedulers.ASHAScheduler(stop_last_trials=False, **ASHA)
    least = {"percentile": 25.0, "n_min_trials": 3}
    for own, expected in (
        (theirs.MedianPruner(), "median"),
        (theirs.PercentilePruner(25.0, n_min_trials=3), ("percentile", least)),
        (theirs.SuccessiveHalvingPruner(), "sha"),
        (theirs.HyperbandPruner(), "hyperband"),
        (theirs.WilcoxonPruner(), "wilcoxon"),
        (asha, ("asha:ray", ASHA)),
    ):
        assert chosen_pruner(own) == chosen_pruner(expected)


class OfOnesOwn(theirs.MedianPruner):
    pass


def test_a_pruner_around_another_keeps_both():
    own = theirs.PatientPruner(theirs.MedianPruner(n_startup_trials=2), patience=4)
    options = chosen_pruner(own)["options"]
    assert options["wrapped"] == "median"
    assert options["wrapped_options"]["n_startup_trials"] == 2
    assert options["patience"] == 4
    alone = chosen_pruner(theirs.PatientPruner(None, patience=4))["options"]
    assert alone["wrapped"] is None
    with pytest.raises(OptionError, match="this class is none"):
        chosen_pruner(theirs.PatientPruner(OfOnesOwn(), patience=4))


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        (theirs.NopPruner(), "it ends nothing: leave the pruner out"),
        (OfOnesOwn(), "this class is none"),
        (schedulers.FIFOScheduler(), "it stops nothing"),
        (schedulers.HyperBandScheduler(), "it pauses trials"),
        (schedulers.MedianStoppingRule(), "it compares with means"),
        (schedulers.ASHAScheduler(), "stop_last_trials must be False"),
        (schedulers.ASHAScheduler(brackets=3), "brackets must be 1, got 3"),
        (schedulers.ASHAScheduler(time_attr="time_total_s"), "got 'time_total_s'"),
        (schedulers.ASHAScheduler(metric="loss"), "metric must be None, got 'loss'"),
    ],
)
def test_what_cannot_be_kept_is_said(own, problem):
    with pytest.raises(OptionError, match="cannot be kept") as caught:
        chosen_pruner(own)
    assert problem in str(caught.value)


def objective(trial):
    for step in range(1, 10):
        trial.report(trial["x"] + 1 / step, step)
        if trial.should_prune():
            raise hpb.TrialPruned
    return trial["x"]


EXPERIMENT = hpb.Experiment(objective=objective, space={"x": hpb.Float(0, 1)})
GIVEN = {"n_trials": 12, "seed": 1, "store": ":memory:"}


def test_a_study_takes_the_object_and_keeps_the_name():
    own = theirs.MedianPruner(n_startup_trials=2)
    study = hpb.run(EXPERIMENT, "random", pruner=own, **GIVEN)
    named = hpb.run(
        EXPERIMENT, "random", pruner=("median", {"n_startup_trials": 2}), **GIVEN
    )
    assert study.settings.budget.pruner["name"] == "median"
    assert [t.reports for t in study.trials] == [t.reports for t in named.trials]
    assert study.stopped.n_stopped > 0


def test_what_is_no_pruner_is_refused_as_any_argument():
    with pytest.raises(ExperimentError, match="own pruner, or None, got"):
        hpb.run(EXPERIMENT, "random", pruner=object(), **GIVEN)
