"""One command on every place of this machine: the same trials."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from concurrent import futures
from pathlib import Path

import pytest
from waiting import PATIENCE, wait_until

import hpbridge as hpb
from hpbridge.remote.likeness import description_of, differences

TEXT = """#!/bin/sh
[ "$HPBRIDGE_TRIAL" = 1 ] && { echo broken >&2; exit 2; }
echo "epoch 1 loss $1"
echo "$1"
"""


def experiment_in(folder):
    path = Path(folder, "program")
    path.write_text(TEXT)
    path.chmod(0o755)
    reports = r"epoch (?P<step>\d+) loss (?P<value>\S+)"
    command = hpb.Command(["./program", "{x}"], metric="m", reports=reports, cwd=folder)
    return hpb.Experiment(objective=command, space={"x": hpb.Float(0, 1)})


def seen(study):
    return [(t.params, t.state, t.metrics, t.reports, t.error) for t in study.trials]


@pytest.mark.parametrize("driver", ["processes", "threads", "pool", "workers"])
def test_the_trials_are_those_of_one_process(tmp_path, driver):
    experiment = experiment_in(tmp_path)
    how = {"backend": "random", "n_trials": 4, "seed": 0}
    alone = seen(hpb.run(experiment, store=":memory:", **how))
    how |= {"store": tmp_path / "s.db", "workers": 2}
    if driver == "pool":
        with futures.ProcessPoolExecutor(2) as pool:
            study = hpb.run(experiment, driver=pool, **how)
    elif driver == "workers":
        study = hpb.run(experiment, **how)
    else:
        study = hpb.run(experiment, driver=driver, **how)
    assert seen(study) == alone
    assert study.trials[1].error == "RuntimeError: exit code 2: broken"
    folders = {Path(t.attributes["folder"]) for t in study.trials}
    assert {folder.parent.parent for folder in folders} == {tmp_path / "s.db-runs"}
    assert {folder.name for folder in folders} == {"0", "1", "2", "3"}


def test_a_worker_must_bring_the_command_of_the_study(tmp_path):
    def described(text, **how):
        command = hpb.Command(text, cwd=tmp_path, **how)
        experiment = hpb.Experiment(
            objective=command, space={"x": hpb.Float(0, 1)}, name="it"
        )
        return description_of(experiment)

    theirs = described("run {x}", grace=1)
    assert differences(described("run {x}", grace=1), theirs) == []
    assert differences(described("ran {x}", grace=2), theirs) == [
        "command of its command is 'ran {x}', of the study's 'run {x}'",
        "grace of its command is 2, of the study's 1",
    ]
    plain = hpb.Experiment(
        objective=lambda trial: 0, space={"x": hpb.Float(0, 1)}, name="it"
    )
    (said,) = differences(description_of(plain), theirs)
    assert said == "the study runs 'run {x}', and the other is no command"


def test_workers_over_http_run_their_own_command(tmp_path):
    experiment_in(tmp_path)
    (tmp_path / "s.toml").write_text("[x]\ntype = 'float'\nlow = 0\nhigh = 1\n")
    words = ("--space", "s.toml", "--command", "./program {x}", "--metric", "m")
    port = free_port()
    address = f"127.0.0.1:{port}"
    how = ("-b", "random", "-n", "3", "-s", "0", "-w", "2", "--name", "it")
    listens = ("--driver", "http", "--listen", address)
    run = begun(tmp_path, "run", *words, *how, *listens)
    try:
        wait_until(lambda: is_open(port) or run.poll() is not None)
        work = begun(tmp_path, "work", address, *words)
        said, _ = run.communicate(timeout=PATIENCE)
        work.communicate(timeout=PATIENCE)
    finally:
        run.kill()
    assert "2 complete, 1 failed" in said


def begun(folder, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "hpbridge", *words],
        cwd=folder,
        env={**os.environ, "XDG_STATE_HOME": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def is_open(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
