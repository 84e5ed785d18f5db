from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.errors import DriverError
from tests.command import hpbridge
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.xdist_group("remote")

FILE = """
import os, pathlib, time
import hpbridge as hpb
HERE = pathlib.Path(__file__).parent
def f(trial):
    print("here is", trial.number, "HPBRIDGE_TOKEN" in os.environ)
    for step in range(3):
        trial.report(trial["x"] * step, step)
    (HERE / f"began-{trial.number}").touch()
    while trial.number >= 4 and not (HERE / "go").exists():
        time.sleep(0.02)
    return {"loss": trial["x"] ** 2}
experiment = hpb.Experiment(
    objective=f,
    space={"x": hpb.Float(-1, 1)},
    name="far",
    direction={"loss": "minimize"},
)
other = hpb.Experiment(
    objective=f, space={"x": hpb.Float(-1, 2), "y": hpb.Int(1, 3)}, name="else",
    direction={"loss": "maximize"},
)
"""
TOKEN = "a-secret-that-nobody-prints"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("HPBRIDGE_TOKEN", raising=False)
    (tmp_path / "far.py").write_text(FILE)
    return tmp_path


@pytest.fixture
def started():
    """Processes that a test started; none is left."""
    processes = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def begin(started, folder, name, *words, env=None):
    """Start a command whose words go to a file; return it and the file."""
    out = folder / f"{name}.out"
    with out.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "hpbridge", *words],
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
    started.append(process)
    return process, out


def n_trials(store):
    """Return how many trials of the study have ended."""
    with contextlib.suppress(hpb.HpbridgeError):
        return len(hpb.load_study("far-random-random-1", store=store).trials)
    return 0


def study_words(port, n=12):
    address = f"127.0.0.1:{port}"
    words = ["run", "far.py:experiment", "-b", "random", "-n", str(n), "-s", "1"]
    return [
        *words,
        "--driver",
        "http",
        "--listen",
        address,
        "-w",
        "2",
        "--store",
        "s.db",
    ]


def test_a_study_that_is_killed_goes_on_with_the_workers_that_wait(folder, started):
    port = free_port()
    run, _ = begin(started, folder, "run", *study_words(port))
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: is_open(port))
    works = [
        begin(started, folder, f"w{k}", "work", address, "far.py:experiment")
        for k in range(2)
    ]
    both = [folder / "began-4", folder / "began-5"]  # one on each, and they wait
    wait_until(lambda: all(each.exists() for each in both))
    run.kill()  # with no word to anybody
    run.wait()
    for each in both:
        each.unlink()
    wait_until(lambda: not is_open(port))  # what listened has ended with it
    done, out = begin(started, folder, "again", *study_words(port), "--resume")
    wait_until(lambda: all(each.exists() for each in both))
    (folder / "go").touch()
    assert done.wait(PATIENCE) == 0, out.read_text()
    assert "bit for bit" in out.read_text()
    for work, said in works:
        assert work.wait(PATIENCE) == 0, said.read_text()
        assert "the study is over" in said.read_text()
    study = hpb.load_study("far-random-random-1", store=folder / "s.db")
    assert [t.state.value for t in study.trials] == ["complete"] * 12
    alone = hpb.run(
        study_experiment(folder), "random", n_trials=12, seed=1, store=":memory:"
    )
    assert [t.params for t in study.trials] == [t.params for t in alone.trials]
    log = hpbridge(folder, "show", study.name, "3", "--log", "--store", "s.db").stdout
    assert "here is 3 False" in log


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def study_experiment(folder):
    from hpbridge.contract.references import load_experiment

    return load_experiment(f"{folder / 'far.py'}:experiment")


