"""Our pruners decide as Ray's own schedulers do, on random histories."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
from pruners.histories import of_ours, of_record, play
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from hpbridge.contract.attempt import Reply
from hpbridge.pruners.halving import RayHalvingPruner

# What numpy says of infinities and NaN.
pytestmark = pytest.mark.filterwarnings("ignore")


def of_ray(scheduler):
    """Tell events to a scheduler, as Ray's controller does."""
    trials, last = {}, {}

    def decide(event):
        if event.trial not in trials:
            trials[event.trial] = SimpleNamespace(trial_id=str(event.trial))
            scheduler.on_trial_add(None, trials[event.trial])
        trial = trials[event.trial]
        if event.state == "complete" and event.trial in last:
            scheduler.on_trial_complete(None, trial, last[event.trial])
        elif event.state == "failed":
            scheduler.on_trial_error(None, trial)
        if event.state:
            return None
        result = {"training_iteration": event.step, "value": event.value}
        last[event.trial] = result
        answer = scheduler.on_trial_result(None, trial, result)
        return answer == TrialScheduler.STOP

    return decide


OPTIONS = list(
    itertools.product(
        [4, 9, 30, 100], [1, 2, 4], [1.5, 2, 3, 4.0], [True, False], [False, True]
    )
)


def chosen(seed):
    most, grace, factor, stops, maximizes = OPTIONS[seed % len(OPTIONS)]
    known = {
        "max_t": most,
        "grace_period": grace,
        "reduction_factor": factor,
        "stop_last_trials": stops,
    }
    return maximizes, known


@pytest.mark.parametrize(
    "count", [300, pytest.param(10_000, marks=pytest.mark.slow)], ids=str
)
def test_asha_decides_as_rays_own(count):
    n_ended = 0
    for seed in range(count):
        maximizes, known = chosen(seed)
        ours = RayHalvingPruner(maximizes=maximizes, **known)
        theirs = AsyncHyperBandScheduler(
            metric="value", mode="max" if maximizes else "min", **known
        )
        n_ended += play(seed, of_ours(ours), of_ray(theirs))
    assert n_ended > count / 20


def test_what_is_known_from_the_record_counts_as_what_was_watched():
    for seed in range(60):
        maximizes, known = chosen(seed)
        watched, learned = (
            RayHalvingPruner(maximizes=maximizes, **known) for _ in range(2)
        )
        play(seed, of_ours(watched), of_record(learned), at_once=1)


def test_a_trial_may_reach_the_greatest_step():
    ours = RayHalvingPruner(maximizes=False, max_t=9)
    assert [ours.report(0, step, 1.0) for step in (1, 9)] == [Reply.GO_ON] * 2
