"""What is said of the reports of a study with a pruner."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys

import pytest

import hpbridge as hpb
from hpbridge.contract.attempt import STOP_AT
from hpbridge.engine.reporting import BACKWARD, TWICE, silence_of, went_on

SPACE = {"x": hpb.Float(0, 1)}
# Ends a trial at its first report below 0.
BELOW = "threshold", {"lower": 0.0}


def run(objective, n_trials=1, **settings) -> hpb.Study:
    tuned = hpb.Experiment(objective=objective, space=SPACE)
    defaults = {"seed": 0, "store": ":memory:", "pruner": BELOW}
    return hpb.run(tuned, "random", n_trials=n_trials, **defaults | settings)


def silent(trial) -> float:
    return trial["x"]


def test_an_objective_that_reports_nothing_is_told_how_to_once() -> None:
    said = []

    def hear(session, _trial) -> None:
        said.append([n for n in session.notes if "reports nothing" in n])

    study = run(silent, 3, callbacks=[hear])
    assert said == [[silence_of("threshold")]] * 3  # after the first one already
    assert list(study.notes).count(silence_of("threshold")) == 1
    assert "`trial.report(value, step)`" in silence_of("threshold")
    assert not run(silent, pruner=None).notes


def test_one_that_reports_later_or_fails_first_is_not_told_so() -> None:
    def sometimes(trial):
        if trial.number == 0:
            msg = "no data"
            raise OSError(msg)
        trial.report(1.0, 1)
        return 1.0

    assert not run(sometimes, 2).notes


def test_the_display_says_so_at_once(tmp_path) -> None:
    script = (
        "import hpbridge as hpb\n"
        "e = hpb.Experiment(objective=lambda t: t['x'], space={'x': hpb.Float(0, 1)})\n"
    )
    (tmp_path / "e.py").write_text(script)
    words = ["run", "e.py:e", "-b", "random", "-n", "9", "--pruner", "median"]
    done = subprocess.run(
        [sys.executable, "-m", "hpbridge", *words],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stderr.splitlines() if "reports nothing" in line]
    assert len(lines) == 1, done.stderr
    assert "9/9" in done.stderr.partition(lines[0])[2]
    assert "reports nothing" in " ".join(done.stdout.split())


def goes_on(trial) -> float:
    """Report on and on, whatever is said; trial 2 obeys in the end, trial 3 at once."""
    value = 1.0 if trial.number == 4 else -1.0
    for step in range(4):
        trial.report(value, step)
        if trial.should_prune():
            if trial.number == 3:
                raise hpb.TrialPruned
            if trial.number == 2 and step == 2:
                raise hpb.TrialPruned
            if trial.number == 5:
                return 0.5
    return trial["x"]


@pytest.mark.parametrize("workers", [1, 2])
def test_trials_that_go_on_are_counted_and_the_record_tells(workers) -> None:
    study = run(goes_on, 6, workers=workers)
    trials = sorted(study.trials, key=lambda trial: trial.number)
    stops = [trial.native.get(STOP_AT) for trial in trials]
    assert stops == [0, 0, 0, None, None, 0]
    assert [t.number for t in trials if went_on(t)] == [0, 1]
    (note,) = study.notes
    assert note.startswith("2 trials went on after they were to stop; ")
    # Who obeys by returning is complete, as in Optuna.
    assert trials[5].state is hpb.State.COMPLETE
    assert trials[5].metrics == {"value": 0.5}


def test_a_study_that_goes_on_counts_anew(tmp_path) -> None:
    store = tmp_path / "s.db"
    tuned = hpb.Experiment(objective=goes_on, space=SPACE)
    how = {"seed": 0, "store": store, "name": "s", "pruner": BELOW}
    study = hpb.run(tuned, "random", n_trials=1, **how)
    assert study.notes[0].startswith("1 trial went on after it was to stop; ")
    hpb.resume("s", tuned, store=store, n_trials=2)
    study = hpb.load_study("s", store)
    assert [n.partition(";")[0] for n in study.notes if "went on" in n] == [
        "2 trials went on after they were to stop"
    ]


def test_steps_that_go_backward_or_come_twice_are_kept_and_said_once() -> None:
    def odd(trial):
        for step in (3, 1, 3, 2):
            trial.report(float(step), step)
        return 1.0

    study = run(odd, 3)
    assert list(study.notes) == [TWICE, BACKWARD]
    assert study.trials[0].reports == ((3, 3.0), (1, 1.0), (3, 3.0), (2, 2.0))


def test_of_a_step_that_comes_twice_the_first_report_decides() -> None:
    def again(trial):
        trial.report(1.0, 1)
        trial.report(-1.0, 1)
        assert not trial.should_prune()
        trial.report(-1.0, 0)  # where it stands is step 1
        assert not trial.should_prune()
        trial.report(-1.0, 2)
        assert trial.should_prune()
        return 1.0

    assert run(again).trials[0].state is hpb.State.COMPLETE


def test_a_pruned_trial_is_told_with_the_value_at_its_greatest_step() -> None:
    told = []

    def odd(trial):
        for step, value in ((1, 3.0), (5, 2.0), (5, 0.5), (2, 1.0)):
            trial.report(value, step)
        raise hpb.TrialPruned

    run(odd, callbacks=[lambda session, trial: told.append(session.outcome(trial))])
    assert told[0].values == (2.0,)  # as Optuna has it


def test_nan_and_infinities_are_kept() -> None:
    def odd(trial):
        for step, value in enumerate([math.inf, math.nan, -math.inf]):
            trial.report(value, step)
        return 1.0

    (trial,) = run(odd, pruner="median").trials
    values = [value for _, value in trial.reports]
    assert values[::2] == [math.inf, -math.inf]
    assert math.isnan(values[1])
    assert trial.state is hpb.State.COMPLETE


@pytest.mark.parametrize(
    ("value", "step", "told"),
    [
        ("a", 1, "value must be a number, got the str 'a'"),
        (None, 1, "value must be a number, got None"),
        ([1, 2], 1, "value must be a number, got "),
        (1 + 2j, 1, "value must be a number, got "),
        (1.0, 1.5, "step must be a whole number, got 1.5"),
        (1.0, None, "step must be a whole number, got None"),
        (1.0, -1, "step must be a whole number from 0, got -1"),
        (1.0, math.nan, "step must be a whole number, got nan"),
    ],
)
def test_what_is_no_report_fails_its_trial_with_a_sentence(value, step, told) -> None:
    def odd(trial):
        trial.report(1.0, 1)
        trial.report(value, step)
        return 1.0

    for trial in run(odd, 2).trials:
        assert trial.state is hpb.State.FAILED
        assert told in str(trial.error)
        assert trial.reports == ((1, 1.0),)


def test_a_report_may_be_whatever_is_one_number() -> None:
    import numpy as np

    def odd(trial):
        trial.report(np.float32(0.5), np.int64(1))
        trial.report(np.array([0.25]), 2.0)
        trial.report(True + 1, 3)
        return 1.0

    (trial,) = run(odd).trials
    assert trial.reports == ((1, 0.5), (2, 0.25), (3, 2.0))


class Signal(Exception):  # noqa: N818 - a signal
    pass


Signal.__name__ = "TrialPruned"


def test_the_signal_of_a_library_is_one_by_its_name() -> None:
    def raises(trial):
        trial.report(1.0, 1)
        msg = "as is done elsewhere"
        raise Signal(msg)

    (trial,) = run(raises).trials
    assert (trial.state, trial.error) == (hpb.State.PRUNED, "as is done elsewhere")
    assert trial.reports == ((1, 1.0),)


def dies(trial) -> float:
    for step in range(3):
        trial.report(1.0, step)
    if trial.number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    elif trial.number == 1:
        os._exit(3)
    elif trial.number == 2:
        signal.pause()
    elif trial.number == 3:
        raise SystemExit(1)
    return 1.0


def test_reports_are_kept_of_what_dies() -> None:
    study = run(dies, 5, workers=2, timeout_trial=5.0)
    trials = sorted(study.trials, key=lambda trial: trial.number)
    assert [t.state for t in trials] == [hpb.State.FAILED] * 4 + [hpb.State.COMPLETE]
    for trial, told in zip(
        trials, ("signal 9", "exit code 3", "5 seconds"), strict=False
    ):
        assert told in str(trial.error)
    for trial in trials:
        assert trial.reports == ((0, 1.0), (1, 1.0), (2, 1.0))
