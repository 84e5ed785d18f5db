"""Friedman, Iman and Davenport, Nemenyi: what has no chance, and what is certain."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpbridge.analysis.statistics.omnibus import (
    cliques,
    critical_difference,
    friedman,
    iman_davenport,
    nemenyi,
)


def test_one_problem_or_one_optimizer_gives_no_test_and_says_so():
    assert math.isnan(friedman([[1.0, 2.0, 3.0]]).p)
    assert "one problem" in (friedman([[1.0, 2.0, 3.0]]).why_none or "")
    assert "one optimizer" in (iman_davenport([[1.0], [2.0]]).why_none or "")
    assert np.isnan(nemenyi([[1.0, 2.0]])[0, 1])


def test_where_all_tie_there_is_no_difference():
    assert friedman(np.full((6, 3), np.nan)).p == 1.0
    assert iman_davenport(np.ones((6, 3))).p == 1.0


def test_equal_ranks_everywhere_have_the_p_of_their_chance():
    found = iman_davenport(np.tile([1.0, 2.0, 3.0], (4, 1)))
    assert found.statistic == math.inf
    assert found.p == pytest.approx(6.0**-3)


def test_demsars_example():
    # Fourteen data sets, four classifiers: JMLR 7, section 3.2.2.
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


def test_cliques_are_the_largest_groups_within_the_difference():
    assert cliques([3.1, 1.0, 2.0, 4.5], 1.2) == ((1, 2), (2, 0))
    assert cliques([1.0, 2.0, 3.0], 2.5) == ((0, 1, 2),)
    assert cliques([1.0, 3.0], 0.5) == ()