def test_a_worker_that_leaves_gives_its_trial_back_and_another_experiment_is_told(
    folder, started
):
    port = free_port()
    run, out = begin(started, folder, "run", *study_words(port, 8))
    wait_until(lambda: is_open(port))
    address = f"127.0.0.1:{port}"
    wrong = hpbridge(folder, "work", address, "far.py:other", code=2)
    for part in (
        "its name is 'else'",
        "'x' is Float",
        "has parameter 'y'",
        "(maximize)",
    ):
        assert part in wrong.stderr
    first, said = begin(
        started, folder, "w", "work", address, "far.py:experiment", "-w", "2"
    )
    wait_until((folder / "began-4").exists)  # it waits for a file
    first.send_signal(signal.SIGINT)
    assert first.wait(PATIENCE) == 130, said.read_text()
    (folder / "go").touch()
    second, _ = begin(started, folder, "w2", "work", address, "far.py:experiment")
    assert run.wait(PATIENCE) == 0, out.read_text()
    assert second.wait(PATIENCE) == 0
    study = hpb.load_study("far-random-random-1", store=folder / "s.db")
    assert [t.state.value for t in study.trials] == ["complete"] * 8
    assert max(t.attempts for t in study.trials) > 1  # without any retries


def test_a_token_is_needed_beyond_this_machine_and_is_in_no_record(folder, started):
    port = free_port()
    words = study_words(port, 3)
    words[words.index(f"127.0.0.1:{port}")] = f"0.0.0.0:{port}"
    refused = hpbridge(folder, *words, code=2)
    assert "needs a token" in refused.stderr
    (folder / "token").write_text(TOKEN + "\n")
    words += ["--driver-option", "token_file=token"]
    run, out = begin(started, folder, "run", *words)
    wait_until(lambda: is_open(port))
    address = f"http://127.0.0.1:{port}"
    bare = hpbridge(folder, "work", address, "far.py:experiment", code=2)
    assert "the token is not that of the study" in bare.stderr
    env = {"HPBRIDGE_TOKEN": TOKEN}
    work, said = begin(
        started, folder, "w", "work", address, "far.py:experiment", env=env
    )
    wait_until(lambda: n_trials(folder / "s.db") >= 1)
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert TOKEN.encode() not in line.read_bytes()
        except OSError:
            continue
    assert run.wait(PATIENCE) == 0, out.read_text()
    assert work.wait(PATIENCE) == 0, said.read_text()
    for file in (*folder.glob("s.db*"), out, folder / "w.out"):
        if file.is_file():
            assert TOKEN.encode() not in file.read_bytes()


def test_a_token_that_is_easily_guessed_is_refused_unsaid(folder):
    (folder / "token").write_text("hunter2\n")
    words = [*study_words(0, 1), "--driver-option", "token_file=token"]
    refused = hpbridge(folder, *words, code=2)
    assert "16 or more printable" in refused.stderr
    assert "hunter2" not in refused.stderr


def test_an_address_that_answers_nothing_is_told_soon(folder):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes, and says nothing
        began = time.monotonic()
        port = silent.getsockname()[1]
        done = hpbridge(
            folder, "work", f"127.0.0.1:{port}", "far.py:experiment", code=2
        )
        assert "No study answers" in done.stderr
        assert time.monotonic() - began < PATIENCE  # it would be for ever
    done = hpbridge(
        folder, "work", f"127.0.0.1:{free_port()}", "far.py:experiment", code=2
    )
    assert "No study answers" in done.stderr
    assert "refused" in done.stderr
    done = hpbridge(folder, "work", "ftp://here", "far.py:experiment", code=2)
    assert "no address like http://host:port" in done.stderr


def test_a_port_that_is_taken_is_told_before_the_study_begins(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = study_words(taken.getsockname()[1])
        done = hpbridge(folder, *words, code=2)
    assert "Cannot listen at" in done.stderr
    assert not (folder / "s.db").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"listen": "8765"}, "HOST:PORT"),
        ({"keyfile": "k.pem"}, "keyfile needs certfile"),
        ({"patience": -1}, "patience must be"),
    ],
)
def test_wrong_options_are_told(folder, options, said):
    with pytest.raises(hpb.HpbridgeError, match=re.escape(said)):
        hpb.run(
            study_experiment(folder), "random", n_trials=1, driver=("http", options)
        )


def test_a_certificate_that_is_none_is_told(folder):
    options = {"listen": "127.0.0.1:0", "certfile": str(folder / "far.py")}
    with pytest.raises(DriverError, match="TLS cannot use"):
        hpb.run(
            study_experiment(folder),
            "random",
            n_trials=1,
            driver=("http", options),
            store=":memory:",
        )
