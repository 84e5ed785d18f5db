"""Faults of Ray from outside: where none is, one that dies, actors that die."""

from __future__ import annotations

import contextlib
import ctypes
import http.server
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.errors import DriverError, HpbridgeError
from hpbridge_ray import DRIVERS
from hpbridge_ray.driver import address, last_words
from hpbridge_ray.driver.witness import witness

NAMES = [driver.name for driver in DRIVERS]
LIMIT = 400  # seconds; a busy machine may start Ray three times
WORDS = ["-m", "hpbridge", "run", "mine.py:experiment", "--backend", "random"]
FILE = """
import pathlib, time
import hpbridge as hpb

def train(trial):
    while trial.number >= 2 and not pathlib.Path("go").exists():
        time.sleep(0.05)
    return trial["x"]

experiment = hpb.Experiment(name="mine", objective=train, space={"x": hpb.Float(0, 1)})
"""


@pytest.fixture(name="here")
def _here(tmp_path):
    Path(tmp_path, "mine.py").write_text(FILE)
    return tmp_path


def command(here, *words, **environment):
    """Start a command of hpbridge's with a Ray of its own, if any."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    return subprocess.Popen(
        [sys.executable, *WORDS, "--store", "s.db", *words],
        cwd=here,
        env={**kept, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(is_so, process, said):
    until = time.monotonic() + LIMIT
    while not is_so():
        assert process.poll() is None, said
        assert time.monotonic() < until, said
        time.sleep(0.05)


@pytest.fixture(name="silent")
def _silent():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


# -- where none is ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nonsense", "Ray takes HOST:PORT"),
        ("127.0.0.1", "Ray takes HOST:PORT"),
        ("127.0.0.1:port", "Ray takes HOST:PORT"),
        ("127.0.0.1:65536", "Ray takes HOST:PORT"),
        ("spark://127.0.0.1:1", "Ray takes HOST:PORT"),
        ("no.such.host.invalid:6379", "there is no host of this name"),
        ("x" * 300 + ":1", "the name cannot be looked up"),
    ],
)
def test_an_address_that_is_none_is_refused(text, problem):
    with pytest.raises(DriverError, match=problem) as caught:
        address.look(address.Given(text))
    assert f"RAY_ADDRESS={text!r}" in caught.value.headline
    assert str(caught.value).count("Hint:") == 1


def test_an_address_where_nothing_is_is_refused():
    with pytest.raises(DriverError, match="nothing is there: connection refused"):
        address.look(address.Given(f"127.0.0.1:{free_port()}"))


@pytest.mark.skipif(
    address.importlib.util.find_spec("grpc") is not None, reason="the client is here"
)
def test_an_address_of_a_client_is_refused_without_the_client():
    with pytest.raises(DriverError, match="not installed") as caught:
        address.look(address.Given("ray://127.0.0.1:10001"))
    assert "pip install 'ray[client]'" in caught.value.hint


def test_a_web_server_is_no_ray():
    handler = http.server.SimpleHTTPRequestHandler
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        handler.log_message = lambda *_: None
        threading.Thread(target=server.handle_request, daemon=True).start()
        with pytest.raises(DriverError, match="a web server answers there"):
            address.look(address.Given(f"127.0.0.1:{server.server_port}"))


@pytest.mark.parametrize("answer", [b"", b"-ERR unknown command\r\n", b"\0"])
def test_another_service_is_no_ray(silent, answer):
    def serve():
        line, _ = silent.accept()
        with line:
            line.recv(1)
            line.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    with pytest.raises(DriverError, match="what answers there is no Ray"):
        address.look(address.Given(f"127.0.0.1:{silent.getsockname()[1]}"))


@pytest.mark.usefixtures("cluster")
def test_another_part_of_ray_is_not_joined():
    import ray

    (node,) = ray.nodes()
    place = f"{node['NodeManagerAddress']}:{node['NodeManagerPort']}"
    with pytest.raises(DriverError, match="what answers there is no Ray"):
        address.check(address.Given(place))


@pytest.mark.parametrize("driver", NAMES)
def test_a_driver_without_ray_leaves_no_study(here, driver):
    place = f"127.0.0.1:{free_port()}"
    process = command(here, "--driver", driver, RAY_ADDRESS=place)
    out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (2, "")
    assert err == (
        f"No Ray can be joined at RAY_ADDRESS={place!r}:\n"
        "  - nothing is there: connection refused\n"
        "Hint: start that Ray, or unset RAY_ADDRESS, so that a local one is started.\n"
    )
    assert not Path(here, "s.db").exists()


def test_ctrl_c_ends_the_look_at_an_address(here, silent):
    place = f"127.0.0.1:{silent.getsockname()[1]}"
    process = command(here, "--driver", "ray", RAY_ADDRESS=place)
    silent.settimeout(LIMIT)
    line, _ = silent.accept()
    with line:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (130, ""), err
    assert "Hint: go on with" in err


def test_what_ray_says_of_another_version_is_read():
    said = (
        "RuntimeError: Version mismatch: The cluster was started with:\n"
        "    Ray: 2.44.0\n    Python: 3.12.1\n"
        "This process on node 10.0.0.1 was started with:\n"
        "    Ray: 2.60.0\n    Python: 3.11.7\n"
    )
    assert address._meaning(said) == (
        "it runs Ray 2.44.0 with Python 3.12.1, this process Ray 2.60.0 with Python "
        "3.11.7"
    )


LOUD = """
import os, subprocess, sys
import hpbridge as hpb

