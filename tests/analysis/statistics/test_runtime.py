"""Expected running times and their ECDF."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpbridge.analysis.statistics.runtime import (
    ert,
    ert_interval,
    first_hits,
    runtime_ecdf,
)

RUNS = 2000


def test_the_first_hit_is_the_trial_that_reaches_the_target():
    best = [[5.0, 3.0, 1.0], [np.nan, np.inf, 3.0], [9.0, 9.0, 9.0]]
    assert first_hits(best, 3.0).tolist() == [2.0, 3.0, pytest.approx(np.nan, nan_ok=1)]


def test_runs_that_do_not_hit_have_spent_their_budget():
    assert ert([10, 20, np.nan], 50) == 40.0
    assert ert([np.nan], 50) == math.inf
    assert math.isnan(ert([], 50))


def test_too_few_runs_that_hit_have_no_interval_and_say_so():
    found = ert_interval([10, 20, np.nan, np.nan, np.nan], 50)
    assert found.value == 90.0
    assert math.isnan(found.low)
    assert found.why_none == "2 of 5 runs reach it; it takes 3 of 10"


def test_the_interval_of_the_running_time_holds_as_often_as_it_says():
    rng = np.random.default_rng(0)
    times = rng.geometric(0.02, (RUNS, 10)).astype(float)
    found = [ert_interval(hits, 50) for hits in np.where(times <= 50, times, np.nan)]
    held = [one.holds(1 / 0.02) for one in found if one.why_none is None]
    assert len(held) > 0.9 * RUNS
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_the_ecdf_counts_targets_as_a_loop_does():
    rng = np.random.default_rng(0)
    best = np.minimum.accumulate(rng.exponential(size=(4, 5, 9)), axis=-1)
    best[0, 0, :3], best[1, 2] = np.inf, np.nan
    optimum, targets = np.array([0.0, -0.1, 0.2, np.nan]), [1.0, 0.1, 0.3]
    slow = [
        [
            np.mean([row[t] - low <= one for row in runs for one in targets])
            for t in range(9)
        ]
        for runs, low in zip(
            [best[0], np.delete(best[1], 2, axis=0), best[2]], optimum[:3], strict=True
        )
    ]
    found = runtime_ecdf(best, optimum, targets)
    np.testing.assert_allclose(found, np.mean(slow, axis=0), atol=1e-12)
