"""Several nodes: what is asked of them, one that is lost, what one of them lacks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.xdist_group("ray nodes"),
    # Ray 2.44's Cluster leaves files open.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

LIMIT = 400  # seconds; a busy machine may start Ray slowly

FILE = """
import os, pathlib, time
import hpbridge as hpb

def where(trial):
    import ray
    context = ray.get_runtime_context()
    given = context.get_assigned_resources()
    far, cpus = given.get("far", 0), given.get("CPU", 0)
    return {"value": trial["x"], "far": far, "cpus": cpus}

def train(trial):
    pathlib.Path("here", f"{trial.number}-{os.getpid()}").touch()
    while trial.number < 2 and not pathlib.Path("go").exists():
        time.sleep(0.05)
    return trial["x"]

SPACE = {"x": hpb.Float(0, 1)}
placed = hpb.Experiment(
    name="placed", objective=where, space=SPACE, direction={"value": "minimize"}
)
mine = hpb.Experiment(name="mine", objective=train, space=SPACE)
"""
LACKING = """
import builtins
real = builtins.__import__
def without(name, *words, **more):
    if name.split(".")[0] == "{name}":
        raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
    return real(name, *words, **more)
builtins.__import__ = without
"""

SCRIPT = """
import json, os, sys
import hpbridge as hpb
from hpbridge.errors import HpbridgeError

address, here = sys.argv[1:]
sys.path.insert(0, here)
from mine import placed

def found(**options):
    options = {"address": address, **options}
    try:
        study = hpb.run(placed, "random", n_trials=2, seed=0, workers=2,
                        driver=("ray", options), store=":memory:")
    except HpbridgeError as error:
        return [error.headline, *error.problems, error.hint]
    return [t.error or [t.metrics["far"], t.metrics["cpus"]] for t in study.trials]

def lacking(name):
    path = os.path.join(here, "without-" + name)
    return found(runtime_env={"env_vars": {"PYTHONPATH": path}})

said = {
    "far": found(resources="cpu=0.5,far=0.5"),
    "spread": found(resources="cpu=1", placement="STRICT_SPREAD"),
    "too much": found(resources="cpu=64,gpu=1,unheard=1"),
    "not together": found(resources="cpu=2,far=1"),
    "no room": found(resources="cpu=2", placement="STRICT_PACK"),
    "env": found(runtime_env={"env_vars": {"GIVEN": "1"}}, resources="cpu=0.5"),
    "no plugin": lacking("hpbridge_ray"),
    "no module": lacking("mine"),
    "other": found(address="127.0.0.1:1"),
}
print(json.dumps(said))
"""


@pytest.fixture(name="nodes", scope="module")
def _nodes():
    """Two nodes: one that has ``far``, and the head, where studies run."""
    from ray.cluster_utils import Cluster

    before = dict(os.environ)
    os.environ.update({"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"})
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 2, "resources": {"slot": 1}}
    )
    try:
        yield cluster
    finally:
        cluster.shutdown()
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(name="far")
def _far(nodes):
    node = nodes.add_node(num_cpus=1, resources={"far": 1, "slot": 1})
    nodes.wait_for_nodes()
    yield node
    if node in nodes.list_all_nodes():
        nodes.remove_node(node)


@pytest.fixture(name="here")
def _here(tmp_path):
    Path(tmp_path, "here").mkdir()
    Path(tmp_path, "mine.py").write_text(FILE)
    for name in ("hpbridge_ray", "mine"):
        folder = Path(tmp_path, f"without-{name}")
        folder.mkdir()
        Path(folder, "sitecustomize.py").write_text(LACKING.format(name=name))
    return tmp_path


def start(here, *words):
    kept = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=here,
        env=kept,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_trials_have_what_they_need_of_the_nodes(nodes, far, here):
    process = start(here, "-c", SCRIPT, nodes.address, str(here))
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    said = json.loads(out)
    assert said["far"] == [[0.5, 0.5]] * 2
    assert said["spread"] == [[0, 1]] * 2
    assert said["env"] == [[0, 0.5]] * 2
    assert said["too much"] == [
        "No node of this Ray can run a trial that needs cpu=64,gpu=1,unheard=1",
        "CPU: 64 wanted, and no node has more than 2",
        "GPU: 1 wanted, and no node has more than 0",
        "unheard: 1 wanted, and no node has more than 0",
        "`ray status` shows what its nodes have",
    ]
    assert said["not together"][1] == "some nodes have enough of each, but none of all"
    assert said["no room"][:2] == [
        "This Ray has no place for 2 workers STRICT_PACK",
        "the largest node has room for 1",
    ]
    assert said["no plugin"][1] == (
        "a machine of this Ray lacks hpbridge-ray: No module named 'hpbridge_ray'"
    )
    assert 'runtime_env={"pip": ["hpbridge-ray"]}' in said["no plugin"][-1]
    assert "No module named 'mine'" in said["no module"][1]
    assert 'runtime_env={"working_dir": "."}' in said["no module"][-1]
    assert said["other"][0].startswith("No Ray can be joined at address='127.0.0.1:1'")


RUN = ["-m", "hpbridge", "run", "mine.py:mine", "--backend", "random", "--json"]
RUN += ["--store", "s.db", "--trials", "6", "--workers", "2", "--driver", "ray"]
RUN += ["--seed", "0", "--resources", "cpu=0,slot=1"]  # an actor on each node


def running(here, n, process):
    """Return the processes of the first trials, when they run."""
    until = time.monotonic() + LIMIT
    while len(found := list(Path(here, "here").iterdir())) < n:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)
    return {int(pid) for _, _, pid in (path.name.partition("-") for path in found)}


def ended(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def wait_until(is_so):
    until = time.monotonic() + LIMIT
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_node_that_is_lost_costs_its_trial_and_no_more(nodes, far, here):
    process = start(here, *RUN, "--address", nodes.address)
    pids = running(here, 2, process)
    nodes.remove_node(far, allow_graceful=False)
    wait_until(lambda: any(map(ended, pids)))
    Path(here, "go").touch()
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    found = json.loads(out)
    assert (found["status"], found["n_trials"]) == ("finished", 6)
    (error,) = found["errors"]
    # Its process may be seen to end before its node.
    assert error["error"].startswith("the Ray actor died (")


@pytest.mark.slow
@pytest.mark.usefixtures("far")
def test_a_study_that_is_killed_leaves_no_actor_and_goes_on(nodes, here, monkeypatch):
    monkeypatch.setenv("MARKED_BY", str(here))
    process = start(here, *RUN, "--address", nodes.address)
    pids = running(here, 2, process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT)
    marked = f"MARKED_BY={here}".encode()

    def left():
        found = {pid for pid in pids if not ended(pid)}
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                is_marked = marked in path.read_bytes()
            except OSError:
                continue
            found |= {int(path.parent.name)} if is_marked else set()
        return found

    wait_until(lambda: not left())
    Path(here, "go").touch()
    words = ["-m", "hpbridge", "resume", "mine-random-random-0", "--store", "s.db"]
    process = start(here, *words, "--json")
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    found = json.loads(out)
    assert (found["status"], found["n_trials"]) == ("finished", 6)
    assert found["errors"] == []
