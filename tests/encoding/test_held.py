from __future__ import annotations

import math

from hpbridge.encoding.held import Held

BAD = [("a", math.nan), ("b", math.inf), ("c", -math.inf)]


def test_what_is_not_finite_waits_for_the_first_value_that_is():
    held = Held()
    assert held.settle(BAD, known=[]) == ([], [])
    assert len(held) == 3
    finite, late = held.settle([("d", 2.0)], known=[])
    assert finite == [("d", 2.0)]
    assert late == [("a", 2.0), ("b", 2.0), ("c", 2.0)]
    assert len(held) == 0


def test_it_gets_the_worst_value_so_far_and_minus_infinity_the_best():
    finite, late = Held().settle([*BAD, ("d", 5.0)], known=[1.0, 9.0], n_missing=0)
    assert finite == [("d", 5.0)]
    assert late == [("a", 9.0), ("b", 9.0), ("c", 1.0)]


def test_it_waits_until_the_model_has_its_number_of_values():
    held = Held()
    assert held.settle([*BAD, ("d", 5.0)], [7.0], n_missing=2) == ([("d", 5.0)], [])
    other = held.copy()
    assert held.settle([("e", 6.0)], [7.0, 5.0], n_missing=1)[1] == [
        ("a", 7.0),
        ("b", 7.0),
        ("c", 5.0),
    ]
    assert len(other) == 3
