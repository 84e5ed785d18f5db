"""Studies in jobs of a real Slurm, and what Slurm does to its jobs."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE, is_alive, wait_until

import hpbridge as hpb
from hpbridge.errors import DriverError, HpbridgeError
from hpbridge_slurm.driver import commands
from hpbridge_slurm.options import SlurmOptions, minutes_of

FILE = """
import os, pathlib, time
import hpbridge as hpb

def train(trial):
    place = pathlib.Path(f"began-{trial.number}-{os.environ['SLURM_JOB_ID']}")
    place.write_text(str(os.getpid()))
    while trial.number >= 2 and not pathlib.Path("go").exists():
        time.sleep(0.02)
    cpus = float(os.environ.get("SLURM_CPUS_PER_TASK", 0))
    gpus = float(len(os.environ.get("SLURM_JOB_GPUS", "").split(",")))
    return {"value": trial["x"] ** 2, "cpus": cpus, "gpus": gpus}

experiment = hpb.Experiment(name="mine", objective=train, space={"x": hpb.Float(-1, 1)})
"""
RUN = ["-m", "hpbridge", "run", "mine.py", "--backend", "random", "--driver", "slurm"]
KEPT = ["--store", "s.db", "--seed", "0", "--driver-option", "poll=0.2"]


@pytest.fixture(name="here")
def _here(slurm, tmp_path):
    (tmp_path / "mine.py").write_text(FILE)
    return tmp_path


@pytest.fixture
def started(here):
    """A function that starts a command, which does not outlive its test."""
    running = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, *RUN, *KEPT, *words],
            cwd=here,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ended(process, code=0):
    out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, out + errors
    return out + errors


def began(here, number, not_in=()):
    """Return the jobs in which a trial began, when it has begun in another one."""

    def jobs():
        return {p.name.split("-")[2] for p in here.glob(f"began-{number}-*")}

    wait_until(lambda: jobs() - {*not_in})
    return jobs()


def process_of(here, number):
    """Return the process in which a trial has begun."""
    (mark,) = here.glob(f"began-{number}-*")
    wait_until(mark.read_text)
    return int(mark.read_text())


def run(n_trials=2, objective=abs, **options):
    tuned = hpb.Experiment(objective=objective, space={"x": hpb.Float(-1, 1)}, name="e")
    given = "slurm", {"poll": 0.2, **options}
    return hpb.run(tuned, "random", n_trials=n_trials, store=":memory:", driver=given)


def test_an_array_of_agents_runs_a_study_and_leaves(slurm, here, started):
    (here / "go").touch()
    words = "--resources", "cpu=2,gpu=1,memory=64MiB", "--workers", "2"
    said = ended(started("--trials", "6", *words))
    assert "6 complete, 0 failed" in said
    study = hpb.load_study("mine-random-random-0", store=here / "s.db")
    assert {(t.metrics["cpus"], t.metrics["gpus"]) for t in study.trials} == {(2, 1)}
    jobs = {path.name.split("-")[2] for path in here.glob("began-*")}
    assert len(jobs) <= 2, "long-lived ones"
    wait_until(lambda: not slurm.jobs())


def test_a_job_for_each_trial_if_asked(slurm, here, started):
    (here / "go").touch()
    words = "--driver-option", "per_trial=true", "--workers", "2"
    said = ended(started("--trials", "4", *words))
    assert "4 complete, 0 failed" in said
    assert len({path.name.split("-")[2] for path in here.glob("began-*")}) == 4


def test_the_token_is_for_its_owner_alone(slurm, here, started):
    process = started("--trials", "3")
    began(here, 2)
    (invitation,) = here.glob("hpbridge-slurm/*/invitation.json")
    assert stat.S_IMODE(invitation.stat().st_mode) == 0o600
    assert stat.S_IMODE(invitation.parent.stat().st_mode) == 0o700
    token = invitation.read_text().partition('"token": "')[2].partition('"')[0]
    assert len(token) >= 32
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert token.encode() not in command.read_bytes()
        except OSError:
            continue
    assert token not in slurm("scontrol", "show", "job")
    (here / "go").touch()
    ended(process)
    assert not invitation.exists()
    assert [*invitation.parent.glob("*_log.out")], "its logs are kept"


def test_an_agent_that_is_about_to_be_ended_gives_its_trial_back(slurm, here, started):
    process = started("--trials", "3")
    (job,) = began(here, 2)
    # As Slurm does before a time limit; its own clock looks once a minute.
    slurm("scancel", "--signal=USR2", job)
    began(here, 2, not_in={job})
    (here / "go").touch()
    assert "3 complete, 0 failed" in ended(process)


def test_a_job_that_is_requeued_joins_again(slurm, here, started):
    process = started("--trials", "3")
    (job,) = began(here, 2)
    before = process_of(here, 2)
    slurm("scontrol", "requeue", job)
    wait_until(lambda: not is_alive(before))
    (here / "go").touch()
    assert "3 complete, 0 failed" in ended(process)


@pytest.mark.slow
def test_a_preempted_agent_gives_way_and_the_study_goes_on(slurm, here, started):
    process = started("--trials", "3", "--resources", "cpu=8")
    began(here, 2)
    before = process_of(here, 2)
    slurm("sbatch", "--partition=urgent", "--cpus-per-task=8", "--wrap=sleep 1")
    wait_until(lambda: not is_alive(before))
    (here / "go").touch()
    assert "3 complete, 0 failed" in ended(process)


def test_a_job_that_is_cancelled_costs_its_trial_at_most(slurm, here, started):
    process = started("--trials", "4", "--workers", "2", "--retries", "1")
    jobs = began(here, 2) | began(here, 3)
    slurm("scancel", min(jobs))
    (here / "go").touch()
    assert "4 complete, 0 failed" in ended(process)


def test_a_node_that_is_down_costs_the_trials_on_it(slurm, here, started):
    process = started("--trials", "4")
    began(here, 2)
    before = process_of(here, 2)
    node = f"node={slurm.node}"
    slurm("scontrol", "update", node, "state=down", "reason=test")
    wait_until(lambda: not is_alive(before))
    slurm.bring_back()
    (here / "go").touch()
    said = ended(process)
    assert "4 complete, 0 failed" in said or "3 complete, 1 failed" in said


def test_ctrl_c_cancels_all_jobs(slurm, here, started):
    process = started("--trials", "4", "--workers", "2")
    began(here, 2)
    before = process_of(here, 2)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    wait_until(lambda: not slurm.jobs())
    wait_until(lambda: not is_alive(before))


def test_agents_leave_when_the_study_is_killed_and_it_goes_on(slurm, here, started):
    process = started("--trials", "4")
    began(here, 2)
    before = process_of(here, 2)
    process.kill()
    process.communicate()
    wait_until(lambda: not slurm.jobs())
    wait_until(lambda: not is_alive(before))
    (here / "go").touch()
    assert "4 complete, 0 failed" in ended(started("--trials", "4", "--resume"))


@pytest.mark.usefixtures("here")
class TestRefusals:
    def test_an_unknown_partition_names_those_that_there_are(self):
        with pytest.raises(DriverError, match="no partition 'nope'") as caught:
            run(partition="nope")
        assert "main (up to infinite), short (up to 1:00)" in str(caught.value)

    def test_a_time_limit_beyond_the_partitions(self):
        with pytest.raises(DriverError, match="a time limit of 5 is beyond"):
            run(partition="short", time_limit="5")

    def test_a_partition_whose_jobs_end_before_an_agent_could_be_told(self):
        with pytest.raises(DriverError, match="jobs of partition short end within 60"):
            run(partition="short")

    def test_what_sbatch_refuses_is_in_its_words(self, capfd):
        with pytest.raises(DriverError, match="unrecognized option '--bogus=1'"):
            run(sbatch="--bogus=1")
        with pytest.raises(DriverError, match="configuration is not available"):
            run(resources="gpu=5")
        assert "sbatch" not in capfd.readouterr().err, "said once"

    def test_a_job_that_can_never_start(self, slurm):
        with pytest.raises(DriverError, match="will never start") as caught:
            run(partition="closed")
        assert "PartitionDown" in str(caught.value)
        wait_until(lambda: not slurm.jobs())

    def test_a_job_that_waits_for_too_long(self, slurm):
        slurm("sbatch", "--cpus-per-task=8", "--wrap=sleep 600")
        wait_until(lambda: slurm.jobs(of="RUNNING"))
        with pytest.raises(
            DriverError, match="has not started for 1 seconds"
        ) as caught:
            run(resources="cpu=8", patience=1.0)
        assert "Resources" in str(caught.value) or "Priority" in str(caught.value)

    def test_nodes_without_the_package(self):
        with pytest.raises(DriverError, match="agents die before they join") as caught:
            run(python="/bin/false")
        assert "FAILED" in str(caught.value)
        assert "_log.out" in str(caught.value)

    def test_a_controller_that_does_not_answer(self, monkeypatch, tmp_path):
        known = Path(os.environ["SLURM_CONF"]).read_text().splitlines()
        other = [line for line in known if not line.startswith("SlurmctldPort")]
        (tmp_path / "slurm.conf").write_text("\n".join([*other, "SlurmctldPort=1"]))
        monkeypatch.setattr(commands, "_PATIENCE_SECONDS", 1.0)
        with monkeypatch.context() as away:
            away.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
            with pytest.raises(DriverError, match="Slurm does not answer"):
                run()


def test_without_slurm_it_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DriverError, match="There is no Slurm here: sinfo"):
        run()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"time_limit": "an hour"}, "'time_limit' must be minutes"),
        ({"resources": "gpu=0.5"}, "gpu must be a whole number for Slurm, got 0.5"),
        ({"resources": "cpus=two"}, "'cpus' must be a number"),
        ({"sbatch": ("exclusive", "--time=5")}, "--time is the option 'time_limit'"),
        ({"sbatch": "rm -rf /"}, "takes --NAME or --NAME=VALUE"),
        ({"time_limit": "1"}, "'notice' must be shorter than the time limit of 1"),
        ({"notice": 0, "patience": 0.0, "poll": 0.0}, "'poll' must be above 0"),
    ],
)
def test_options_out_of_range(options, problem):
    with pytest.raises(HpbridgeError) as caught:
        run(**options)
    assert problem in str(caught.value)


def test_options_become_words_of_sbatch():
    options = SlurmOptions(sbatch=("--nice=10", "exclusive"), resources="cpu=2,fpga=1")
    assert options.flags == {"nice": "10", "exclusive": True}
    assert options.needed.custom == {"fpga": 1}
    assert minutes_of("1-12:30") == 36.5 * 60


def test_a_job_that_squeue_has_forgotten(slurm):
    assert commands.queued(["999999"]) == {}