def train(trial):
    print("out", trial.number, flush=True)
    print("err", trial.number, file=sys.stderr)
    subprocess.run(["echo", "child"], check=True)
    if trial.number == 1:
        os._exit(3)
    assert trial.number != 2
    return trial["x"]

experiment = hpb.Experiment(name="loud", objective=train, space={"x": hpb.Float(0, 1)})
"""


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("driver", NAMES)
def test_a_ray_that_runs_is_joined_and_trials_print_to_their_logs(here, driver):
    import ray

    place = ray.get_runtime_context().gcs_address
    Path(here, "mine.py").write_text(LOUD)
    words = ["--backend", "ray:random", "--trials", "4", "--workers", "2", "--json"]
    there = {"RAY_ADDRESS": place, "RAY_AUTH_MODE": "disabled"}
    process = command(here, "--driver", driver, *words, **there)
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    found = json.loads(out)
    assert (found["status"], found["n_trials"]) == ("finished", 4)
    assert [each["error"] for each in found["errors"]] == [
        "the Ray actor died (exit code 3)",
        "AssertionError",
    ]
    logs = {path.name: path.read_text() for path in here.glob("s.db-logs/*/*")}
    assert logs == {f"{n}.log": f"out {n}\nerr {n}\nchild\n" for n in range(4)}
    assert not any(f"{what} {n}" in err for what in ("out", "err") for n in range(4))
    assert ray.is_initialized()


# -- one that dies ------------------------------------------------------------------


def _raylet_of(process):
    words = ["pgrep", "-P", str(process.pid), "-f", "raylet/raylet"]
    return int(subprocess.run(words, capture_output=True, check=True).stdout)


def _rows(here, what, table):
    with contextlib.closing(sqlite3.connect(Path(here, "s.db"))) as database:
        return database.execute(f"select {what} from hpbridge_{table}").fetchall()


@pytest.mark.parametrize(
    "driver", [NAMES[1], pytest.param(NAMES[0], marks=pytest.mark.slow)]
)
def test_a_raylet_that_dies_ends_the_study_as_interrupted(here, driver, monkeypatch):
    process = command(here, "--driver", driver, "--trials", "4", "--workers", "2")
    said = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr))
    reader.start()
    # Two have ended, and two run that wait.
    wait_until(lambda: any(" 2/4 trials" in line for line in said), process, said)
    wait_until(lambda: len(_rows(here, "number", "trials")) == 4, process, said)
    raylet = _raylet_of(process)
    os.kill(raylet, signal.SIGKILL)
    with process:
        assert process.wait(LIMIT) == 2
        reader.join(LIMIT)
    assert "".join(said[-3:-1]) == (
        f"Ray is gone: its node on this machine died (raylet, process {raylet}: "
        "signal 9):\n  - every finished trial is in the store\n"
    )
    assert said[-1].startswith("Hint: go on with `hpbridge run mine.py:experiment ")
    assert said[-1].endswith("--resume`.\n")
    assert _rows(here, "status", "studies") == [("interrupted",)]
    Path(here, "go").touch()
    ((name,),) = _rows(here, "name", "studies")
    # Elsewhere: another Ray takes its time to start.
    monkeypatch.chdir(here)
    study = hpb.resume(name, store="s.db", driver="local")
    assert [t.state.value for t in study.trials] == ["complete"] * 4
    assert study.status == "finished"


WITNESS = """
import os, socket, sys, time
from hpbridge_ray.driver.witness import witness
mine, theirs = socket.socketpair()
with witness("Ray is gone.\\n", mine if "line" in sys.argv else None):
    if "dead" in sys.argv:
        theirs.close()
        time.sleep(float(sys.argv[-1]))
    if "end" in sys.argv:
        os._exit(1)
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("end", "Ray is gone.\n"),
        ("line end", ""),
        ("", ""),
        ("line dead 0", ""),
    ],
)
def test_a_witness_says_it_where_the_process_ends(words, said):
    assert _witnessed(*words.split()).stderr == said


