"""How many problems or seeds a verdict takes: checked by drawing that many."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hpbridge.analysis.statistics.power import (
    power_of,
    problems_needed,
    seeds_needed,
)

RUNS = 2000


def exactly(mean, deviation, n=40):
    """Return values of exactly this mean and deviation."""
    values = np.random.default_rng(0).normal(size=n)
    values = (values - values.mean()) / values.std(ddof=1)
    return mean + deviation * values


@pytest.mark.parametrize("effect", [0.3, 0.6, 1.2])
@pytest.mark.parametrize("alpha", [0.05, 0.005])
def test_so_many_problems_find_the_difference_four_times_in_five(effect, alpha):
    needed = problems_needed(exactly(effect * 3, 3.0), alpha=alpha)
    drawn = np.random.default_rng(1).normal(effect, 1, (RUNS, needed.n))
    found = stats.ttest_1samp(drawn, 0, axis=1).pvalue < alpha
    assert found.mean() == pytest.approx(needed.power, abs=0.03)
    assert 0.75 <= found.mean() <= 0.9
    signed = stats.wilcoxon(drawn, axis=1).pvalue < alpha
    assert 0.7 <= signed.mean() <= 0.9


def test_so_many_seeds_find_the_difference_of_one_problem():
    needed = seeds_needed(exactly(-0.5, 1.0))
    drawn = np.random.default_rng(1).normal(-0.5, 1, (RUNS, needed.n))
    found = stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05
    assert 0.75 <= found.mean() <= 0.9


def test_so_many_seeds_of_these_problems_find_the_difference_over_them():
    problems, between, within = 12, 0.5, 3.0
    rng = np.random.default_rng(2)
    noise = rng.normal(0, within, (problems, 200))
    noise -= noise.mean(axis=1, keepdims=True)
    needed = seeds_needed(exactly(0.6, between, problems)[:, None] + noise)
    means = rng.normal(0.6, between, (RUNS, problems))
    means += rng.normal(0, within / math.sqrt(needed.n), means.shape)
    found = stats.ttest_1samp(means, 0, axis=1).pvalue < 0.05
    assert 0.75 <= found.mean() <= 0.9


def test_where_none_suffices_it_says_why():
    assert "no difference" in (problems_needed([1.0, -1.0, 0.0]).why_none or "")
    assert "more than 10,000" in (problems_needed(exactly(0.001, 1.0)).why_none or "")
    apart = exactly(0.1, 1.0, 6)[:, None] + np.zeros((6, 4))
    assert "more problems" in (seeds_needed(apart).why_none or "")
    assert "fewer than 3 problems" in (problems_needed([1.0, 2.0]).why_none or "")
    assert "fewer than 3 seeds" in (seeds_needed([[1.0, 2.0]]).why_none or "")


def test_a_difference_without_spread_takes_two():
    assert problems_needed([1.0, 1.0, 1.0]).n == 2
    assert power_of(1, 5.0) == 0.0
    assert power_of(2000, 5.0) == 1.0
