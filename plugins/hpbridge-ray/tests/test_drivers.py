"""The drivers: a `tune.Tuner`, and a pool of actors, on a real Ray."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest

import hpbridge as hpb
from hpbridge.contract.execution import DriverSpec, Job
from hpbridge.contract.registry import registry
from hpbridge.errors import ExperimentError
from hpbridge.store.logs import LIMIT_BYTES
from hpbridge.testing import DriverConformance
from hpbridge.testing.driver_case import ends, hear
from hpbridge.trial import TrialPruned
from hpbridge_ray import DRIVERS

(ACTORS,) = [spec for spec in DRIVERS if isinstance(spec, DriverSpec)]


@pytest.mark.usefixtures("cluster")
class TestActors(DriverConformance):
    spec = ACTORS
    # Ray's own agents go on looking for a node that was killed for up to a minute.
    end_seconds = 120.0
    marks: ClassVar = {"killed_study": pytest.mark.slow}


@pytest.mark.usefixtures("cluster")
def test_the_desk_hands_over_what_came_after_its_last_answer():
    import ray

    from hpbridge_ray.driver.desk import DeskActor

    desk = DeskActor()
    try:
        ray.get(desk.handle.report.remote(0, ("a study", 1), 1, 0.5))
        ray.wait([desk.pending])  # answered, and not yet taken
        ray.get(desk.handle.report.remote(0, ("a study", 1), 2, 1.0))
        assert desk.sync() == [(0, 1, 0.5), (0, 2, 1.0)]
        assert desk.sync() == []
    finally:
        desk.close()


@pytest.mark.usefixtures("cluster")
def test_what_trials_print_on_another_machine_is_sent_to_their_logs(tmp_path):
    from hpbridge_ray.driver.pool import Actors
    from hpbridge_ray.driver.watch import Watch

    def loud(trial):
        sys.stdout.write(f"out {trial.number}\n")
        os.write(2, b"err\n")
        if trial.number == 0:
            sys.stdout.write("a long line, " * 100_000)
            msg = "no good"
            raise ValueError(msg)
        os._exit(3)

    experiment = hpb.Experiment(objective=loud, space={"x": hpb.Float(0, 1)})
    logs = [tmp_path / "logs" / f"{number}.log" for number in range(2)]
    # An actor that has not the folder for its last words is not where we are.
    words = str(tmp_path / "of another machine")
    with Watch().running() as watch:
        actors = Actors(experiment, 1, watch, words)
        try:
            actors.prepare(1)
            for n, log in enumerate(logs):
                actors.start(Job(n, experiment, "s", n, {"x": 0.5}, 7, log=str(log)))
                hear(actors, ends, "an end")
        finally:
            actors.close()
    first, last = (log.read_bytes() for log in logs)
    assert first.startswith(b"out 0\nerr\na long line, ")
    assert b" bytes left out ---\n" in first
    assert len(first) < LIMIT_BYTES + 100
    assert last.startswith(b"--- what it printed on another machine is lost")


NAMES = [driver.name for driver in DRIVERS]

# Under the driver ``ray`` it is the core's own loop and the kit that tell it, too.
TUNE_FIRST = ["tune", pytest.param("ray", marks=pytest.mark.slow)]
SPACE = {
    "x": hpb.Float(-1, 1),
    "c": hpb.Categorical({"none": None, "pair": (1, 2)}),
    "a/b": hpb.Int(1, 4, when={"c": "none"}),
}


def study(
    objective, driver, *, backend="random", space=SPACE, direction="minimize", **kw
):
    experiment = hpb.Experiment(objective=objective, space=space, direction=direction)
    kw = {"n_trials": 4, "seed": 3, "store": ":memory:", **kw}
    return hpb.run(experiment, backend, driver=driver, **kw)


def smooth(trial):
    penalty = 0 if trial["c"] is None else sum(trial["c"])
    return {"score": -((trial["x"] - 0.3) ** 2) - penalty, "pid": os.getpid()}


# Optimizers are on this side of the driver, and it takes seconds to start.
EACH_BACKEND = [
    pytest.param(name, marks=[] if name == "ray" else pytest.mark.slow)
    for name in registry().libraries
    if name != "bayesopt"
]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", NAMES)
@pytest.mark.parametrize("backend", EACH_BACKEND)
def test_any_optimizer_runs_as_it_does_here(driver, backend):
    settings = {"backend": backend, "direction": {"score": "maximize"}, "n_trials": 5}
    here = study(smooth, "local", **settings)
    before = random.getstate()
    there = study(smooth, driver, **settings)
    assert random.getstate() == before
    assert [t.params for t in there.trials] == [t.params for t in here.trials]
    scores = [t.metrics["score"] for t in here.trials]
    assert [t.metrics["score"] for t in there.trials] == scores
    assert {t.metrics["pid"] for t in there.trials} != {os.getpid()}
    assert {t.worker for t in there.trials} == {
        str(int(t.metrics["pid"])) for t in there.trials
    }


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", NAMES)
def test_bayesopt_runs_as_it_does_here(driver):
    settings = {"backend": "bayesopt", "space": {"x": hpb.Float(0, 1)}, "n_trials": 7}
    there = study(_square, driver, **settings)
    here = study(_square, "local", **settings)
    assert [t.params for t in there.trials] == [t.params for t in here.trials]


def _square(trial):
    return trial["x"] ** 2


def _misbehave(trial):
    if trial.number == 0:
        msg = "no good"
        raise ValueError(msg)
    if trial.number == 1:
        os._exit(3)
    if trial.number == 2:
        return math.nan
    if trial.number == 3:
        trial.report(0.5, 1)
        raise TrialPruned
    if trial.number == 4:
        time.sleep(60)
    return trial.number


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", NAMES)
def test_a_bad_trial_costs_itself_and_no_more(driver, capfd):
    found = study(_misbehave, driver, n_trials=7, timeout_trial=1.5)
    assert [(t.state.value, t.error) for t in found.trials] == [
        ("failed", "ValueError: no good"),
        ("failed", "the Ray actor died (exit code 3)"),
        ("failed", "returned nan for metric 'value'"),
        ("pruned", None),
        ("failed", "took longer than 1.5 seconds; ended"),
        ("complete", None),
        ("complete", None),
    ]
    assert "_misbehave" in found.trials[0].traceback
    assert found.trials[3].reports == ((1, 0.5),)
    assert 1.4 < found.trials[4].run_seconds < 20
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", TUNE_FIRST)
def test_two_workers_run_at_the_same_time_where_we_are(driver, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()

    def meet(trial):
        # Ends only when another trial is there too.
        Path("there", str(trial.number)).touch()
        until = time.monotonic() + 60
        while len(list(Path("there").iterdir())) < 2:
            if time.monotonic() > until:
                return math.nan
            time.sleep(0.01)
        return trial["x"]

    found = study(meet, driver, n_trials=4, workers=2)
    assert [t.state.value for t in found.trials] == ["complete"] * 4
    assert len({t.worker for t in found.trials}) == 2


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", TUNE_FIRST)
def test_a_failed_trial_is_run_again(driver, tmp_path):
    def fail_first(trial):
        mark = tmp_path / str(trial.number)
        if not mark.exists():
            mark.touch()
            msg = "first"
            raise ValueError(msg)
        return trial["x"]

    found = study(fail_first, driver, n_trials=3, retries=1)
    assert [(t.state.value, t.attempts) for t in found.trials] == [("complete", 2)] * 3


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", TUNE_FIRST)
def test_an_error_of_ours_ends_the_study_and_is_raised(driver):
    def broken(_session, trial):
        if trial.number == 1:
            msg = "a callback's own"
            raise ZeroDivisionError(msg)

    with pytest.raises(ZeroDivisionError, match="a callback's own"):
        study(_square, driver, callbacks=[broken])


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", TUNE_FIRST)
def test_a_finite_grid_ends_the_study(driver):
    found = study(
        _square, driver, backend="ray:grid", space={"x": hpb.Int(1, 3)}, n_trials=9
    )
    assert [t.params["x"] for t in found.trials] == [1, 2, 3]
    assert found.stop_reason == "exhausted: every point of the grid was proposed"


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", TUNE_FIRST)
def test_an_experiment_that_does_not_load_on_an_actor_is_refused(driver, tmp_path):
    file = tmp_path / "there.py"
    file.write_text("1 / 0\n")
    experiment = hpb.Experiment(objective=_square, space={"x": hpb.Float(0, 1)})
    experiment = experiment.at(f"{file}:experiment")
    with pytest.raises(ExperimentError, match="cannot be loaded on a Ray actor"):
        hpb.run(experiment, "random", driver=driver, n_trials=2, store=":memory:")


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", TUNE_FIRST)
def test_a_history_as_long_as_the_budget_leaves_the_budget(driver):
    earlier = study(_square, "local", n_trials=5, space={"x": hpb.Float(0, 1)})
    found = study(
        _square, driver, n_trials=2, space={"x": hpb.Float(0, 1)}, history=earlier
    )
    assert [t.origin.value for t in found.trials].count("imported") == 5
    assert len(found.trials) == 7


SCRIPT = """
import os, sys, time
import hpbridge as hpb

