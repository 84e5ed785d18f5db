"""What an objective can do to its worker: it costs one trial, and is said."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.drivers.marked import end_marked

linux_only = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="/proc is Linux's"
)


def run(objective, n_trials=6, **settings):
    experiment = hpb.Experiment(objective=objective, space={"x": hpb.Float(0, 1)})
    settings = {"workers": 2, **settings}
    return hpb.run(
        experiment, "random", n_trials=n_trials, seed=1, store=":memory:", **settings
    )


def only_trial_1_failed(study):
    states = [trial.state.value for trial in study.trials]
    assert states == ["failed" if k == 1 else "complete" for k in range(len(states))]
    return study.trials[1].error


def sockets():
    import stat

    found = []
    for number in range(3, 64):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        if stat.S_ISSOCK(mode):
            found.append(number)
    return found


def write(data):
    for number in sockets():
        os.write(number, data)


def write_a_frame():
    from hpbridge.drivers.worker import FRAME, MARK

    write(FRAME.pack(MARK, 5) + b"abcde")


def close_all():
    os.closerange(3, 256)


def close_and_open_another(folder):
    os.closerange(3, 256)
    # They take the numbers that were the channel's.
    return [open(f"{folder}/{k}", "wb") for k in range(20)]  # noqa: PTH123


@pytest.mark.parametrize(
    "harm",
    [
        lambda: write(b"progress: 10 %\n"),
        lambda: write(b"\x93"),
        lambda: write(bytes(1000)),
        write_a_frame,
        close_all,
    ],
    ids=["text", "a byte that could begin", "zeros", "a frame", "close"],
)
def test_who_writes_into_the_channel_of_a_worker_costs_a_trial(harm):
    def objective(trial):
        if trial.number == 1:
            harm()
        return trial["x"]

    error = only_trial_1_failed(run(objective))
    assert error == "it wrote into the channel of its worker process, or closed it"


def test_no_file_of_the_objective_gets_what_the_channel_would(tmp_path):
    folder = str(tmp_path)

    def objective(trial):
        if trial.number == 1:
            trial.keep = close_and_open_another(folder)
        return trial["x"]

    only_trial_1_failed(run(objective))
    assert {path.stat().st_size for path in tmp_path.iterdir()} == {0}


def is_alive(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def leaves_a_daemon(folder):
    """Start a process in a session of its own, whose parent ends at once."""
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        open('{folder}/' + str(os.getpid()), 'w').close()\n"
        "        time.sleep(600)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@linux_only
@pytest.mark.parametrize("is_killed", [False, True], ids=["end", "death"])
def test_what_left_the_group_of_its_worker_ends_with_it(tmp_path, is_killed):
    folder = str(tmp_path)

    def objective(trial):
        leaves_a_daemon(folder)
        while sum(1 for _ in Path(folder).iterdir()) < trial.number + 1:
            time.sleep(0.01)
        if is_killed:
            os.kill(os.getpid(), 9)
        return trial["x"]

    run(objective, n_trials=2)
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert len(pids) >= 2
    assert not [pid for pid in pids if is_alive(pid)]


@linux_only
def test_only_what_began_with_the_mark_is_ended():
    with subprocess.Popen(["sleep", "600"]) as other:
        environment = {**os.environ, "HPBRIDGE_WORKER": "a mark of this test's"}
        with subprocess.Popen(["sleep", "600"], env=environment) as child:
            while b"HPBRIDGE" not in Path(f"/proc/{child.pid}/environ").read_bytes():
                time.sleep(0.01)
            end_marked("a mark of this")
            assert child.poll() is None
            end_marked("a mark of this test's")
            assert child.wait(60) == -9
        assert other.poll() is None
        other.kill()
