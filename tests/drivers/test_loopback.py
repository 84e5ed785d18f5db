"""Processes that meet by loopback connections: only those that were started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.contract.attempt import Point
from hpbridge.drivers import loopback, workers
from hpbridge.drivers.loopback_process import LoopbackDeskProcess, LoopbackWorkerProcess
from hpbridge.drivers.packing import pack_experiment
from hpbridge.drivers.worker import READY, Task


def experiment(objective=lambda trial: trial["x"]):
    return hpb.Experiment(objective=objective, space={"x": hpb.Float(0, 1)})


@pytest.fixture
def desk():
    made = LoopbackDeskProcess()
    yield made
    made.close()


def test_a_stranger_at_a_workers_door_is_sent_away(desk):
    worker = LoopbackWorkerProcess(desk.address(), {}, {})
    port = worker._started._door.getsockname()[1]
    with socket.create_connection((loopback.HOST, port)) as stranger:
        stranger.sendall(b"0" * loopback.SECRET_SIZE)
        worker.connect()
        stranger.settimeout(30)
        assert gone(stranger)
    assert worker.send(Task(0, 0, pack_experiment(experiment()), Point({}, 0, 0)))
    assert worker.receive()[0] == READY
    assert worker.end(30.0) == "exit code 0"


def gone(stranger):
    try:
        return stranger.recv(1) == b""
    except ConnectionError:
        return True


def test_a_stranger_at_the_desks_door_is_sent_away(desk):
    port, _ = desk.address()
    with socket.create_connection((loopback.HOST, port)) as stranger:
        stranger.settimeout(30)
        stranger.sendall(b"0" * loopback.SECRET_SIZE)
        assert gone(stranger)
    with loopback.connected(desk.address()) as friend:
        assert friend.recv(1) == b"\0"


def test_a_door_is_open_to_this_machine_alone():
    with loopback.listening() as door:
        assert door.getsockname()[0] == "127.0.0.1"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="/proc is Linux's")
def test_no_secret_is_on_a_command_line(desk):
    told = Path(f"/proc/{desk._started.pid}/cmdline").read_text(encoding="utf-8")
    assert "hpbridge.drivers.loopback_desk" in told
    assert desk._secret not in told
    assert desk._started._secret not in told


def test_a_worker_that_never_connects_is_dead(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setattr(loopback, "command", lambda module: [sys.executable])
    worker = LoopbackWorkerProcess(None, {}, {})
    worker.connect()
    assert worker.receive() is None
    assert worker.end() == "exit code 1"


@pytest.fixture
def by_loopback(monkeypatch):
    monkeypatch.setattr(workers, "hands_over_sockets", lambda: False)


def run(objective, n_trials=6, **settings):
    return hpb.run(
        experiment(objective),
        "random",
        n_trials=n_trials,
        seed=1,
        store=":memory:",
        **{"workers": 2, **settings},
    )


@pytest.mark.usefixtures("by_loopback")
def test_a_study_is_the_same_by_either_way(monkeypatch):
    here = run(lambda trial: trial["x"], workers=1)
    there = run(lambda trial: trial["x"], trials_per_worker=2)
    assert [t.metrics for t in there.trials] == [t.metrics for t in here.trials]
    assert str(os.getpid()) not in {trial.worker for trial in there.trials}


@pytest.mark.usefixtures("by_loopback")
def test_who_closes_the_channel_costs_a_trial():
    def objective(trial):
        if trial.number == 1:
            os.closerange(3, 256)
        return trial["x"]

    study = run(objective)
    assert [t.number for t in study.trials if t.error] == [1]
    assert study.trials[1].error == (
        "it wrote into the channel of its worker process, or closed it"
    )


@pytest.mark.usefixtures("by_loopback")
def test_when_the_desk_dies_trials_go_on_and_keep_their_reports(monkeypatch):
    desks = []

    class Mortal(LoopbackDeskProcess):
        def __init__(self):
            super().__init__()
            desks.append(self)

    monkeypatch.setattr(workers, "LoopbackDeskProcess", Mortal)

    def kill(_session, trial):
        if trial.number == 1:
            os.kill(desks[0]._started.pid, 9)

    def objective(trial):
        for step in range(3):
            trial.report(1.0, step)
            time.sleep(0.01)
        return 1.0

    study = run(objective, n_trials=8, trials_per_worker=3, callbacks=[kill])
    assert [len(trial.reports) for trial in study.trials] == [3] * 8
    assert not study.failures


@pytest.mark.usefixtures("by_loopback")
def test_what_a_worker_says_on_its_way_out_is_heard():
    """An objective's exit functions run in a worker that is renewed."""
    script = subprocess.run(
        [sys.executable, "-c", LEAVES],
        capture_output=True,
        text=True,
        check=True,
    )
    assert script.stdout.count("left") == 4


LEAVES = """
import atexit
import hpbridge as hpb
from hpbridge.drivers import workers
workers.hands_over_sockets = lambda: False

def objective(trial):
    atexit.register(lambda: print("left", flush=True))
    return trial["x"]

e = hpb.Experiment(objective=objective, space={"x": hpb.Float(0, 1)})
hpb.run(e, "random", n_trials=4, store=":memory:", workers=2, trials_per_worker=1)
"""
