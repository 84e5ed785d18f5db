"""The probability that a run is better than another's, and how sure that is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hpbridge.analysis.statistics import beats
from hpbridge.analysis.statistics.beats import (
    p_beats,
    p_beats_of_problems,
    p_beats_over_problems,
    p_beats_over_time,
)

RUNS = 2000


@pytest.mark.parametrize("n", [5, 10, 30])
@pytest.mark.parametrize(("shift", "spread"), [(0.0, 1.0), (1.0, 1.0), (2.0, 2.0)])
def test_the_interval_holds_the_truth_as_often_as_it_says(n, shift, spread):
    rng = np.random.default_rng(n)
    first = rng.normal(size=(RUNS, n))
    second = rng.normal(shift, spread, (RUNS, n))
    truth = stats.norm.cdf(shift / math.hypot(1, spread))
    band = beats._band(first, second, 0.95)
    held = ((band.low <= truth) & (truth <= band.high)).mean()
    assert held == pytest.approx(0.95, abs=0.025)


def test_the_probability_is_that_of_mann_and_whitney_with_failures_last():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, 8) / 1.0, rng.integers(0, 5, 6) / 1.0
    u = stats.mannwhitneyu(second, first).statistic
    assert p_beats(first, second).value == pytest.approx(u / 48)
    assert p_beats([1.0] * 4, [np.nan] * 4).value == 1.0
    assert p_beats([np.inf] * 4, [np.nan] * 4).value == 0.5


def test_a_clean_sweep_is_not_certainty():
    found = p_beats([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
    assert found.value == found.high == 1.0
    assert 0.6 < found.low < 0.75


def test_three_runs_have_no_interval_and_say_so():
    found = p_beats([1, 2, 3], [4, 5, 6, 7])
    assert (found.value, found.why_none) == (1.0, "3 runs; it takes 4 of each")
    assert math.isnan(found.low)
    assert math.isnan(p_beats([], [1.0]).value)


def test_over_problems_the_problem_is_the_unit_and_of_one_the_runs_are():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(8, 5)), rng.normal(1, 1, (8, 5))
    first[0, 1], second[3] = np.nan, np.nan
    of_each = p_beats_of_problems(first, second)
    assert math.isnan(of_each[3])
    assert of_each[0] == p_beats(np.delete(first[0], 1), second[0]).value
    found = p_beats_over_problems(first, second)
    assert found.value == pytest.approx(np.nanmean(of_each))
    assert found.low < found.value < found.high
    assert p_beats_over_problems(first[1:2], second[1:2]) == p_beats(
        first[1], second[1]
    )
    assert "2 problems" in (p_beats_over_problems(first[:2], second[:2]).why_none or "")


@pytest.mark.parametrize("problems", [1, 2, 6])
def test_over_time_each_trial_has_what_it_has_alone(problems):
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, problems, 7, 3))
    band = p_beats_over_time(first, second)
    for trial in range(3):
        alone = p_beats_over_problems(first[..., trial], second[..., trial])
        assert band.value[trial] == pytest.approx(alone.value)
        assert band.low[trial] == pytest.approx(alone.low, abs=0.03, nan_ok=True)
