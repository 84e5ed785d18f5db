"""Normalised regret, bayesmark's score, and random search's expected best."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from hpbridge.analysis.statistics.scores import (
    bayesmark_clip,
    bayesmark_score,
    expected_min,
    normalised,
)


def test_normalised_regret_is_0_at_the_optimum_and_1_at_the_clip_and_of_failures():
    best = np.array([[[1.0, 2.0, 3.0, 9.0, np.inf, np.nan]], [[4.0] * 6]])
    found = normalised(best, [1.0, 4.0], [3.0, 4.0])
    assert found[0, 0, :5].tolist() == [0.0, 0.5, 1.0, 1.0, 1.0]
    assert math.isnan(found[0, 0, 5])
    assert np.isnan(found[1]).all()  # nothing is left to gain


def test_the_score_averages_seeds_before_problems():
    assert bayesmark_score([[0.0, 0.5], [1.0, np.nan]]) == pytest.approx(37.5)
    assert math.isnan(bayesmark_score([[np.nan]]))


def test_the_clip_is_the_median_of_what_is_there():
    clips = bayesmark_clip([[3.0, 1.0, np.nan], [1.0, np.inf, 2.0], [np.nan] * 3])
    assert clips[:2].tolist() == [2.0, 2.0]
    assert math.isnan(clips[2])


def test_the_expected_least_is_the_mean_over_all_subsets():
    pool = np.random.default_rng(0).normal(size=9)
    for m in range(1, 10):
        every = [min(drawn) for drawn in combinations(pool, m)]
        assert expected_min(pool, m) == pytest.approx(np.mean(every), abs=1e-12)
    assert expected_min([1.0, np.inf, 2.0], [1, 2]).tolist() == [
        math.inf,
        pytest.approx(4 / 3),
    ]
    with pytest.raises(ValueError, match="from 1 to the size of the pool, 2"):
        expected_min([1.0, 2.0], 3)