def _witnessed(*words):
    return subprocess.run(
        [sys.executable, "-c", WITNESS, *words],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def test_a_witness_says_it_where_the_node_died_before():
    # Long enough before: a busy machine may need its time to see it.
    for seconds in ("0.2", "2", "20"):
        done = _witnessed("line", "dead", "end", seconds)
        if done.stderr:
            break
    assert (done.returncode, done.stderr) == (1, "Ray is gone.\n")


def test_the_witness_is_quiet_here(capfd):
    with witness("never said\n"):
        pass
    assert capfd.readouterr() == ("", "")


# -- one that does not start --------------------------------------------------------

START = """
import os, subprocess, threading, time
from pathlib import Path
from hpbridge.errors import DriverError
from hpbridge_ray.driver.cluster import ensure_ray

def children(name):
    words = ["pgrep", "-P", str(os.getpid()), "-f", name]
    return subprocess.run(words, capture_output=True, text=True).stdout.split()

def kill():
    while not (found := children("gcs_server")):
        time.sleep(0.01)
    os.kill(int(found[0]), 9)

threading.Thread(target=kill, daemon=True).start()
try:
    ensure_ray(1)
except DriverError as error:
    print(error.headline)
print(children("ray"), list(Path(os.environ["RAY_TMPDIR"]).rglob("session_2*")))
"""


def test_a_ray_that_does_not_start_leaves_nothing(tmp_path_factory):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    # On a busy machine it may have started before it is killed, and ends otherwise.
    for _ in range(3):
        folder = tmp_path_factory.mktemp("r")
        done = subprocess.run(
            [sys.executable, "-c", START],
            env={**kept, "RAY_TMPDIR": str(folder)},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        if done.stdout:
            break
    assert done.stdout == "Ray does not start on this machine\n[] []\n", done.stderr


# -- actors that die ----------------------------------------------------------------


def _die(trial):
    if trial.number == 0:
        os._exit(3)
    if trial.number == 1:
        ctypes.string_at(0)
    if trial.number == 2:
        os.abort()
    if trial.number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return trial["x"]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    "driver", [NAMES[1], pytest.param(NAMES[0], marks=pytest.mark.slow)]
)
def test_an_actor_that_died_says_how(driver):
    experiment = hpb.Experiment(objective=_die, space={"x": hpb.Float(0, 1)})
    settings = {"n_trials": 5, "seed": 0, "store": ":memory:"}
    found = hpb.run(experiment, "random", driver=driver, **settings)
    assert [t.error for t in found.trials] == [
        "the Ray actor died (exit code 3)",
        "the Ray actor died (signal 11)",
        "the Ray actor died (signal 6)",
        f"the Ray actor died ({last_words.UNMARKED})",
        None,
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("Worker exits with an exit code 4.", "exit code 4"),
        (
            "1 worker(s) were killed due to the node running low on memory.",
            "Ray ended it: its machine ran out of memory",
        ),
        ("The actor died because its node has died. Node Id: 1", "its Ray node died"),
        ("it was killed by `ray.kill`.", "ended by `ray.kill`"),
        (
            "End of file. Some common causes include: (1) memory, low on memory",
            "its machine's Ray logs may say why",
        ),
    ],
)
def test_what_ray_says_of_a_death_is_read(said, why, tmp_path):
    error = HpbridgeError(said)
    assert last_words.why_died(error, "an actor", str(tmp_path)) == why
