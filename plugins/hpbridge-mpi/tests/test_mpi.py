"""Studies in the ranks of MPI jobs, and ranks that die."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from waiting import wait_until

import hpbridge as hpb
from hpbridge_mpi.driver import launch

FILE = """
import os, pathlib, sys, time
import hpbridge as hpb

def train(trial):
    pathlib.Path(f"began-{trial.number}").touch()
    while trial.number >= 3 and not pathlib.Path("go").exists():
        time.sleep(0.02)
    names = {"PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"} & {*os.environ}
    return {"value": trial["x"] ** 2, "in_mpi": float(len(names))}

experiment = hpb.Experiment(name="mine", objective=train, space={"x": hpb.Float(-1, 1)})
"""
RUN = ["-m", "hpbridge", "run", "mine.py", "--backend", "random", "--driver", "mpi"]
KEPT = ["--store", "s.db", "--seed", "0"]


@pytest.fixture(name="here")
def _here(tmp_path):
    (tmp_path / "mine.py").write_text(FILE)
    return tmp_path


def began(here, *numbers):
    wait_until(lambda: all((here / f"began-{n}").exists() for n in numbers))


def stored(here, name="mine-random-random-0"):
    return hpb.load_study(name, store=here / "s.db")


def test_rank_0_coordinates_and_the_others_run_trials(here, launcher, launched):
    (here / "go").touch()
    job = launched(launcher, here, 4, *RUN, *KEPT, "--trials", "9")
    code, out, errors = job.end()
    assert code == 0, errors
    assert out.count("finished; 9 complete") == 1, "the others are silent"
    study = stored(here)
    assert study.settings["workers"] == 3
    assert {trial.metrics["in_mpi"] for trial in study.trials} == {0.0}
    space = {"x": hpb.Float(-1, 1)}
    alone = hpb.Experiment(objective=lambda _: 0, space=space, name="mine")
    same = hpb.run(alone, "random", n_trials=9, seed=0, store=":memory:")
    assert [t.params for t in study.trials] == [t.params for t in same.trials]
    assert job.processes() == []


@pytest.mark.slow
def test_ranks_that_wait_keep_no_core_busy(here, mpich, launched):
    job = launched(mpich, here, 3, *RUN, *KEPT, "--trials", "5")
    began(here, 3, 4)
    ranks = [job.rank(1), job.rank(2)]
    before = [processor_seconds(pid) for pid in ranks]
    used = hpb.run(
        hpb.Experiment(objective=spin, space={"x": hpb.Float(-1, 1)}),
        "random", n_trials=1, store=":memory:",
    ).trials[0].run_seconds  # fmt: skip
    after = [processor_seconds(pid) for pid in ranks]
    assert max(a - b for a, b in zip(after, before, strict=True)) < 0.2 * used
    (here / "go").touch()
    assert job.end()[0] == 0


def spin(trial):
    """Take a second of this processor."""
    import time

    end = time.process_time() + 1.0
    while time.process_time() < end:
        pass
    return 0.0


def processor_seconds(pid):
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_a_lost_rank_ends_the_job_under_mpich_and_the_study_goes_on(
    here, mpich, launched
):
    job = launched(mpich, here, 3, *RUN, *KEPT, "--trials", "6")
    began(here, 3, 4)
    os.kill(job.rank(2), signal.SIGKILL)
    code, _, _ = job.end()
    assert code != 0
    (here / "go").touch()
    wait_until(lambda: job.processes() == [])  # agents leave by themselves
    again = launched(mpich, here, 3, *RUN, *KEPT, "--trials", "6", "--resume")
    code, out, errors = again.end()
    assert code == 0, errors
    assert "6 complete, 0 failed" in out


def test_open_mpi_goes_on_without_a_lost_rank(here, launcher, launched):
    if launcher != "openmpi":
        pytest.skip("MPICH ends the job")
    words = "--trials", "8", "--retries", "1"
    job = launched(launcher, here, 4, *RUN, *KEPT, *words)
    began(here, 3, 4, 5)
    os.kill(job.rank(2), signal.SIGKILL)
    wait_until(lambda: job.rank(2) is None)
    (here / "go").touch()
    code, out, errors = job.end()
    assert code == 0, errors
    assert "8 complete, 0 failed" in out
    assert job.processes() == []


@pytest.mark.parametrize(
    "launcher",
    [pytest.param("openmpi", marks=pytest.mark.slow), "mpich"],
    indirect=True,
)
def test_a_coordinator_that_is_killed_takes_all_with_it(here, launcher, launched):
    job = launched(launcher, here, 3, *RUN, *KEPT, "--trials", "6")
    began(here, 3, 4)
    os.kill(job.rank(0), signal.SIGKILL)
    job.end()
    wait_until(lambda: job.processes() == [])


def test_ctrl_c_leaves_nothing_behind_but_a_study_that_goes_on(here, mpich, launched):
    job = launched(mpich, here, 3, *RUN, *KEPT, "--trials", "6")
    began(here, 3, 4)
    os.killpg(job.process.pid, signal.SIGINT)
    job.end()
    wait_until(lambda: job.processes() == [])
    assert sum(t.state.value == "complete" for t in stored(here).trials) == 3


SCRIPT = """
import mine
import hpbridge as hpb

