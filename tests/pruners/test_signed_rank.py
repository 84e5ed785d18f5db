"""The signed-rank test's p is scipy's, to the last bit."""

from __future__ import annotations

import random

import pytest
from scipy import stats

from hpbridge.pruners.signed_rank import signed_rank_p


@pytest.mark.parametrize("side", ["less", "greater"])
@pytest.mark.parametrize(
    ("digits", "sizes", "count"),
    [(6, range(2, 61), 200), (1, range(2, 7), 60), (0, range(2, 7), 60), (0, [14], 9)],
    ids=["unequal", "few-equal", "many-equal", "more"],
)
def test_p_is_scipys_own(digits, sizes, count, side):
    rng = random.Random(count)
    for _ in range(count):
        given = [round(rng.gauss(0, 1), digits) for _ in range(rng.choice(sizes))]
        theirs = stats.wilcoxon(given, alternative=side, zero_method="zsplit").pvalue
        assert signed_rank_p(given, side) == float(theirs), given


def test_many_equal_differences_are_counted_at_once():
    zeros = [0.0] * 6
    assert signed_rank_p([1.0] * 7 + zeros, "greater") == 2**-7
    assert signed_rank_p(zeros, "greater") == 1.0
