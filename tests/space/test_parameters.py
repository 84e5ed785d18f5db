from __future__ import annotations

import enum
import json
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbridge import Categorical, Constant, Float, Int, LogNormal, Normal
from hpbridge.space.categorical import label_of
from hpbridge.space.kinds import Searched


class Activation:
    def __repr__(self) -> str:
        return "Activation()"


class Color(enum.StrEnum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 3


def relu():
    """Stands for a function that a user searches."""


class Hostile:
    def __eq__(self, other):
        raise RuntimeError

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "Hostile()"


WRONG = [
    (Float(2, 1), "the range [2.0, 1.0] is reversed"),
    (Float(0, math.inf), "high must be a finite number, got inf"),
    (Float(math.nan, 1), "low must be a finite number, got nan"),
    (Float("0", 1), "low must be a finite number, got '0'"),
    (Float(True, 1), "low must be a finite number, got True"),
    (Float(-1e308, 1e308), "wider than a float can hold"),
    (Float(0, 1, log=True), "log=True needs low > 0, got low=0.0"),
    (Float(-1, 1, log=True), "log=True needs low > 0, got low=-1.0"),
    (Float(0, 1, step=2), "step=2.0 is larger than the range [0.0, 1.0]"),
    (Float(0, 1, step=0), "step must be positive, got 0.0"),
    (Float(0, 1, step=-0.1), "step must be positive, got -0.1"),
    (Float(0, 1, step=math.inf), "step must be a finite number, got inf"),
    (Float(0, 1e30, step=1e-5), "too many values"),
    (Float(1, 2, log=True, step=0.1), "log=True and step= exclude each other"),
    (Float(1, 2, log=True, prior=Normal(1, 1)), "log=True and prior= exclude"),
    (Float(1, 1, step=0.1), "takes no step and no prior"),
    (Float(0, 1, prior="normal"), "prior must be Normal, LogNormal or"),
    (Float(0, 1, prior=Normal(0, 0)), "needs sigma > 0"),
    (Float(0, 1, prior=Normal(math.nan, 1)), "must be finite numbers"),
    (Float(0, 1, prior=Normal("a", 1)), "must be finite numbers"),
    (Float(-1, 1, prior=LogNormal(0, 1)), "a LogNormal prior needs low >= 0"),
    (Float(50, 60, prior=Normal(0, 1)), "has no mass in [50.0, 60.0]"),
    (Int(3, 1), "the range [3, 1] is reversed"),
    (Int(0.5, 3), "low must be a whole number, got 0.5"),
    (Int(0, math.inf), "high must be a whole number, got inf"),
    (Int(0, math.nan), "high must be a whole number, got nan"),
    (Int(0, "3"), "high must be a whole number, got '3'"),
    (Int(0, 9, log=True), "log=True needs low >= 1, got low=0"),
    (Int(1, 9, log=True, step=2), "log=True and step= exclude each other"),
    (Int(1, 9, step=0), "step must be at least 1, got 0"),
    (Int(1, 9, step=20), "step=20 is larger than the range [1, 9]"),
    (Categorical([]), "choices are empty"),
    (Categorical({}), "choices are empty"),
    (Categorical("abc"), "choices must have an order, got the str 'abc'"),
    (Categorical({"a", "b"}), "choices must have an order, got the set"),
    (Categorical(5), "choices must be a sequence, got 5"),
    (Categorical(["a", "a"]), "choice 'a' is there twice"),
    (Categorical([1, True]), "choice True is there twice"),
    (Categorical([1, 1.0]), "choice 1.0 is there twice"),
    (Categorical([[1], [2]]), "choice [1] is not hashable; give it a label"),
    (Categorical([object()]), "has no stable name; give it a label"),
    (Categorical({1: "a"}), "label 1 is not a string"),
    (Categorical(["a", "b"], weights=[1]), "1 weights for 2 choices"),
    (Categorical(["a", "b"], weights=[1, 0]), "weights must be positive and finite"),
    (Categorical(["a", "b"], weights=[1, math.inf]), "must be positive and finite"),
    (Categorical(["a", "b"], weights=3), "weights must be numbers in order, got 3"),
    (Categorical(["a", "b"], weights={"a": 1}), "unknown [], missing ['b']"),
    (Categorical(["a"], weights={"a": 1, "c": 1}), "unknown ['c'], missing []"),
]


@pytest.mark.parametrize(("parameter", "text"), WRONG)
def test_a_mistake_is_told_and_not_raised(parameter, text):
    assert text in "; ".join(parameter.problems())


RIGHT = [
    Float(0, 1),
    Float(1, 1),
    Float(1, 1, log=True),
    Float(0, 1, step=1),
    Float(0, 1, step=0.3),
    Float(-5, 5, prior=Normal(0, 1)),
    Float(0.1, 5, prior=LogNormal(0, 1)),
    Int(0, 0),
    Int(1, 1, log=True),
    Int(0, 10, step=10),
    Categorical([None, 1, "1", False]),
    Categorical([np.int64(3), np.float32(0.5), np.bool_(True), np.str_("a")]),
    Categorical({"list": [1], "set": {1}}),
    Constant([1, 2]),
]


@pytest.mark.parametrize("parameter", RIGHT, ids=repr)
def test_what_is_right_has_no_problems(parameter):
    assert parameter.problems() == []


def test_numbers_of_other_kinds_become_plain():
    assert Float(np.float32(0.5), Fraction(3, 2)) == Float(0.5, 1.5)
    assert Int(np.int64(1), 3.0) == Int(1, 3)
    assert type(Int(np.int64(1), 3.0).high) is int
    assert type(Float(0, 1).low) is float
    assert Normal(np.int64(1), np.float32(2)) == Normal(1.0, 2.0)


def test_both_ends_are_included():
    assert Float(0, 1).contains(1.0)
    assert Int(0, 3).contains(3)
    assert not Float(0, 1).contains(math.nextafter(1, 2))
    assert not Float(0, 1).contains(math.nextafter(0, -1))


def test_the_grid_is_anchored_at_the_lower_bound():
    assert Float(1, 2, step=0.25).grid == (1.0, 1.25, 1.5, 1.75, 2.0)
    assert Float(0, 1, step=0.3).grid == (0.0, 0.3, 0.6, 0.8999999999999999)
    assert Int(1, 60, step=7).grid == (1, 8, 15, 22, 29, 36, 43, 50, 57)


def test_a_value_of_another_type_is_not_in_the_range():
    assert not Float(0, 3).contains(1)
    assert not Float(0, 3).contains(np.float64(1))
    assert not Int(0, 3).contains(1.0)
    assert not Int(0, 3).contains(True)
    assert not Categorical([1, 2]).contains(1.0)
    assert not Categorical([1, 2]).contains(True)
    assert not Categorical(["a"]).contains(["a"])


grids = st.builds(
    lambda low, step, n: Float(low, round(low + n * step, 6), step=step),
    st.floats(-1e6, 1e6).map(lambda x: round(x, 6)),
    st.floats(1e-4, 1e3).map(lambda x: round(x, 6)),
    st.integers(1, 200),
)


@given(grids, st.data())
def test_every_grid_value_is_in_the_range_and_knows_its_index(parameter, data):
    assert parameter.problems() == []
    index = data.draw(st.integers(0, parameter.n_values - 1))
    value = parameter.at(index)
    assert parameter.contains(value)
    assert parameter.index(value) == index
    assert parameter.canonical(value) == value
    assert parameter.at(parameter.n_values - 1) == parameter.grid[-1]


def test_what_a_user_wrote_becomes_a_plain_value():
    assert Float(0, 1, step=0.3).canonical(0.9) == 0.8999999999999999
    assert Float(0, 1).canonical(np.float32(0.5)) == 0.5
    assert type(Float(0, 1).canonical(1)) is float
    assert type(Int(0, 3).canonical(np.int64(2))) is int
    assert Int(0, 3).canonical(2.0) == 2


@pytest.mark.parametrize(
    ("parameter", "value", "text"),
    [
        (Float(0, 1), 2, r"is 2, outside \[0.0, 1.0\]"),
        (Float(0, 1), math.nan, "is nan, not a finite number"),
        (Float(0, 1), "x", "is 'x', not a finite number"),
        (Float(0, 1, step=0.3), 0.5, "is 0.5, not on the grid 0.0"),
        (Int(0, 3), 1.5, "is 1.5, not a whole number"),
        (Int(0, 3), True, "is True, not a whole number"),
        (Int(0, 9, step=2), 3, r"is 3, outside \[0, 9\] in steps of 2"),
        (Categorical(["a", "b"]), "c", r"is 'c', not one of \['a', 'b'\]"),
    ],
)
def test_a_value_outside_is_refused_with_the_value(parameter, value, text):
    with pytest.raises(ValueError, match=text):
        parameter.canonical(value)


@pytest.mark.parametrize(
    ("choice", "label"),
    [
        (None, None),
        (True, True),
        (np.bool_(False), False),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.array(2), 2),
        (np.str_("a"), "a"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (Color.RED, "red"),
        (Size.BIG, 3),
        (relu, "relu"),
        (dict, "dict"),
        ((64, 64), "(64, 64)"),
        (Activation(), "Activation()"),
    ],
)
def test_a_label_is_a_json_scalar_of_the_exact_type(choice, label):
    found = label_of(choice)
    assert found == label
    assert type(found) is type(label)
    assert json.loads(json.dumps(found)) == label


def test_the_objective_gets_the_users_own_object():
    wide = [128]
    choice = Categorical({"narrow": (32,), "wide": wide})
    assert choice.labels == ("narrow", "wide")
    assert choice.choice("wide") is wide
    assert choice.canonical(wide) == "wide"
    assert choice.canonical("narrow") == "narrow"


def test_choices_that_cannot_be_compared_are_found_by_identity():
    one, two = Hostile(), np.array([1, 2])
    choice = Categorical({"hostile": one, "array": two})
    assert choice.canonical(one) == "hostile"
    assert choice.canonical(two) == "array"
    with pytest.raises(ValueError, match="not one of"):
        choice.canonical(Hostile())


def test_weights_are_shares():
    assert Categorical(["a", "b"], weights=[3, 1]).weights == (0.75, 0.25)
    assert Categorical(["a", "b"], weights={"b": 1, "a": 3}).weights == (0.75, 0.25)
    assert Categorical(["a"], weights=iter([2])).weights == (1.0,)


def test_choices_are_equal_only_with_the_same_types():
    assert Categorical([1, 2]) == Categorical([1, 2])
    assert Categorical([1, 2]) != Categorical([1.0, 2])
    assert Categorical([0, 1]) != Categorical([False, True])
    assert Categorical(["a", "b"]) != Categorical(["a", "b"], ordered=True)
    assert hash(Categorical([1, 2])) == hash(Categorical([1, 2]))


PRIORS = [
    Float(0, 10, prior=Normal(4, 2)),
    Float(-1, 1, prior=Normal(5, 1)),
    Float(0.1, 10, prior=LogNormal(0, 1)),
]


@pytest.mark.parametrize("parameter", PRIORS, ids=repr)
@given(u=st.floats(0, 1))
def test_a_quantile_of_a_prior_is_in_the_range_and_has_that_mass_below_it(parameter, u):
    value = parameter.quantile(u)
    assert parameter.contains(value)
    assert parameter.cumulative(value) == pytest.approx(u, abs=1e-6)


@pytest.mark.parametrize("parameter", PRIORS, ids=repr)
def test_the_ends_of_a_prior_are_the_bounds(parameter):
    assert parameter.quantile(0) == parameter.low
    assert parameter.quantile(1) == parameter.high
    assert parameter.cumulative(parameter.low) == 0
    assert parameter.cumulative(parameter.high) == 1


@pytest.mark.parametrize("parameter", [p for p in RIGHT if not isinstance(p, Constant)])
def test_a_draw_is_in_the_range(parameter):
    rng = random.Random(0)
    assert all(parameter.contains(parameter.draw(rng)) for _ in range(200))


def test_a_constant_is_not_searched():
    assert not isinstance(Constant(1), Searched)


@given(st.floats(1e-300, 1e300), st.floats(1, 10), st.integers())
def test_a_log_draw_never_leaves_the_range(low, ratio, seed):
    parameter = Float(low, low * ratio, log=True)
    assert parameter.contains(parameter.draw(random.Random(seed)))