for seed in (0, 1):
    study = hpb.run(mine.experiment, "random", n_trials=4, seed=seed, driver="mpi",
                    store=":memory:")
    print("best of", len(study.trials), "by", study.settings["workers"])
"""


@pytest.mark.slow
def test_a_script_of_several_studies_goes_on_in_rank_0_alone(here, mpich, launched):
    (here / "go").touch()
    (here / "script.py").write_text(SCRIPT)
    code, out, errors = launched(mpich, here, 3, "script.py").end()
    assert code == 0, errors
    assert out.splitlines() == ["best of 4 by 2"] * 2


def test_what_is_wrong_is_said_once(here, mpich, launched):
    code, _, errors = launched(mpich, here, 3, *RUN[:3], "no.py", *RUN[4:]).end()
    assert code == 2
    assert errors.count("there is no file 'no.py'") == 1


def test_one_rank_is_a_sentence(here, mpich, launched):
    code, _, errors = launched(mpich, here, 1, *RUN, *KEPT).end()
    assert code == 2
    assert "needs two ranks or more" in errors
    assert "mpiexec -n 9 hpbridge run" in errors
    assert not (here / "s.db").exists()


def test_a_launcher_of_another_library_is_a_sentence(here, mpich, launched):
    other = Path(sys.prefix, "lib", "libmpi.so.40")
    if not other.exists():
        pytest.skip("not installed: openmpi")
    job = launched(mpich, here, 2, *RUN, *KEPT, MPI4PY_LIBMPI=str(other))
    code, _, errors = job.end()
    assert code != 0
    assert errors.count("MPICH has launched 2 processes, of which each finds") == 1


def test_options_are_those_of_the_driver(here):
    with pytest.raises(hpb.errors.HpbridgeError, match="no option 'lisen'"):
        hpb.run(
            hpb.Experiment(objective=spin, space={"x": hpb.Float(-1, 1)}),
            "random", n_trials=1, store=":memory:", driver=("mpi", {"lisen": "x"}),
        )  # fmt: skip


def test_a_launcher_is_known_by_what_it_leaves_in_the_environment():
    of_mpich = launch.launch({"PMI_RANK": "2", "PMI_SIZE": "4"})
    assert of_mpich == launch.Launch("MPICH", 2, 4)
    names = {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "3", "HOME": "/"}
    assert launch.launch(names) == launch.Launch("Open MPI", 0, 3)
    assert launch.launch({}) == launch.Launch("", 0, 1)
    assert launch.without_mpi(names) == {"HOME": "/"}
