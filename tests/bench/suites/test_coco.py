"""Against coco-experiment itself, and against the best points that it writes down."""

from __future__ import annotations

import cocoex
import numpy as np
import pytest

import hpbridge as hpb
from hpbridge.bench.suites.coco import BIOBJ, CONSTRAINED, DIMENSIONS, INSTANCES, MIXINT
from hpbridge.contract.registry import registry

SIZES = {MIXINT: 24 * 2 * 3, CONSTRAINED: 54 * 2, BIOBJ: 55 * 2}


@pytest.fixture(scope="module", params=SIZES)
def suite(request):
    return request.param


@pytest.fixture(scope="module")
def problems(suite):
    return registry().suite(suite).problems()


@pytest.fixture(scope="module")
def theirs(suite):
    chosen = f"dimensions: {DIMENSIONS[suite]} instance_indices: {INSTANCES[suite]}"
    package = cocoex.Suite(suite, "", chosen)
    return {name: package.get_problem(name) for name in package.ids()}


def at(problem, params):
    return problem.make().objective(hpb.Trial(params, number=0, seed=0))


def drawn(space, rng):
    return {
        name: int(rng.integers(each.low, each.high + 1))
        if isinstance(each, hpb.Int)
        else float(rng.uniform(each.low, each.high))
        for name, each in space.items()
    }


def test_names_are_those_of_the_package(suite, problems, theirs):
    assert [each.name for each in problems] == [*theirs]
    assert len(problems) == SIZES[suite]
    assert {each.n_trials // each.dimension for each in problems} == {20}


def test_values_are_those_of_the_package(suite, problems, theirs):
    rng = np.random.default_rng(0)
    for problem in problems:
        package, experiment = theirs[problem.name], problem.make()
        for _ in range(3):
            params = drawn(experiment.space, rng)
            point = [*params.values()]
            found = at(problem, params)
            if suite == MIXINT:
                assert found == package(point)
            elif suite == CONSTRAINED:
                assert found.pop("f") == package(point)
                assert [*found.values()] == package.constraint(point).tolist()
            else:
                assert [found["f1"], found["f2"]] == package(point).tolist()


def test_spaces_are_those_of_the_package(suite, problems, theirs):
    for problem in problems:
        package, space = theirs[problem.name], problem.make().space
        assert len(space) == problem.dimension == package.dimension
        wide = 20 if suite == BIOBJ else 1  # as the module says
        assert [each.low * wide for each in space.values()] == [*package.lower_bounds]
        assert [each.high * wide for each in space.values()] == [*package.upper_bounds]
        whole = sum(isinstance(each, hpb.Int) for each in space.values())
        assert whole == package.number_of_integer_variables


def test_the_optimum_is_that_of_the_point_that_the_package_writes_down(
    suite, problems, theirs, tmp_path, monkeypatch
):
    if suite == BIOBJ:
        assert {each.optimum for each in problems} == {None}
        return
    monkeypatch.chdir(tmp_path)
    for problem in problems:
        theirs[problem.name]._best_parameter("print")
        (written,) = tmp_path.iterdir()
        point = np.loadtxt(written).tolist()
        written.unlink()
        space = problem.make().space
        params = {
            name: int(x) if isinstance(each, hpb.Int) else x
            for (name, each), x in zip(space.items(), point, strict=True)
        }
        found = at(problem, params)
        value = found if suite == MIXINT else found.pop("f")
        assert problem.optimum == pytest.approx(value, abs=1e-9)
        if suite == CONSTRAINED:
            assert max(found.values()) <= 1e-9


def test_the_reference_point_is_the_nadir_of_the_package(suite, problems, theirs):
    for problem in problems:
        if suite == BIOBJ:
            nadir = theirs[problem.name].largest_fvalues_of_interest
            assert problem.reference_point == tuple(nadir)
        else:
            assert problem.reference_point is None


def test_a_study_runs_and_leaves_no_file(suite, problems, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    # The last is of five dimensions or more; under 31 constraints where it has any.
    study = hpb.run(
        problems[-1].make(), "random", n_trials=5, seed=0, store=tmp_path / "s.db"
    )
    assert [*here.iterdir()] == []
    if suite == BIOBJ:
        assert len(study.best_trials) >= 1
        return
    best = study.best_trial
    assert best.metrics["f" if suite == CONSTRAINED else "value"] > problems[-1].optimum
    if suite == CONSTRAINED:
        # Nothing that is drawn is feasible there: what COCO begins with is.
        assert (best.number, best.origin) == (0, "baseline")
