from __future__ import annotations

import os

import pytest

import hpbridge as hpb
from hpbridge.drivers import cores
from hpbridge.drivers.cores import VARIABLES, in_words, limits_of, n_cores, threads_of


def test_one_worker_is_left_to_its_libraries_and_several_share_the_cores(monkeypatch):
    monkeypatch.setattr(cores, "n_cores", lambda: 8)
    assert [threads_of(k) for k in (1, 2, 3, 8, 20)] == [None, 4, 2, 1, 1]
    assert threads_of(1, 5) == threads_of(20, 5) == 5


def test_as_many_cores_as_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(cores, "_quota", lambda: None)
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))
        assert n_cores() == 6
        monkeypatch.delattr(os, "sched_getaffinity")
    assert n_cores() == 64
    monkeypatch.setattr(cores, "_quota", lambda: 2.5)
    assert n_cores() == 3


@pytest.mark.parametrize(
    ("text", "expected"), [("250000 100000", 2.5), ("max 100000", None), ("", None)]
)
def test_a_container_says_how_many_it_may_use(text, expected, monkeypatch, tmp_path):
    limit = tmp_path / "cpu.max"
    limit.write_text(text)
    monkeypatch.setattr(cores, "_CGROUP_2", str(limit))
    assert cores._quota() == expected


def test_an_older_container_says_it_in_two_files(monkeypatch, tmp_path):
    monkeypatch.setattr(cores, "_CGROUP_2", str(tmp_path / "none"))
    monkeypatch.setattr(cores, "_CGROUP_1", str(tmp_path / "cpu.{}"))
    assert cores._quota() is None
    (tmp_path / "cpu.period").write_text("100000")
    for quota, expected in (("150000", 1.5), ("-1", None)):
        (tmp_path / "cpu.quota").write_text(quota)
        assert cores._quota() == expected


def test_what_the_environment_says_counts_more_than_a_share():
    assert limits_of(None, None, {}) == {}
    assert limits_of(2, None, {}) == dict.fromkeys(VARIABLES, "2")
    found = limits_of(2, None, {"MKL_NUM_THREADS": "7"})
    assert "MKL_NUM_THREADS" not in found
    assert set(found.values()) == {"2"}
    found = limits_of(2, None, {"OMP_NUM_THREADS": "7"})
    assert "OMP_NUM_THREADS" not in found
    assert set(found.values()) == {"7"}  # as they would without us
    assert limits_of(2, 2, {"OMP_NUM_THREADS": "7"}) == dict.fromkeys(VARIABLES, "2")


def test_it_is_said_in_words(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cores, "n_cores", lambda: 8)
    assert in_words(1) == []
    (said,) = in_words(4)
    assert said.startswith("4 workers on 8 cores: BLAS, OpenMP, PyTorch and others")
    assert "start 2 threads in each" in said
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert in_words(4)[1] == "What the environment says counts more: OMP_NUM_THREADS."


def tells(trial):
    found = {name.lower(): float(os.environ[name]) for name in VARIABLES}
    return {"value": trial["x"], **found}


def run(**settings):
    e = hpb.Experiment(objective=tells, space={"x": hpb.Float(0, 1)})
    return hpb.run(e, "random", n_trials=2, seed=0, store=":memory:", **settings)


def test_a_worker_has_its_share_and_the_record_says_so(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    study = run(workers=2)
    share = max(n_cores() // 2, 1)
    assert study.machine["threads_per_worker"] == share
    for trial in study.trials:
        assert {v for n, v in trial.metrics.items() if n != "value"} == {share}
    study = run(workers=1, threads_per_worker=3)
    assert study.machine["threads_per_worker"] == 3
    assert study.settings["threads_per_worker"] == 3
    for trial in study.trials:
        assert trial.worker != "main"
        assert trial.metrics["numexpr_num_threads"] == 3
    assert "threads_per_worker" not in run_here().machine


def run_here():
    e = hpb.Experiment(objective=lambda t: t["x"], space={"x": hpb.Float(0, 1)})
    return hpb.run(e, "random", n_trials=1, seed=0, store=":memory:")
