"""Killed and interrupted at random moments, a study loses no finished trial."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hpbridge.contract.registry import registry
from hpbridge.learning.replay import CONTINUED, RESUMED

PROGRAM = Path(__file__).with_name("fault_rounds.py")


def rounds(folder, backend, workers, how, n_rounds, n_trials) -> dict:
    if backend.split(":")[0] not in registry().backends:
        pytest.skip(f"the plugin of {backend} is not installed")
    arguments = [folder, backend, workers, how, n_rounds, n_trials]
    done = subprocess.run(
        [sys.executable, PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def assert_complete(found, n_trials) -> None:
    assert found["status"] == "finished"
    assert [row[0] for row in found["record"]] == list(range(n_trials))
    assert sorted(row[4] for row in found["record"]) == list(range(n_trials))


@pytest.mark.parametrize(
    "backend", ["optuna:tpe", pytest.param("random", marks=pytest.mark.slow)]
)
def test_the_process_is_killed_at_20_random_moments(tmp_path, backend) -> None:
    found = rounds(tmp_path, backend, 1, "kill", 20, 150)
    assert found["codes"].count(-9) >= 10
    assert found["progress"] >= 8
    for lost in found["lost"]:
        # The one that ended and was on its way to the disk, and no other.
        assert len(lost) <= 1
    assert_complete(found, 150)
    assert found["record"] == found["whole"]  # bit for bit
    assert found["notes"]
    assert all(note.endswith(RESUMED) for note in found["notes"])


@pytest.mark.parametrize("workers", [1, 2])
def test_the_process_is_interrupted_at_random_moments(tmp_path, workers) -> None:
    found = rounds(tmp_path, "random", workers, "interrupt", 10, 120)
    assert set(found["codes"]) <= {130, 0}
    assert found["codes"].count(130) >= 5
    assert found["progress"] >= 3
    for lost in found["lost"]:
        assert len(set(lost)) <= workers
    assert_complete(found, 120)
    assert not any(CONTINUED in note for note in found["notes"])
    if workers == 1:
        assert found["record"] == found["whole"]


def test_the_process_is_killed_while_two_workers_run(tmp_path) -> None:
    found = rounds(tmp_path, "random", 2, "kill", 12, 150)
    assert found["codes"].count(-9) >= 6
    assert found["progress"] >= 4
    for lost in found["lost"]:
        assert len(set(lost)) <= 2
    assert_complete(found, 150)
    assert all(row[1] == "complete" for row in found["record"])
    assert set(found["ended"]) == set(range(150))
    assert all(note.endswith(RESUMED) for note in found["notes"])


def test_workers_are_killed_at_20_random_moments(tmp_path) -> None:
    found = rounds(tmp_path, "random", 2, "workers", 20, 500)
    assert found["codes"] == [0]
    assert found["n_killed"] >= 15
    assert found["before_the_last"] == 500  # nothing was left to resume
    assert_complete(found, 500)
    failed = {row[0]: row[7] for row in found["record"] if row[1] == "failed"}
    assert 0 < len(failed) <= found["n_killed"]
    assert set(failed.values()) == {"the worker process died (signal 9)"}
    complete = {row[0] for row in found["record"] if row[1] == "complete"}
    assert complete | set(failed) == set(range(500))
    assert complete <= set(found["ended"])
