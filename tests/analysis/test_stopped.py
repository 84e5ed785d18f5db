"""What stopping early bought: steps that were not run, exactly."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.analysis.stopped import stopped_by_optimizer

SPACE = {"length": hpb.Int(1, 100)}


def ran(lengths, *, full=10, steps=range(1, 100), pruner=None):
    """Run trials that report so often, and are stopped before the full length."""
    lengths = list(lengths)

    def objective(trial):
        number = lengths[trial.number]
        for step in list(steps)[: abs(number)]:
            trial.report(0.0, step)
        if number < 0:
            raise ValueError
        if number < full:
            raise hpb.TrialPruned
        return 0.0

    experiment = hpb.Experiment(objective=objective, space=SPACE)
    return hpb.run(
        experiment,
        "random",
        n_trials=len(lengths),
        seed=0,
        store=":memory:",
        pruner=pruner,
    )


def test_what_was_saved_is_what_stopped_trials_fell_short_by():
    found = ran([10, 4, 10, 1]).stopped
    assert (found.n_stopped, found.n_trials) == (2, 4)
    assert (found.steps_run, found.steps_saved) == (25, 15)
    assert found.share == 15 / 40
    assert found.sentence == "stopped 2 of 4 trials, saved 37 % of the steps"
    assert found.line.startswith("The objective stopped")


def test_where_complete_trials_differ_their_median_counts():
    found = ran([10, 4, 30, 12, 11]).stopped
    assert found.steps_of_complete == (10, 11.5, 30)
    assert found.steps_saved == 7.5
    assert "(complete trials ran 10 to 30; a stopped one is taken to have had 11.5" in (
        found.sentence
    )


def test_failed_trials_count_as_neither():
    found = ran([10, -3, 4]).stopped
    assert (found.steps_run, found.steps_saved) == (14, 6)
    assert found.n_trials == 3


@pytest.mark.parametrize(
    ("steps", "run", "saved"),
    [([1, 3, 9, 27], 30, 24), ([0, 1, 2, 3], 6, 2), ([10, 20, 30, 40], 60, 20)],
)
def test_a_reported_step_stands_for_those_since_the_one_before(steps, run, saved):
    found = ran([4, 2], full=4, steps=steps).stopped
    assert (found.steps_run, found.steps_saved) == (run, saved)


def test_steps_in_any_order_count_each():
    found = ran([4, 2], full=4, steps=[2, 0, 3, 1]).stopped
    assert (found.steps_run, found.steps_saved) == (6, 2)


def test_without_a_complete_trial_nothing_is_known():
    found = ran([3, 2]).stopped
    assert found.share is None
    assert found.sentence == (
        "stopped 2 of 2 trials; no trial is complete that reports, to compare with"
    )
    assert found.to_json()["share"] is None


def test_a_pruner_that_stopped_nobody_says_so():
    assert ran([10, 10], pruner="median").stopped.line == (
        "Pruner median stopped 0 of 2 trials"
    )


def test_where_nothing_could_stop_a_trial_nothing_is_said():
    assert ran([10, 10]).stopped is None


def test_repeats_of_an_optimizer_are_added_up():
    studies = [ran([10, 4]), ran([10, 10]), ran([20, 5], full=20)]
    assert stopped_by_optimizer(studies) == [
        "random:random: stopped 2 of 4 trials, saved 35 % of the steps"
    ]
    assert stopped_by_optimizer([ran([10])]) == []
    assert stopped_by_optimizer([ran([3])]) == ["random:random: stopped 1 of 1 trials"]
