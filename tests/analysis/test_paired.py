"""Corrected comparisons over folds, against `baycomp` and simulated data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbridge.analysis.paired import difference, interval, ratio_of

SCORES = st.lists(st.floats(0, 1), min_size=2, max_size=30)


@given(SCORES, st.integers(0, 2**32 - 1), st.floats(0, 0.2))
def test_the_posterior_is_that_of_baycomp(scores, seed, region):
    # It brings a package `tests`, which would stand before ours: .ci/run has it alone.
    baycomp = pytest.importorskip("baycomp", reason="baycomp is not installed")
    drawn = np.random.default_rng(seed).normal(0, 0.1, len(scores))
    other = [a + float(b) for a, b in zip(scores, drawn, strict=True)]
    ours = difference(scores, other, 1 / (len(scores) - 1), region=region)
    theirs = baycomp.two_on_single(np.array(other), np.array(scores), rope=region)
    theirs = theirs if len(theirs) == 3 else (theirs[0], 0.0, theirs[1])
    assert (ours.p_worse, ours.p_same, ours.p_better) == pytest.approx(theirs, abs=1e-9)


def test_the_interval_of_ten_times_ten_folds_covers_as_often_as_it_says():
    # Means of folds that share their training rows: correlated by the ratio.
    rng = np.random.default_rng(0)
    k, ratio = 10, 1 / 9
    rho = ratio / (1 + ratio)
    covered = 0
    for _ in range(2000):
        shared = rng.normal(0, math.sqrt(rho))
        scores = 0.3 + shared + rng.normal(0, math.sqrt(1 - rho), k)
        low, high = interval(list(scores), ratio)
        covered += low <= 0.3 <= high
    assert covered / 2000 == pytest.approx(0.95, abs=0.015)


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
