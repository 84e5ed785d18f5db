from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.learning.ranges import widened

F, N = hpb.Float, hpb.Int


@pytest.mark.parametrize(
    ("known", "other", "widest"),
    [
        (F(0, 1), F(0, 1), F(0, 1)),
        (F(0, 1), F(-1, 0.5), F(-1, 1)),
        (F(1e-3, 1, log=True), F(1e-5, 1e-2, log=True), F(1e-5, 1, log=True)),
        (F(0, 1, step=0.25), F(0, 2, step=0.25), F(0, 2, step=0.25)),
        # Another start of the grid has other last bits.
        (F(0, 1, step=0.25), F(0.25, 2, step=0.25), F(0, 2)),
        (F(0, 1, step=0.25), F(0, 1, step=0.5), F(0, 1)),
        (N(1, 5), N(3, 9), N(1, 9)),
        (N(1, 9, step=2), N(3, 11, step=2), N(1, 11, step=2)),
        (N(1, 9, step=2), N(2, 10, step=2), N(1, 10)),
        (N(3, 3), N(1, 9, step=2), N(1, 9, step=2)),
        (N(1, 5), F(1, 5), None),
        (F(1, 5), F(1, 5, log=True), None),
        (hpb.Categorical([1, 2]), hpb.Categorical([1, 2, 3]), None),
        (hpb.Categorical([1, 2]), hpb.Categorical([1, 2]), hpb.Categorical([1, 2])),
    ],
)
def test_the_widest_range_holds_both(known, other, widest):
    assert widened(known, other) == widest
    if widest is not None:
        assert widened(widest, other) is widest
        assert widened(widest, known) is widest
