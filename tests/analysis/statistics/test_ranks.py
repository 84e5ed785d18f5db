"""Ranks within problems, and over trials against scipy's."""

from __future__ import annotations

import numpy as np
from scipy import stats

from hpbridge.analysis.statistics.ranks import (
    failed_last,
    mean_ranks,
    ranks,
    ranks_over_time,
)


def test_failed_cells_are_last_and_share_their_ranks():
    scores = [[0.1, np.nan, 0.3, np.inf], [0.2, 0.2, -np.inf, 0.1]]
    assert ranks(scores).tolist() == [[1, 3.5, 2, 3.5], [2.5, 2.5, 4, 1]]
    assert mean_ranks(scores).tolist() == [1.75, 3.0, 3.0, 2.25]


def test_ranks_over_time_are_scipys_of_each_problem_seed_and_trial():
    rng = np.random.default_rng(0)
    best = np.minimum.accumulate(rng.integers(0, 30, (7, 5, 4, 11)) / 3.0, axis=-1)
    best[rng.random(best.shape[:3]) < 0.1] = np.inf
    theirs = stats.rankdata(failed_last(best), axis=1).mean(axis=2).mean(axis=0)
    np.testing.assert_allclose(ranks_over_time(best), theirs, atol=1e-12)


def test_seeds_and_problems_without_any_run_are_left_out_of_ranks_over_time():
    best = np.array([[[[1.0, 1.0], [2.0, 2.0]], [[2.0, 0.5], [1.0, 1.0]]]])
    more = np.full((2, 2, 3, 2), np.nan)
    more[:1, :, :2] = best
    np.testing.assert_array_equal(ranks_over_time(more), ranks_over_time(best))
    assert np.isnan(ranks_over_time(more[1:])).all()
