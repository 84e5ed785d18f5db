"""Against ioh itself, and against the optima that it states."""

from __future__ import annotations

import pickle

import ioh
import numpy as np
import pytest

import hpbridge as hpb
from hpbridge.bench.suites import bbob
from hpbridge.contract.registry import registry


@pytest.fixture(scope="module")
def problems():
    return registry().suite("bbob").problems()


def at(problem, point):
    params = {f"x{k}": x for k, x in enumerate(point)}
    return problem.make().objective(hpb.Trial(params, number=0, seed=0))


def test_every_function_is_there_in_every_dimension_and_instance(problems):
    names = [each.name for each in problems]
    assert len(names) == len({*names}) == 24 * 3 * 3
    assert names[0] == "bbob_f01_i01_d02"
    assert "bbob_f24_i03_d10" in names
    few = [each.name for each in registry().suite("bbob-small").problems()]
    assert len(few) == 7 * 3 * 3
    assert {*few} < {*names}


def test_values_are_those_of_the_package(problems):
    rng = np.random.default_rng(0)
    for problem in problems:
        function, instance, dimension = (
            int(part[1:]) for part in problem.name.split("_")[1:]
        )
        theirs = ioh.get_problem(function, instance, dimension, ioh.ProblemClass.BBOB)
        for point in rng.uniform(-5, 5, (5, dimension)).tolist():
            assert at(problem, point) == theirs(point)


def test_the_optimum_is_reached_where_it_is_and_undercut_nowhere(problems):
    rng = np.random.default_rng(1)
    for problem in problems:
        function, instance, dimension = (
            int(part[1:]) for part in problem.name.split("_")[1:]
        )
        theirs = ioh.get_problem(function, instance, dimension, ioh.ProblemClass.BBOB)
        best = np.array(theirs.optimum.x)
        assert at(problem, best.tolist()) == pytest.approx(problem.optimum, abs=1e-9)
        for point in rng.normal(best, 0.1, (5, dimension)).clip(-5, 5).tolist():
            assert at(problem, point) >= problem.optimum


def test_it_says_to_which_group_a_function_belongs(problems):
    kinds = {each.name[5:8]: each.kinds for each in problems}
    assert kinds["f05"] == {"continuous", "separable"}
    assert kinds["f20"] == {"continuous", "weakly-structured"}
    assert {problem.n_trials for problem in problems} == {40, 100, 200}


def test_another_process_gets_it_by_value(problems):
    experiment = problems[0].make()
    again = pickle.loads(pickle.dumps(experiment.objective))
    assert again == bbob.Bbob(function=1, instance=1, dimension=2)


def test_a_study_of_it_runs(problems, tmp_path):
    problem = next(each for each in problems if each.name == "bbob_f08_i02_d05")
    study = hpb.run(
        problem.make(), backend="random", n_trials=20, seed=0, store=tmp_path / "s.db"
    )
    assert study.experiment == problem.name
    assert study.best_trial.metrics["value"] >= problem.optimum
