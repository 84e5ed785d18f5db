"""Every row of the module's tables: what an objective returns and raises.

Each has the same outcome, in the same words, wherever the trial runs.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.contract.references import load_experiment
from hpbridge.drivers.judging import judge
from hpbridge.errors import ObjectiveError

ODD = load_experiment(str(Path(__file__).with_name("odd_objectives.py")))
CASES = sys.modules[ODD.objective.__module__]


def run(objective, n_trials=1, direction="minimize", **settings) -> hpb.Study:
    tuned = hpb.Experiment(
        objective=objective, space={"x": hpb.Float(0, 1)}, direction=direction
    )
    defaults = {"seed": 0, "store": ":memory:"}
    return hpb.run(tuned, "random", n_trials=n_trials, **defaults | settings)


def run_odd(**settings) -> hpb.Study:
    n_trials = len(CASES.CASES)
    return hpb.run(ODD, "random", n_trials=n_trials, store=":memory:", **settings)


@pytest.fixture(scope="module")
def here() -> dict[str, hpb.trial.FinishedTrial]:
    return dict(zip(CASES.CASES, run_odd().trials, strict=True))


@pytest.mark.parametrize("case", CASES.RAISING)
def test_whatever_leaves_an_objective_fails_its_trial(here, case) -> None:
    trial, told = here[case], CASES.RAISING[case][1]
    assert trial.state is hpb.State.FAILED
    assert str(trial.error).startswith(told)
    assert "\n" not in str(trial.error)
    assert "Traceback (most recent call last):" in str(trial.traceback)


@pytest.mark.parametrize("case", CASES.FAILING)
def test_what_is_no_number_fails_its_trial(here, case) -> None:
    trial, told = here[case], CASES.FAILING[case][1]
    assert trial.state is hpb.State.FAILED
    assert str(trial.error).startswith("returned ")
    assert told in str(trial.error)


@pytest.mark.parametrize("case", CASES.COMPLETE)
def test_what_says_its_number_completes_its_trial(here, case) -> None:
    trial, metrics = here[case], CASES.COMPLETE[case][1]
    assert (trial.state, trial.error) == (hpb.State.COMPLETE, None)
    assert trial.metrics == metrics
    assert {type(value) for value in trial.metrics.values()} == {float}
    assert {type(name) for name in trial.metrics} == {str}


@pytest.mark.parametrize("place", ["workers", "threads", "processes"])
def test_the_outcome_is_the_same_wherever_it_runs(here, place) -> None:
    pool = None
    if place == "threads":
        pool = ThreadPoolExecutor(2)
    elif place == "processes":
        pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    try:
        study = run_odd(workers=2, driver=pool)
    finally:
        if pool is not None:
            pool.shutdown()
    for trial, same in zip(study.trials, here.values(), strict=True):
        assert trial.error == same.error
        assert (trial.state, trial.metrics) == (same.state, same.metrics)


CTRL_C = """
import os, signal, sys, hpbridge as hpb
def objective(trial):
    if trial.number == 2:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            if sys.argv[1] == "leaves":
                sys.exit(1)
            raise
    return trial["x"]
experiment = hpb.Experiment(objective=objective, space={"x": hpb.Float(0, 1)})
try:
    hpb.run(experiment, "random", n_trials=5, store="s.db", name="s")
except KeyboardInterrupt:
    print(hpb.load_study("s", "s.db").status, len(hpb.load_study("s", "s.db").trials))
