"""What an objective can do to its worker: it costs one trial, and is said."""

from __future__ import annotations

import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.drivers import deaths, memory
from hpbridge.drivers.marked import end_marked
from hpbridge.errors import ExperimentError
from hpbridge.store.settings import OF_WORKERS

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


# Memory


def grows(mebibytes):
    import numpy as np

    return np.ones(mebibytes * 2**17)


@linux_only
def test_a_trial_that_uses_too_much_memory_is_ended_and_says_how_much():
    def objective(trial):
        if trial.number == 1:
            kept = [grows(40) for _ in range(200) if time.sleep(0.02) is None]
            return float(len(kept))
        return float(len(grows(40)))

    error = only_trial_1_failed(run(objective, memory_trial="150 MiB"))
    used = re.fullmatch(r"used ([\d.]+) MiB of memory, more than 150 MiB; ended", error)
    assert used
    assert float(used[1]) >= 150  # rounded


@linux_only
def test_what_is_only_reserved_does_not_count():
    def objective(trial):
        import mmap

        import numpy as np

        kept = [np.zeros(2**30), mmap.mmap(-1, 2**33)]  # 16 GiB, and nothing touched
        time.sleep(0.3)
        return trial["x"] + len(kept)

    study = run(objective, n_trials=2, workers=1, memory_trial=2**27)
    assert [trial.state.value for trial in study.trials] == ["complete"] * 2


@linux_only
@pytest.mark.parametrize("way", ["subprocess", "fork"])
def test_what_a_child_of_a_trial_uses_counts(way):
    def objective(trial):
        if trial.number == 1 and way == "fork":
            pid = os.fork()
            if pid == 0:
                kept = grows(300)
                time.sleep(60)
                os._exit(len(kept) and 0)
            os.waitpid(pid, 0)
        if trial.number == 1:
            source = "import time; kept = b'x' * (300 * 2**20); time.sleep(60)"
            subprocess.run([sys.executable, "-c", source], check=True)
        return 1.0

    error = only_trial_1_failed(run(objective, memory_trial="200 MiB"))
    assert re.fullmatch(
        r"used [\d.]+ MiB of memory( with its children)?, more than 200 MiB; ended",
        error,
    )


@linux_only
def test_what_children_share_with_their_worker_counts_once():
    def objective(trial):
        kept = grows(100)
        children = [pid for _ in range(3) if (pid := os.fork()) or hold(kept)]
        time.sleep(1)
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        return trial["x"]

    def hold(kept):
        time.sleep(60)
        os._exit(len(kept) and 0)

    study = run(objective, n_trials=2, workers=1, memory_trial="200 MiB")
    assert [trial.error for trial in study.trials] == [None] * 2


@linux_only
def test_a_memory_error_says_how_much_was_used():
    def objective(trial):
        kept = grows(100)
        time.sleep(0.3)
        if trial.number == 1:
            msg = "no room"
            raise MemoryError(msg)
        return float(len(kept))

    error = only_trial_1_failed(run(objective, memory_trial="1 GiB"))
    found = re.fullmatch(
        r"no memory was left when the trial had used ([\d.]+) MiB: "
        "MemoryError: no room",
        error,
    )
    assert found
    assert 90 < float(found[1]) < 300


def test_what_the_kernel_ended_is_said(monkeypatch):
    counts = iter([3, 3, 4])
    monkeypatch.setattr(deaths, "n_ended_by_kernel", lambda: next(counts))
    found = deaths.Deaths(None)
    assert found.why("signal 9", None) == "the worker process died (signal 9)"
    assert found.why("signal 9", memory.Use(0, 2**30)) == (
        "the kernel ran out of memory and ended the worker process, "
        "which had grown by 1 GiB"
    )


# Renewal, and who knows of it


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_is_renewed_after_its_share_of_trials(workers):
    def objective(trial):
        return trial["x"]

    study = run(objective, n_trials=7, workers=workers, trials_per_worker=2)
    shares = Counter(trial.worker for trial in study.trials)
    assert "main" not in shares
    assert max(shares.values()) <= 2
    assert len(shares) >= 4
    here = run(objective, n_trials=7, workers=1)
    assert [t.params for t in study.trials] == [t.params for t in here.trials]


@pytest.mark.parametrize("name", OF_WORKERS)
def test_what_needs_workers_is_refused_by_name_where_there_are_none(name):
    with (
        concurrent.futures.ThreadPoolExecutor(1) as pool,
        pytest.raises(ExperimentError, match=f"{name} must be None") as caught,
    ):
        run(lambda trial: trial["x"], driver=pool, **{name: 1})
    assert "'ThreadPoolExecutor'" in str(caught.value)
    with pytest.raises(ExperimentError, match=f"{name} must be"):
        run(lambda trial: trial["x"], **{name: 0})
