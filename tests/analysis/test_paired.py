"""Corrected comparisons over folds, against `baycomp` and simulated data."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpbridge.analysis.paired import difference, interval, pairs_of, ratio_of

RUNS = 2000


def test_the_posterior_is_that_of_baycomp_where_folds_tie_and_fail():
    # It brings a package `tests`, which would stand before ours: .ci/run has it alone.
    baycomp = pytest.importorskip("baycomp", reason="baycomp is not installed")
    rng = np.random.default_rng(0)
    for number in range(1000):
        scores = rng.random((2, rng.integers(4, 30)))
        if number % 2:
            scores = np.round(scores, 1)
        if number % 3:
            scores[rng.random(scores.shape) < 0.1] = np.nan
        pairs = pairs_of(*scores.tolist())
        if len(pairs) < 2:
            continue
        first, second = np.array(pairs).T
        region = rng.uniform(0, 0.2) * bool(number % 5)
        ours = difference(first, second, 1 / (len(pairs) - 1), region=region)
        theirs = baycomp.two_on_single(second, first, rope=region)
        theirs = theirs if len(theirs) == 3 else (theirs[0], 0.0, theirs[1])
        found = ours.p_worse, ours.p_same, ours.p_better
        assert found == pytest.approx(theirs, abs=1e-12)


def test_the_interval_of_ten_times_ten_folds_covers_as_often_as_it_says():
    # Means of folds that share their training rows: correlated by the ratio.
    rng = np.random.default_rng(0)
    k, ratio = 10, 1 / 9
    rho = ratio / (1 + ratio)
    covered = 0
    for _ in range(RUNS):
        shared = rng.normal(0, math.sqrt(rho))
        scores = 0.3 + shared + rng.normal(0, math.sqrt(1 - rho), k)
        low, high = interval(list(scores), ratio)
        covered += low <= 0.3 <= high
    assert covered / RUNS == pytest.approx(0.95, abs=0.015)


def test_one_fold_has_no_interval_and_says_so():
    found = difference([0.9], [0.8], 0.25)
    assert found.mean == pytest.approx(0.1)
    assert math.isnan(found.low)
    assert found.why_none == "one fold says nothing of its own chance"


def test_equal_scores_are_the_same_for_sure():
    found = difference([0.5, 0.6], [0.5, 0.6], 1.0)
    assert (found.p_better, found.p_same, found.p_worse) == (0.0, 1.0, 0.0)
    assert not found.is_sure


def test_the_ratio_is_that_of_the_folds():
    assert ratio_of([[80, 20]] * 5) == 0.25