"""


@pytest.mark.parametrize("how", ["raises", "leaves"])
def test_ctrl_c_interrupts_also_where_a_library_makes_an_exit_of_it(
    tmp_path, how
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CTRL_C, how],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["interrupted", "2"], done.stderr


def test_a_keyboard_interrupt_in_a_worker_is_nobodys_ctrl_c() -> None:
    def objective(trial):
        if trial.number == 1:
            raise KeyboardInterrupt
        return trial["x"]

    study = run(objective, 3, workers=2)
    assert [t.error for t in study.trials] == [None, "KeyboardInterrupt", None]
    assert study.status == "finished"


def test_a_tuple_of_values_ends_the_study_with_the_lines_to_write(tmp_path) -> None:
    with pytest.raises(ObjectiveError) as caught:
        run(lambda t: (t["x"], 1), 5, retries=3, store=tmp_path / "s.db", name="s")
    assert "trial 0 returned 2 values, (0." in str(caught.value)
    assert 'return the one that counts, or `{"value_0": ..., "value_1": ...}`' in str(
        caught.value
    )
    study = hpb.load_study("s", tmp_path / "s.db")
    assert (study.status, len(study.trials)) == ("failed", 1)
    assert (study.trials[0].attempts, study.trials[0].state) == (1, hpb.State.FAILED)
    assert "returned 2 values" in str(study.trials[0].error)
    assert str(study.stop_reason).startswith("trial 0 returned 2 values")


@pytest.mark.parametrize("workers", [1, 2])
def test_another_name_of_the_metric_ends_the_study(workers) -> None:
    with pytest.raises(ObjectiveError) as caught:
        run(lambda _t: {"loss": 0.3}, 50, workers=workers)
    assert "returned no metric 'value', but loss=0.3" in caught.value.headline
    assert caught.value.hint == 'say `direction={"loss": "minimize"}`'


def test_a_study_goes_on_where_the_metric_was_there_before() -> None:
    study = run(lambda t: {"loss": 1.0} if t.number else 1.0, 3)
    assert [t.state for t in study.trials] == ["complete", "failed", "failed"]
    assert study.status == "finished"


def test_a_trial_that_failed_before_does_not_hide_other_metrics() -> None:
    def objective(trial):
        if trial.number == 0:
            raise ValueError
        return {"loss": 1.0}

    with pytest.raises(ObjectiveError, match="trial 1 returned no metric 'value'"):
        run(objective, 5)


def test_none_may_be_said_of_a_trial_and_does_not_end_the_study() -> None:
    study = run(lambda _t: None, 4)
    assert [t.error for t in study.trials] == ["returned None for metric 'value'"] * 4


@pytest.mark.parametrize(
    ("direction", "returned", "mend"),
    [
        ("minimize", {"accuracy": 1}, 'say `direction={"accuracy": "maximize"}`'),
        ("maximize", {"loss": 1}, 'say `direction={"loss": "maximize"}`'),
        (
            "minimize",
            {"value_0": 1, "value_1": 2},
            'say `direction={"value_0": "minimize", "value_1": "minimize"}`',
        ),
        (
            {"accuracy": "maximize"},
            {"train_loss": 1, "test_accuracy": 1, "epoch": 3},
            (
                'name the metric that counts, as in `direction={"test_accuracy": '
                '"maximize"}`'
            ),
        ),
        ("minimize", {}, 'return `{"value": ...}`'),
        ({"a": "minimize", "b": "maximize"}, 1.0, 'return `{"a": ..., "b": ...}`'),
        (
            {"a": "minimize", "b": "maximize"},
            {"a": 1, "c": 2},
            'say `direction={"a": "minimize", "c": "maximize"}`',
        ),
        ("minimize", {"val": {"acc": 1}}, 'say `direction={"val/acc": "maximize"}`'),
    ],
)
def test_the_line_to_write(direction, returned, mend) -> None:
    tuned = hpb.Experiment(
        objective=len, space={"x": hpb.Float(0, 1)}, direction=direction
    )
    assert judge(tuned, returned, ()).mend == mend


def test_a_metric_of_a_constraint_alone_is_asked_for_by_name() -> None:
    tuned = hpb.Experiment(
        objective=len, space={"x": hpb.Float(0, 1)}, constraints={"cost": "<= 1"}
    )
    mend = judge(tuned, 1.0, ()).mend
    assert mend == "return 'cost' too, or leave it out of constraints="


def test_a_function_is_told_the_line_of_the_command_line(tmp_path) -> None:
    (tmp_path / "fn.py").write_text("def f(p):\n    return {'val acc': p['x']}\n")
    (tmp_path / "sp.py").write_text("import hpbridge as h\ns = {'x': h.Float(0, 1)}\n")
    tuned = load_experiment(f"{tmp_path}/fn.py:f?space={tmp_path}/sp.py:s")
    with pytest.raises(ObjectiveError) as caught:
        hpb.run(tuned, "random", n_trials=5, store=":memory:")
    assert caught.value.hint == (
        "say `--direction 'val acc=maximize'`, in Python "
        '`direction={"val acc": "maximize"}`'
    )


def test_many_values_are_those_of_one_metric() -> None:
    with pytest.raises(ObjectiveError, match="returned 5 values") as caught:
        run(lambda _t: [0.1] * 5)
    assert caught.value.hint == "return one number, their mean perhaps"


@pytest.mark.filterwarnings("error")
def test_a_coroutine_is_no_number_and_nobody_waits_for_it() -> None:
    async def objective(_trial):
        return 1.0

    hidden = run(lambda t: [objective(t)][0])
    assert "returned the coroutine <" in str(hidden.trials[0].error)
