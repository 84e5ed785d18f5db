"""The driver ``tune`` under schedulers of Ray's: what they end, and how it goes on."""

from __future__ import annotations

import random

import pytest

import hpbridge as hpb
from hpbridge.errors import DriverError, OptionError
from hpbridge.trial import TrialPruned
from hpbridge_ray import scheduling
from hpbridge_ray.driver import schedulers
from hpbridge_ray.options import TuneOptions

SPACE = {"x": hpb.Float(0, 1)}


def trains(trial):
    for step in range(1, 10):
        trial.report(trial["x"] + 1 / step, step)
        if trial.should_prune():
            raise TrialPruned
    return trial["x"]


EXPERIMENT = hpb.Experiment(name="trains", objective=trains, space=SPACE)
ASHA = {"grace_period": 1, "reduction_factor": 3, "max_t": 9}


def study(scheduler, *, n_trials=8, seed=3, **settings):
    settings = {"store": ":memory:", **settings}
    return hpb.run(
        EXPERIMENT,
        "random",
        driver=("tune", {"scheduler": scheduler, **settings.pop("options", {})}),
        n_trials=n_trials,
        seed=seed,
        **settings,
    )


def seen(found):
    return [(t.state.value, t.reports) for t in found.trials]


@pytest.mark.usefixtures("cluster")
def test_asha_ends_what_the_pruner_of_its_rules_ends_and_goes_on(tmp_path):
    store = str(tmp_path / "s.db")
    by_name = study("asha", options={"scheduler_options": ASHA})
    settings = {"n_trials": 8, "seed": 3, "store": ":memory:"}
    by_pruner = hpb.run(EXPERIMENT, "random", pruner=("asha:ray", ASHA), **settings)
    assert seen(by_name) == seen(by_pruner)
    assert {state for state, _ in seen(by_name)} == {"complete", "pruned"}

    from ray.tune.schedulers import ASHAScheduler

    given = ASHAScheduler(**ASHA, stop_last_trials=False)
    begun = study(given, n_trials=4, store=store, name="goes on")
    assert seen(begun) == seen(by_name)[:4]
    # Another process has no such object, and is given it again.
    scheduling.OBJECTS.clear()
    with pytest.raises(DriverError, match="class AsyncHyperBandScheduler") as caught:
        hpb.resume("goes on", EXPERIMENT, store=store, n_trials=8)
    assert "give it again" in caught.value.hint
    driver = "tune", {"scheduler": given}
    goal = {"n_trials": 8, "driver": driver}
    went_on = hpb.resume("goes on", EXPERIMENT, store=store, **goal)
    assert seen(went_on) == seen(by_name)


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_median_stopping_is_rays_own():
    options = {"scheduler_options": {"grace_period": 2, "min_samples_required": 2}}
    found = study("median_stopping", options=options, workers=2)
    states = [t.state.value for t in found.trials]
    assert set(states) == {"complete", "pruned"}
    assert all(len(t.reports) >= 2 for t in found.trials if t.state.value == "pruned")


@pytest.mark.usefixtures("cluster")
def test_hyperband_pauses_trials_and_none_waits_for_ever():
    options = {"scheduler_options": {"max_t": 9, "reduction_factor": 3}}
    found = study("hyperband", options=options, n_trials=9, workers=2)
    assert len(found.trials) == 9
    for trial in found.trials:
        steps = [step for step, _ in trial.reports]
        assert steps == list(range(1, len(steps) + 1))


def test_what_is_no_scheduler_here_is_refused():
    from ray.tune.schedulers import (
        ASHAScheduler,
        HyperBandForBOHB,
        PopulationBasedTraining,
    )

    refused = [
        ("pbt", "'ray:pbt' or 'pbt'"),
        ("ahsa", "there is no scheduler 'ahsa'; did you mean 'asha'"),
        (random, "must be a name or a scheduler of Ray's"),
        (PopulationBasedTraining(hyperparam_mutations={"x": [1]}), "'ray:pbt'"),
        (HyperBandForBOHB(), "'ray:bohb' with pruner 'hyperband'"),
        (ASHAScheduler(metric="loss", mode="min"), "the experiment has them"),
    ]
    for given, why in refused:
        with pytest.raises(ValueError, match=why):
            TuneOptions(scheduler=given)
    with pytest.raises(ValueError, match="of a scheduler that is given by name"):
        TuneOptions(scheduler_options={"max_t": 3})
    with pytest.raises(OptionError, match="did you mean 'asha'"):
        study("ahsa")
    with pytest.raises(DriverError, match="cannot be made of scheduler_options"):
        study("asha", options={"scheduler_options": {"max_time": 3}})
    with pytest.raises(DriverError, match="a pruner or a scheduler"):
        study("asha", pruner="median")


def test_a_study_under_a_scheduler_that_pauses_does_not_go_on():
    from ray.tune.schedulers import (
        AsyncHyperBandScheduler,
        HyperBandScheduler,
        MedianStoppingRule,
    )

    assert not schedulers.pauses(AsyncHyperBandScheduler())
    assert not schedulers.pauses(MedianStoppingRule())
    assert schedulers.pauses(MedianStoppingRule(hard_stop=False))
    assert schedulers.pauses(HyperBandScheduler())
