from __future__ import annotations

import math
import pickle
import random
import statistics

import pytest

from hpbridge.bench.suites import analytic, fast_and_full
from hpbridge.trial import Trial, trial_seed

X6 = (0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730053)

OPTIMA = [
    (analytic.BRANIN, {"x": math.pi, "y": 2.275}),
    (analytic.BRANIN, {"x": -math.pi, "y": 12.275}),
    (analytic.BRANIN, {"x": 3 * math.pi, "y": 2.475}),
    (analytic.HARTMANN6, {f"x{k}": x for k, x in enumerate(X6)}),
    (analytic.ROSENBROCK4, {f"x{k}": 1.0 for k in range(4)}),
    (analytic.RASTRIGIN10, {f"x{k}": 0.0 for k in range(10)}),
    (analytic.ACKLEY_MIXED, {"u": 0.7, "v": -1.3, "i": 2, "j": -3, "c": "b"}),
    (
        analytic.TREE,
        {
            "model": "net",
            "lr": 10**-2.5,
            "layers": 3,
            "units": 64,
            "activation": "relu",
        },
    ),
    (analytic.NOISY_BOWL, {"x": 0.3, "y": -0.4}),
    (analytic.COSTED_NET, {"lr": 10**-2.5, "units": 1024, "layers": 3}),
    (analytic.CURVE, {"lr": analytic.BEST_RATE, "dropout": 0.2}),
]


def value_at(problem, point, seed=0) -> float:
    found = problem.make().objective(Trial(point, number=0, seed=seed))
    if not isinstance(found, dict):
        return found
    return found[problem.scored_by or "f1"]


@pytest.mark.parametrize(("problem", "at"), OPTIMA, ids=lambda each: str(each)[:40])
def test_the_optimum_is_where_it_is_known_to_be(problem, at) -> None:
    assert value_at(problem, at) == pytest.approx(problem.optimum, abs=1e-8)


@pytest.mark.parametrize(
    "problem", {p.name: p for p, _ in OPTIMA}.values(), ids=lambda p: p.name
)
def test_no_point_of_many_is_better_than_the_optimum(problem) -> None:
    experiment, rng = problem.make(), random.Random(0)
    points = (experiment.space.sample(rng) for _ in range(10_000))
    trials = (Trial(each, number=0, seed=0) for each in points)
    found = [experiment.objective(trial) for trial in trials]
    scored = problem.scored_by
    values = [each[scored] for each in found] if scored else found
    assert min(values) >= problem.optimum - 1e-9


@pytest.mark.parametrize(
    ("problem", "mean", "sd"),
    [(analytic.BRANIN, 0.65, 0.25), (analytic.HARTMANN6, -2.28, 0.37)],
    ids=["branin", "hartmann6"],
)
def test_random_search_is_as_good_as_theory_says(problem, mean, sd) -> None:
    # Means and standard deviations of the least of 200 uniform points.
    experiment, rng, n = problem.make(), random.Random(1), 100
    ranges = [(n, p.low, p.high) for n, p in experiment.space.searched.items()]

    def draw() -> float:
        point = {name: rng.uniform(low, high) for name, low, high in ranges}
        return experiment.objective(point)

    bests = [min(draw() for _ in range(200)) for _ in range(n)]
    assert statistics.fmean(bests) == pytest.approx(mean, abs=3 * sd / math.sqrt(n))
    assert statistics.stdev(bests) == pytest.approx(sd, rel=0.35)


def test_the_front_has_the_largest_hypervolume() -> None:
    from hpbridge.analysis.statistics.hypervolume import hypervolume

    problem, experiment = analytic.ZDT1_5, analytic.ZDT1_5.make()
    n = 2000
    points = [
        [*experiment.objective({"x0": k / n, **dict.fromkeys(REST, 0.0)}).values()]
        for k in range(n + 1)
    ]
    import numpy as np

    volume = hypervolume(np.array(points), problem.reference_point)
    assert volume == pytest.approx(problem.optimum, abs=1e-3)
    assert volume <= problem.optimum


REST = ["x1", "x2", "x3", "x4"]


def test_noise_is_of_the_seed_alone_and_as_large_as_said() -> None:
    point = {"x": 0.3, "y": -0.4}
    objective = analytic.NOISY_BOWL.make().objective
    trials = [Trial(point, number=k, seed=trial_seed(7, k)) for k in range(2000)]
    values = [objective(trial)["value"] for trial in trials]
    assert values == [objective(trial)["value"] for trial in trials]
    assert statistics.stdev(values) == pytest.approx(analytic.NOISE, rel=0.06)
    assert statistics.fmean(values) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("problem", fast_and_full.full(), ids=lambda p: p.name)
def test_a_problem_is_what_it_says(problem) -> None:
    experiment = problem.make()
    assert experiment.name == problem.name
    assert len(experiment.space.searched) == problem.dimension
    assert pickle.loads(pickle.dumps(experiment.objective)) is experiment.objective
    several = len(experiment.metrics) > 1
    assert (problem.reference_point is not None) == several