def objective(trial):
    print("printed by the objective")
    return trial["x"]

def stays(trial):
    if trial.number == 2:
        open("begun", "w").close()
        time.sleep(600)
    return trial["x"]

if __name__ == "__main__":
    before = dict(os.environ)
    space = {{"x": hpb.Float(0, 1)}}
    experiment = hpb.Experiment(objective=objective, space=space)
    settings = {{"n_trials": 3, "seed": 0, "store": "studies.db"}}
    for driver in {before}:
        study = hpb.run(experiment, "random", driver=driver, **settings)
        assert len(study.trials) == 3
    after = dict(os.environ)
    changed = {{k for k in before | after if before.get(k) != after.get(k)}}
    # Set by the imports of ray and of crc32c; and needed by Ray's later processes.
    assert changed <= {{"RAY_CLIENT_MODE", "CRC32C_SW_MODE", "RAY_AUTH_MODE"}}, changed
    if {before}:
        import ray
        assert ray.is_initialized()
    experiment = hpb.Experiment(objective=stays, space=space)
    hpb.run(experiment, "random", driver="{driver}", name="stays", **settings)
"""


def _script(tmp_path, **names):
    file = tmp_path / "script.py"
    file.write_text(SCRIPT.format(**names))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    return subprocess.Popen(
        [sys.executable, str(file)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# Under the other driver it is the core's own loop that hears it, as with any workers.
@pytest.mark.parametrize(
    ("driver", "before"),
    [
        pytest.param("tune", ["ray", "tune"], id="tune"),
        pytest.param("ray", [], id="ray", marks=pytest.mark.slow),
    ],
)
def test_ray_is_started_quietly_and_kept_until_ctrl_c_which_loses_no_finished_trial(
    tmp_path, driver, before
):
    process = _script(tmp_path, driver=driver, before=before)
    until = time.monotonic() + 400
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    store = str(tmp_path / "studies.db")
    while len(hpb.load_study("stays", store=store).trials) < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=400)
    assert process.returncode != 0
    assert out == ""
    assert err.startswith("Traceback ")
    assert err.rstrip().endswith("KeyboardInterrupt")
    trials = hpb.load_study("stays", store=store).trials
    assert [t.number for t in trials if t.state.value == "complete"] == [0, 1]


def trains(trial):
    """Report five steps; trial 2 dies after its first."""
    for step in range(1, 6):
        trial.report(trial["x"] * step, step)
        if trial.should_prune():
            raise TrialPruned
        if trial.number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
    return trial["x"]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", TUNE_FIRST)
def test_a_pruner_answers_on_ray(driver):
    experiment = hpb.Experiment(objective=trains, space={"x": hpb.Float(0, 1)})
    study = hpb.run(
        experiment,
        "random",
        n_trials=6,
        seed=0,
        driver=driver,
        pruner=("threshold", {"upper": 1.5}),
        store=":memory:",
    )
    for trial in study.trials:
        x, states = trial.params["x"], hpb.State
        if trial.number == 2:
            assert (trial.state, len(trial.reports)) == (states.FAILED, 1)
        else:
            is_over = x * 5 > 1.5
            assert trial.state is (states.PRUNED if is_over else states.COMPLETE)
            assert [s for s, v in trial.reports if v > 1.5] == [
                len(trial.reports) for _ in range(is_over)
            ]
