"""Studies where what only POSIX systems have is taken away, as on Windows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# Every interpreter runs it first: those of workers, too.
TAKE_AWAY = """
import os, select, signal, socket, sys
for module, names in (
    (os, "fork killpg waitid setsid pidfd_open getuid memfd_create sched_getaffinity"),
    (select, "poll POLLIN POLLOUT"),
    (socket, "send_fds recv_fds MSG_DONTWAIT AF_UNIX"),
    (signal, "SIGKILL"),
):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
sys.modules["fcntl"] = sys.modules["resource"] = None
"""

BEGIN = """
import os, sys, time
from pathlib import Path
import hpbridge as hpb

def study_of(objective, n_trials, **more):
    e = hpb.Experiment(name="e", space={"x": hpb.Float(0, 1)}, objective=objective)
    return hpb.run(e, "random", n_trials=n_trials, seed=0, store=":memory:", **more)

def states(study):
    return " ".join(trial.state.value for trial in study.trials)
"""


@pytest.fixture
def start(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(TAKE_AWAY, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    processes = []

    def starter(script, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", BEGIN + script, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        processes.append(process)
        return process

    yield starter
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def lines_of(process):
    out, _ = process.communicate()
    assert process.returncode == 0
    return out.splitlines()


def test_one_trial_at_a_time_and_threads_need_none_of_it(start):
    script = """
assert not hasattr(os, "fork")
for more in ({}, {"driver": "threads", "workers": 2}):
    print(states(study_of(lambda trial: trial["x"], 4, **more)))
"""
    assert lines_of(start(script)) == ["complete complete complete complete"] * 2


def test_worker_processes_connect_by_themselves(start):
    script = """
def objective(trial):
    assert not hasattr(os, "fork")
    if trial.number == 3:
        print("it dies", flush=True)
        os.kill(os.getpid(), 9)
    if trial.number == 5:
        time.sleep(600)
    for step in range(3):
        trial.report(trial["x"], step=step)
        if trial.should_prune():
            raise hpb.TrialPruned
    return trial["x"]

limits = {"workers": 2, "timeout_trial": 3.0}
pruned = study_of(objective, 8, pruner=("threshold", {"upper": 0.5}), **limits)
for trial in pruned.trials:
    expected = "pruned" if trial.params["x"] > 0.5 else "complete"
    if trial.number in (3, 5):
        expected = "failed"
        print(trial.error)
    assert trial.state.value == expected, trial
assert {"pruned", "complete"} <= {*states(pruned).split()}
assert str(os.getpid()) not in {trial.worker for trial in pruned.trials}
"""
    died, late = lines_of(start(script))[-2:]
    assert died == "the worker process died (signal 9)"
    assert late == "took longer than 3 seconds; ended"


def test_a_trial_whose_worker_died_is_tried_again(start, tmp_path):
    script = """
def objective(trial):
    if trial.number == 1:
        mark = Path(sys.argv[1])
        if not mark.exists():
            mark.touch()
            os._exit(5)
    return trial["x"]

print(states(study_of(objective, 4, workers=2, retries=1)))
"""
    [said] = lines_of(start(script, tmp_path / "mark"))
    assert said == "complete complete complete complete"


def test_reports_of_a_pool_of_processes_are_answered(start):
    script = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

def objective(trial):
    trial.report(trial["x"], step=0)
    if trial.should_prune():
        raise hpb.TrialPruned
    return trial["x"]

with ProcessPoolExecutor(2, get_context("spawn")) as pool:
    study = study_of(objective, 4, pruner=("threshold", {"upper": 0.5}), driver=pool)
high = ["pruned" if t.params["x"] > 0.5 else "complete" for t in study.trials]
assert states(study).split() == high, states(study)
assert "pruned" in high
"""
    assert lines_of(start(script)) == []


def test_a_study_that_others_come_to_is_refused(start):
    script = """
try:
    study_of(lambda trial: 1.0, 1, driver="http")
except hpb.errors.DriverError as error:
    print(error)
"""
    assert lines_of(start("import hpbridge.errors" + script)) == [
        "A study that workers come to needs a POSIX system.",
        "Hint: run it there, or with the driver 'threads'.",
    ]


def test_workers_end_with_the_process_of_the_study(start, tmp_path):
    script = """
def objective(trial):
    Path(sys.argv[1], f"pid-{os.getpid()}").touch()
    while True:
        time.sleep(0.05)

study_of(objective, 2, workers=2)
"""
    study = start(script, tmp_path)
    pids = until(lambda: [int(p.name[4:]) for p in tmp_path.glob("pid-*")], 2)
    study.send_signal(signal.SIGKILL)
    study.wait()
    until(lambda: [pid for pid in pids if not is_alive(pid)], 2)


def until(found, count):
    """Return what is found when so many are there."""
    deadline = time.monotonic() + 60
    while len(there := found()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return there


def is_alive(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"
