"""Hypervolumes against Optuna's, of random fronts with ties and failed trials."""

from __future__ import annotations

import numpy as np
import pytest
from optuna._hypervolume import compute_hypervolume

from hpbridge.analysis.statistics.hypervolume import (
    front,
    hypervolume,
    hypervolume_over_trials,
)


def drawn(rng, shape):
    """Return points on a coarse grid, so that many tie, some beyond the reference."""
    points = rng.integers(0, 12, size=shape) / 10
    points[rng.random(shape[:-1]) < 0.1] = np.nan
    return points


@pytest.mark.parametrize("objectives", [2, 3, 4, 5])
def test_the_volume_after_each_trial_is_that_of_the_front_so_far(objectives):
    rng = np.random.default_rng(objectives)
    reference = np.ones(objectives)
    runs = drawn(rng, (30, 15, objectives))
    found = hypervolume_over_trials(runs, reference)
    for run, volumes in zip(runs, found, strict=True):
        for trial in range(15):
            so_far = run[: trial + 1]
            inside = so_far[(so_far <= 1).all(axis=1)]
            theirs = compute_hypervolume(inside, reference) if len(inside) else 0.0
            assert volumes[trial] == pytest.approx(theirs, abs=1e-12)
            assert hypervolume(so_far, reference) == pytest.approx(theirs, abs=1e-12)


def test_the_front_is_what_no_other_point_dominates():
    points = [[1, 3], [2, 2], [2, 2], [3, 3], [np.nan, 0], [3, 1], [1, 4]]
    assert front(points).tolist() == [True, True, False, False, False, True, False]


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_the_front_of_many_points_is_that_of_every_pair(objectives):
    rng = np.random.default_rng(objectives)
    for n in (0, 1, 7, 60):
        points = drawn(rng, (n, objectives))
        points[rng.random(n) < 0.1] = np.inf
        known = np.isfinite(points).all(axis=1)
        for index, chosen in enumerate(front(points)):
            others = points[known & (np.arange(n) != index)]
            beaten = (others <= points[index]).all(axis=1)
            beaten &= (others != points[index]).any(axis=1)
            first = not (points[:index] == points[index]).all(axis=1).any()
            assert chosen == (known[index] and first and not beaten.any())


def test_points_beyond_the_reference_add_nothing():
    assert hypervolume([[2.0, 0.0], [1.0, 0.5], [np.inf, 0.1]], [1.0, 1.0]) == 0.0
    assert hypervolume(np.empty((0, 3)), [1.0, 1.0, 1.0]) == 0.0
