"""What dies, and what is not there, when trials run on Spark."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest
from waiting import is_alive, wait_until

import hpbridge as hpb
from hpbridge.errors import DriverError, OptionError

pytest.importorskip("pyspark", reason="pyspark is not installed")


def study(objective, driver, **settings):
    given = {"n_trials": 4, "workers": 2, "seed": 0, "store": ":memory:", **settings}
    return hpb.run(experiment(objective), "random", driver=driver, **given)


def experiment(objective):
    return hpb.Experiment(name="e", objective=objective, space={"x": hpb.Float(-1, 1)})


def square(trial):
    return trial["x"] ** 2


def kills_agent(folder, trial):
    """In the first attempt at trial 1, kill the Python worker that is its agent."""
    mark = Path(folder, str(trial.number))
    if trial.number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    return trial["x"] ** 2


def test_what_it_uses_of_spark_is_there():
    from hpbridge_spark._upstream import problems

    assert problems() == []


def test_a_python_worker_that_dies_costs_one_trial(spark, tmp_path):
    objective = partial(kills_agent, str(tmp_path))
    found = study(objective, spark, n_trials=6)
    states = [trial.state.value for trial in found.trials]
    assert sorted(states) == ["complete"] * 5 + ["failed"]
    assert found.settings["driver"] == "futures:spark SparkSession"
    assert "is gone" in found.trials[1].error


def test_the_session_that_is_there_is_used_by_name(spark):
    assert len(study(square, "spark").trials) == 4
    assert spark.range(3).count() == 3  # it is the caller's
    with pytest.raises(DriverError, match=r"has a Spark session at 'local.2.' already"):
        study(square, ("spark", {"address": "local[1]"}))


def test_its_handler_of_ctrl_c_is_not_left(spark):
    assert "pyspark" not in signal.getsignal(signal.SIGINT).__module__


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("tcp://somewhere:1", "it must be spark://HOST:PORT"),
        ("spark://no-such-host.invalid:7077", "there is no host of this name"),
        ("spark://127.0.0.1:1", "nothing is there: connection refused"),
    ],
)
def test_an_address_where_nothing_is_is_told(address, why):
    with pytest.raises(DriverError, match=why):
        study(square, ("spark", {"address": address}))


def test_fewer_cores_than_asked_are_told(spark):
    with pytest.warns(UserWarning, match="runs 2 trials at the same time, not 3"):
        study(square, spark, workers=3)


def test_options_are_checked():
    with pytest.raises(OptionError, match="'patience' must be more than 0"):
        study(square, ("spark", {"patience": 0}))


ALONE = """
import os, sys, time
from pathlib import Path
import hpbridge as hpb

def objective(trial):
    Path(f"{trial.number}-{os.getpid()}-{os.getppid()}").touch()
    time.sleep(600 if trial.number >= int(sys.argv[1]) else 0)
    return trial["x"]

e = hpb.Experiment(name="e", objective=objective, space={"x": hpb.Float(-1, 1)})

def stop(session, trial):
    from pyspark.sql import SparkSession
    if "stop" in sys.argv:
        SparkSession.getActiveSession().stop()

if __name__ == "__main__":
    try:
        hpb.run(
            e, "random", n_trials=4, workers=2, driver="spark", store="s.db", name="s",
            callbacks=[stop],
        )
    except hpb.HpbridgeError as error:
        sys.exit(str(error))
"""


@pytest.fixture
def alone(tmp_path):
    """Start a study in a process of its own; return that, and what runs its trials."""
    (tmp_path / "alone.py").write_text(textwrap.dedent(ALONE))
    processes = []

    def start(*words):
        command = [sys.executable, "alone.py", *words]
        process = subprocess.Popen(
            command, cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def pids_in(folder):
    return {int(p) for mark in folder.glob("?-*") for p in mark.name.split("-")[1:]}


@pytest.mark.slow
def test_nothing_is_left_of_a_study_that_was_killed(tmp_path, alone):
    process = alone("2")
    wait_until(lambda: len(list(tmp_path.glob("[23]-*"))) == 2)
    process.kill()
    process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in pids_in(tmp_path)))
    found = hpb.resume("s", experiment(square), store=tmp_path / "s.db")
    assert [t.error for t in found.trials] == [None] * 4


@pytest.mark.slow
def test_a_spark_that_stops_interrupts_the_study(tmp_path, alone):
    process = alone("9", "stop")
    said = process.communicate(timeout=120)[1]
    assert "Spark is gone: its context has stopped" in said
    assert process.returncode == 1
    wait_until(lambda: not any(is_alive(pid) for pid in pids_in(tmp_path)))
