"""Intervals over problems and seeds: for new problems, or for new seeds of these."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpbridge.analysis.statistics.hierarchy import (
    hierarchical_band,
    hierarchical_bootstrap,
    problem_means,
    these_problems,
)
from hpbridge.analysis.statistics.intervals import bootstrap_mean

RUNS = 2000


def drawn(rng, problems, seeds, between, within):
    """Return scores whose mean over problems and seeds is 0."""
    return rng.normal(0, between, (problems, 1)) + rng.normal(
        0, within, (problems, seeds)
    )


@pytest.mark.parametrize(
    ("problems", "seeds", "between", "within"),
    [(5, 3, 1.0, 0.5), (10, 5, 1.0, 1.0), (12, 3, 0.1, 1.0), (30, 3, 1.0, 0.3)],
)
def test_the_interval_for_new_problems_holds_as_often_as_it_says(
    problems, seeds, between, within
):
    rng = np.random.default_rng(problems)
    held = 0
    for _ in range(RUNS):
        scores = drawn(rng, problems, seeds, between, within)
        held += hierarchical_bootstrap(scores, draws=200).holds(0.0)
    assert held / RUNS == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(("problems", "seeds"), [(3, 5), (10, 3)])
def test_the_interval_for_new_seeds_holds_the_mean_of_these_problems(problems, seeds):
    rng = np.random.default_rng(seeds)
    of_each = rng.normal(0, 5, (problems, 1))
    held = 0
    for _ in range(RUNS):
        noise = rng.normal(0, 1 + np.arange(problems)[:, None] / 3, (problems, seeds))
        held += these_problems(of_each + noise).holds(float(of_each.mean()))
    assert held / RUNS == pytest.approx(0.95, abs=0.02)


def test_of_one_problem_new_seeds_have_the_interval_of_a_mean():
    scores = np.random.default_rng(0).random(10)
    assert these_problems(scores[None]) == bootstrap_mean(scores)


def test_runs_that_are_not_there_are_left_out_with_their_problem():
    scores = np.random.default_rng(0).random((7, 4))
    more = np.full((9, 6), np.nan)
    more[1:8, 1:5] = scores
    alone = hierarchical_bootstrap(scores)
    found = hierarchical_bootstrap(more)
    assert found.value == pytest.approx(alone.value)
    assert found.low == pytest.approx(alone.low, abs=0.05)
    assert np.isnan(problem_means(more)[[0, 8]]).all()
    assert these_problems(more).low == pytest.approx(these_problems(scores).low)


def test_two_problems_or_two_seeds_have_no_interval_and_say_so():
    assert "2 problems" in (hierarchical_bootstrap(np.ones((2, 5))).why_none or "")
    assert "fewer than 3 runs" in (these_problems(np.ones((5, 2))).why_none or "")
    assert math.isnan(hierarchical_bootstrap(np.ones((0, 5))).value)
    failed = hierarchical_bootstrap(np.where(np.eye(6) > 0, np.inf, 1.0))
    assert failed.why_none == "a failed run has no size to average"


def test_of_curves_each_point_has_about_the_interval_of_its_own():
    curves = np.random.default_rng(0).random((10, 4, 3))
    band = hierarchical_band(curves)
    for trial in range(3):
        alone = hierarchical_bootstrap(curves[:, :, trial])
        assert band.value[trial] == pytest.approx(alone.value)
        assert band.low[trial] == pytest.approx(alone.low, abs=0.03)
