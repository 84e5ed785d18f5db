"""Wilcoxon with Holm: signs, failed cells, a control."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hpbridge.analysis.statistics.pairwise import (
    differences,
    holm,
    least_p,
    signed_rank,
    wilcoxon_holm,
)


def test_holm_steps_down_and_leaves_out_what_was_not_tested():
    found = holm([0.01, np.nan, 0.04, 0.03])
    assert found[[0, 2, 3]].tolist() == [0.03, 0.06, 0.06]
    assert np.isnan(found[1])


def test_a_failure_is_the_greatest_difference_and_two_of_them_none():
    found = differences([np.nan, 1.0, np.inf, 3.0], [1.0, np.nan, np.nan, 1.0])
    assert found.tolist() == [np.inf, -np.inf, 0.0, 2.0]
    # As ranks go: the two infinite ones tie above the 2.
    sides = [np.nan, 1.0, np.inf, 3.0], [1.0, np.nan, np.nan, 1.0]
    assert signed_rank(*sides) == tuple(stats.wilcoxon([9, -9, 2.0]))


def test_the_row_is_better_where_the_effect_is_above_0():
    rng = np.random.default_rng(0)
    scores = rng.normal([0.0, 1.0, 1.0], 0.1, (12, 3))
    found = wilcoxon_holm(scores)
    assert found.effect[0, 1] == 1.0
    assert found.low[0, 1] == -found.high[1, 0]
    assert found.n_pairs == 3
    alone = wilcoxon_holm(scores, control=0)
    assert alone.n_pairs == 2
    assert np.isnan(alone.p[1, 2])
    assert alone.adjusted[0, 1] < found.adjusted[0, 1]


def test_where_all_tie_p_is_1():
    found = wilcoxon_holm(np.ones((6, 2)))
    assert found.p[0, 1] == found.adjusted[1, 0] == 1.0
    assert found.effect[0, 1] == 0.0


def test_the_least_p_is_that_of_a_clean_sweep():
    for n in range(1, 12):
        swept = stats.wilcoxon(np.arange(1.0, n + 1))
        assert swept.pvalue == pytest.approx(least_p(n))
