"""Workers that are forked from a process that has loaded their experiment once."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

import hpbridge as hpb
from hpbridge.contract.references import load_experiment
from hpbridge.drivers import workers as executor
from hpbridge.drivers.zygote_process import Zygote, can_fork
from hpbridge.errors import ExperimentError
from tests.waiting import is_alive, wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not can_fork(), reason="no fork that is known as safe")

FILE = """
import os, random
from pathlib import Path
import hpbridge as hpb
{0}
here = Path(__file__).parent
(here / f"loaded-{{os.getpid()}}").touch()
def f(trial):
    {1}
    drawn = {2}
    parent = float(os.getppid())
    return {{"value": trial["x"], "parent": parent, "drawn": float(drawn)}}
experiment = hpb.Experiment(name="z", space={{"x": hpb.Float(0, 1)}}, objective=f)
"""


def run(folder: Path, head="", body="pass", drawn="random.random()", **settings):
    file = folder / "exp.py"
    file.write_text(FILE.format(head, body, drawn))
    experiment = load_experiment(f"{file}:experiment")
    (folder / f"loaded-{os.getpid()}").unlink(missing_ok=True)
    settings = {"workers": 2, "n_trials": 6, "store": ":memory:", **settings}
    study = hpb.run(experiment, "random", seed=0, **settings)
    return study, [f.name for f in folder.glob("loaded-*")]


def parents(study) -> set[float]:
    return {t.metrics["parent"] for t in study.trials if t.metrics}


def test_workers_have_an_experiment_that_was_loaded_once(tmp_path):
    study, loaded = run(tmp_path)
    assert len(loaded) == 1
    (parent,) = parents(study)
    assert loaded == [f"loaded-{parent:.0f}"]
    assert parent != os.getpid()
    assert len({t.metrics["drawn"] for t in study.trials}) == 6


@pytest.mark.parametrize(
    "head",
    [
        "import threading as t; t.Thread(target=t.Event().wait, daemon=True).start()",
        "file = os.open(__file__, os.O_RDONLY)",
    ],
    ids=["a thread", "a file"],
)
def test_what_does_not_survive_a_fork_is_loaded_by_each_worker(tmp_path, head):
    body = "import time; time.sleep(0.2)"
    study, loaded = run(tmp_path, head, body)
    assert len(loaded) == 3
    assert all(t.metrics for t in study.trials)


@pytest.mark.parametrize(
    ("seeds", "n_values"), [("", 2), ("np.random.seed(7)", 1)], ids=["not", "seeded"]
)
def test_workers_draw_other_numbers_unless_the_experiment_is_seeded(
    tmp_path, seeds, n_values
):
    pytest.importorskip("numpy")
    body = "import time; time.sleep(0.3)"  # one trial each
    study, _ = run(
        tmp_path,
        f"import numpy as np\n{seeds}",
        body,
        "np.random.random()",
        n_trials=2,
        trials_per_worker=1,
    )
    assert len({t.metrics["drawn"] for t in study.trials}) == n_values


def test_a_worker_that_dies_or_is_late_costs_its_trial(tmp_path):
    body = """if trial.number == 1: os._exit(5)
    if trial.number == 2: os.kill(os.getpid(), 11)
    if trial.number == 3: __import__("time").sleep(60)"""
    study, loaded = run(tmp_path, body=body, timeout_trial=2.0)
    assert len(loaded) == 1
    errors = [t.error or "" for t in study.trials]
    assert "exit code 5" in errors[1]
    assert "signal 11" in errors[2]
    assert "longer than 2 seconds" in errors[3]
    assert [n for n, error in enumerate(errors) if error] == [1, 2, 3]


def test_an_experiment_that_cannot_be_loaded_is_refused(tmp_path):
    with pytest.raises(ExperimentError, match="cannot be loaded") as said:
        broken(tmp_path, "raise ValueError('only in workers')")
    assert "only in workers" in str(said.value)
    with pytest.raises(ExperimentError, match="exit code 4"):
        broken(tmp_path, "os._exit(4)")


def broken(folder: Path, what: str):
    (folder / "main").write_text(str(os.getpid()))
    pid = "(Path(__file__).parent / 'main').read_text()"
    return run(folder, f"if {pid} != str(os.getpid()): {what}")


def test_trials_go_on_without_the_zygote(tmp_path):
    body = """import signal
    if trial.number == 1: os.kill(os.getppid(), signal.SIGKILL); os._exit(3)"""
    study, _ = run(tmp_path, body=body, n_trials=8)
    errors = [t.number for t in study.trials if t.error]
    assert errors == [1]
    assert len(study.trials) == 8


def test_what_a_worker_left_behind_ends_with_it(tmp_path):
    body = """
    if os.fork() == 0:
        os.setsid()
        (here / "orphan").write_text(str(os.getpid()))
        import time; time.sleep(99); os._exit(0)"""
    run(tmp_path, body=body, n_trials=2)
    pid = int((tmp_path / "orphan").read_text())
    wait_until(lambda: not is_alive(pid))


def test_what_is_registered_for_the_end_runs_in_the_process_it_is_of(tmp_path):
    head = """
import atexit
# It also ends with the process of the tests, when the folder may be gone.
atexit.register(lambda: (Path(__file__).parent / "kept").unlink(missing_ok=True))"""
    body = """
    import atexit
    assert (here / "kept").exists()
    atexit.register((here / f"over-{os.getpid()}").touch)"""
    (tmp_path / "kept").touch()
    study, _ = run(tmp_path, head, body, trials_per_worker=1, n_trials=4)
    assert not [t.error for t in study.trials if t.error]
    wait_until(lambda: len(list(tmp_path.glob("over-*"))) >= 2)


def test_no_zygote_is_left(tmp_path, monkeypatch):
    made = []

    class Kept(Zygote):
        def __init__(self, environment) -> None:
            super().__init__(environment)
            made.append(self)

    monkeypatch.setattr(executor, "Zygote", Kept)
    run(tmp_path)
    (zygote,) = made
    assert zygote.is_dead()
    run(tmp_path, memory_trial=2**30)  # what forks share, it would count
    run(tmp_path, workers=1, timeout_trial=60)
    assert len(made) == 1


def test_a_system_that_shows_no_threads_forks_nothing(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not can_fork()
