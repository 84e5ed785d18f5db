"""One value for several metrics and broken bounds: what holds for any outcomes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbridge.contract.backend import Outcome
from hpbridge.learning.one_value import (
    DIVISIONS,
    Translator,
    chebyshev,
    draw_weights,
)
from hpbridge.trial import State

JOINS = Translator(joins=True, penalizes=False)
BOUNDS = Translator(joins=False, penalizes=True)
BOTH = Translator(joins=True, penalizes=True)
HALVES = (0.5, 0.5)

numbers = st.floats(allow_nan=False, width=64)
modest = st.floats(-1e6, 1e6)
points = st.lists(st.tuples(modest, modest), min_size=1, max_size=12)
weights = st.integers(0, DIVISIONS).map(lambda k: (k / DIVISIONS, 1 - k / DIVISIONS))


def complete(*values, constraints=()):
    return Outcome(State.COMPLETE, tuple(map(float, values)), tuple(constraints))


def told(translator, outcomes, of=HALVES):
    return [o.values for o in translator.translate(outcomes, of)]


@given(points, weights)
def test_who_dominates_is_never_told_as_worse(some, of):
    values = told(JOINS, [complete(*p) for p in some], of)
    for first, better in zip(some, values, strict=True):
        for second, worse in zip(some, values, strict=True):
            if all(a <= b for a, b in zip(first, second, strict=True)):
                assert better <= worse


@given(points, weights)
def test_the_least_value_is_on_the_front_or_as_good_as_it(some, of):
    values = told(JOINS, [complete(*p) for p in some], of)
    least = min(values)
    front = [
        value
        for point, value in zip(some, values, strict=True)
        if not any(
            other != point and all(a <= b for a, b in zip(other, point, strict=True))
            for other in some
        )
    ]
    assert least in front


@given(points, st.sampled_from([2.0**-8, 4.0, 1024.0]), st.sampled_from([0.0, 64.0]))
def test_the_unit_of_a_metric_makes_no_difference(some, factor, shift):
    rounded = [(round(a), round(b)) for a, b in some]
    moved = [(a * factor + shift, b) for a, b in rounded]
    before = told(JOINS, [complete(*p) for p in rounded])
    after = told(JOINS, [complete(*p) for p in moved])
    if len({a for a, _ in rounded}) > 1:  # without a range there is a unit
        for (a,), (b,) in zip(before, after, strict=True):
            assert a == pytest.approx(b, rel=1e-6, abs=1e-9)


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=8))
def test_no_value_is_ever_nan(some):
    outcomes = [complete(a, b, constraints=(c,)) for a, b, c in some]
    for translator in (JOINS, BOUNDS, BOTH):
        for values in told(translator, outcomes):
            assert not any(map(math.isnan, values))


@given(st.lists(st.tuples(modest, modest), min_size=1, max_size=12))
def test_feasible_ones_come_first_and_the_rest_by_violation(some):
    outcomes = [complete(a, constraints=(c,)) for a, c in some]
    values = [v for (v,) in told(BOUNDS, outcomes)]
    rows = list(zip(some, values, strict=True))
    for (a, c), value in rows:
        for (_, other_c), other in rows:
            if c <= 0:
                assert value == a  # as it is
                assert other_c <= 0 or value <= other
            elif other_c > c:
                assert value <= other


def test_without_a_broken_bound_all_is_as_it_is():
    outcomes = [complete(1, constraints=(-1,)), complete(2, constraints=(0,))]
    assert told(BOUNDS, outcomes) == [(1.0,), (2.0,)]
    assert all(not o.constraints for o in BOUNDS.translate(outcomes, ()))


def test_before_a_feasible_trial_the_violation_is_the_value():
    outcomes = [complete(9, constraints=(4, 1)), complete(1, constraints=(8, 2))]
    assert told(BOUNDS, outcomes) == [(1.0,), (2.0,)]


def test_constraints_that_are_not_known_count_as_kept():
    outcomes = [complete(1), complete(2, constraints=(3,))]
    assert told(BOUNDS, outcomes)[0] == (1.0,)


def test_failed_and_pruned_trials_have_no_value():
    outcomes = [
        complete(1, 2),
        Outcome(State.FAILED, (math.nan, 1.0)),
        Outcome(State.PRUNED, (3.0,), (), ((1, 3.0),)),
    ]
    _, failed, pruned = JOINS.translate(outcomes, HALVES)
    assert failed == Outcome(State.FAILED)
    assert pruned == Outcome(State.PRUNED)


def test_what_is_pruned_keeps_its_value_where_there_is_one_metric():
    pruned = Outcome(State.PRUNED, (3.0,), (), ((1, 3.0),))
    assert BOUNDS.translate([pruned], ()) == [pruned]


def test_infinite_metrics_are_the_worst_and_the_best():
    values = told(
        JOINS,
        [
            complete(0, 1),
            complete(1, 0),
            complete(math.inf, -9),
            complete(-math.inf, 0),
        ],
        (0.0, 1.0),
    )
    assert values[2] == (math.inf,)
    assert values[3] <= values[1]


def test_a_trial_beyond_a_bound_sets_no_range():
    rows = [(0, 0, -1), (1, 1, -1), (1e9, -1e9, 5)]
    outcomes = [complete(a, b, constraints=(c,)) for a, b, c in rows]
    first, second, last = told(BOTH, outcomes)
    assert first == (0.0,)
    assert second == (pytest.approx(chebyshev((1, 1), HALVES)),)
    assert last > second


def test_an_extreme_value_does_not_squeeze_the_front():
    values = told(JOINS, [complete(0, 1), complete(1, 0), complete(1e9, 1e9)])
    assert values[0] == values[1] == (pytest.approx(chebyshev((0, 1), HALVES)),)


def test_weights_are_drawn_by_the_seed_and_cover_the_simplex():
    drawn = [draw_weights(3, number, 2) for number in range(300)]
    assert drawn == [draw_weights(3, number, 2) for number in range(300)]
    assert {round(w * DIVISIONS) for w, _ in drawn} == set(range(DIVISIONS + 1))
    assert drawn != [draw_weights(4, number, 2) for number in range(300)]
    assert all(math.isclose(sum(draw_weights(0, n, 4)), 1) for n in range(50))


def test_several_values_of_a_library_that_takes_them_all_are_penalized():
    rows = [(0, 5, -1), (3, 1, -1), (-9, -9, 2)]
    outcomes = [complete(a, b, constraints=(c,)) for a, b, c in rows]
    assert told(BOUNDS, outcomes)[2] == (6.0, 9.0)
