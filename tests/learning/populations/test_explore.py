from __future__ import annotations

import collections
import math
import random
import zlib

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from hpbridge import Categorical, Constant, Float, Int, LogNormal, Normal, Space
from hpbridge.errors import SpaceError
from hpbridge.learning.populations.explore import MOST_TRIES, explore, moved
from hpbridge.space.kinds import freeze_when, with_when
from hpbridge.space.quantized import Quantized

RULE = {"resample_probability": 0.25, "factors": (1.2, 0.8)}
FACTORS = st.sampled_from([(1.2, 0.8), (1.5, 0.5), (1e9, 1e-9), (1.0,), (2.0, 1 / 3)])

N_EXPLORES = 50


@st.composite
def floats(draw):
    low = draw(st.sampled_from([0.0, -1.0, 0.1, -3.7, 1e-5, -5e307, 5e-324, -1e-9]))
    high = draw(st.sampled_from([low + 1.0, low + 1e-3, 5e307, max(low, 1.0) * 10]))
    high = high if high > low else low + 1.0
    kind = draw(st.integers(0, 3))
    if kind == 0 and low > 0:
        return Float(low, high, log=True)
    if kind == 1 and 0.5 < high - low < 100:
        return Float(low, high, step=(high - low) / draw(st.sampled_from([1, 3, 7.5])))
    if kind == 2:
        prior = draw(st.sampled_from([Normal(0.3, 2), Normal(1e3, 1)]))
        return Float(-math.inf, math.inf, prior=prior)
    if kind == 3:
        return Float(0, 1e6, prior=LogNormal(0, 1))
    return Float(low, high)


@st.composite
def ints(draw):
    low = draw(st.sampled_from([0, 1, -5, 2**53, -(2**70), 7]))
    high = low + draw(st.sampled_from([1, 2, 9, 1000, 2**62]))
    kind = draw(st.integers(0, 3))
    if kind == 0 and low > 0:
        return Int(low, high, log=True)
    if kind == 1:
        return Int(low, high, step=draw(st.integers(1, min(high - low, 4))))
    if kind == 2:
        return Int(-math.inf, math.inf, prior=Normal(3, 4))
    return Int(low, high)


@st.composite
def quantized(draw):
    q = draw(st.sampled_from([1, 4.0, 0.3, 0.1]))
    low = draw(st.sampled_from([1.0, 0.5, -2.0, 0.0]))
    return Quantized(low, low + draw(st.integers(5, 90)), q, log=low > 0)


@st.composite
def choices(draw):
    labels = ["a", 2, None, True, 0.5][: draw(st.integers(1, 5))]
    weights = draw(st.none() | st.just([k + 1 for k in range(len(labels))]))
    return Categorical(labels, ordered=draw(st.booleans()), weights=weights)


@st.composite
def spaces(draw):
    """Return a space of all kinds, with conditions, and what is forbidden."""
    found = {}
    for name in "abcdefg"[: draw(st.integers(1, 7))]:
        parameter = draw(floats() | ints() | quantized() | choices())
        parents = [n for n, p in found.items() if getattr(p, "can_be_parent", False)]
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            rng = random.Random(draw(st.integers(0, 9)))
            values = [*dict.fromkeys(found[parent].draw(rng) for _ in range(2))]
            parameter = with_when(parameter, freeze_when({parent: values}))
        found[name] = parameter
    found["constant"] = Constant("any")
    return Space(found, forbid=draw(st.sampled_from([[], [_half], [_most]])))


def _share(params):
    return zlib.crc32(repr(sorted(params.items())).encode()) / 2**32


def _half(params):
    """Forbid half of the points, wherever they are."""
    return _share(params) < 0.5


def _most(params):
    """Forbid nearly all points."""
    return _share(params) < 0.95


@settings(max_examples=60)
@given(spaces(), FACTORS, st.sampled_from([0.0, 0.25, 1.0]), st.integers(0, 2**32))
def test_it_never_leaves_the_space(space, factors, resample, seed):
    rng = random.Random(seed)
    try:
        point = space.sample(rng, 1000)
    except SpaceError:
        reject()  # everything is forbidden
    for _ in range(N_EXPLORES):
        point = explore(
            space, point, rng, resample_probability=resample, factors=factors
        )
        assert space.violations(point) == []
        assert not space.forbids(point)


def _busy(params):
    return params["kernel"] == "rbf" and params["n"] > 50


EVERYTHING = Space(
    {
        "kernel": Categorical(["rbf", "poly", "linear"]),
        "rate": Float(1e-5, 1e-1, log=True),
        "momentum": Float(0, 1),
        "shift": Float(-3, 1),
        "share": Float(0, 1, step=0.125),
        "n": Int(1, 64, log=True),
        "n_even": Int(-4, 8, step=2),
        "quantum": Quantized(0.5, 9, 0.5),
        "width": Categorical([16, 32, 64, 128], ordered=True),
        "degree": Int(2, 5, when={"kernel": "poly"}),
        "coef": Float(-1, 1, when={"kernel": ["poly", "rbf"]}),
        "far": Float(-math.inf, math.inf, prior=Normal(0, 1), when={"degree": [3, 4]}),
    },
    forbid=[_busy, {"kernel": "linear", "width": [64, 128]}],
)


@pytest.mark.parametrize(
    "n_explores", [10_000, pytest.param(100_000, marks=pytest.mark.slow)]
)
def test_thousands_of_explores_stay_in_the_space(n_explores):
    rng = random.Random(0)
    point = EVERYTHING.sample(rng)
    seen = collections.Counter()
    for _ in range(n_explores):
        point = explore(EVERYTHING, point, rng, **RULE)
        if EVERYTHING.violations(point) or EVERYTHING.forbids(point):
            pytest.fail(f"it left the space: {point}")
        seen.update(point.items() if len(seen) < 10_000 else ())
    for name in ("kernel", "width", "share", "n_even", "degree"):
        values = {value for key, value in seen if key == name}
        assert values == {*EVERYTHING[name].grid}


@pytest.mark.parametrize(
    ("parameter", "value", "up", "down"),
    [
        (Float(1e-4, 1, log=True), 0.01, 0.012, 0.008),
        (Float(1e-4, 1, log=True), 0.9, 1.0, 0.9 * 0.8),
        (Float(1, 3), 2.0, 2.4, 1.6),
        (Float(0, 1), 0.0, 0.1, 0.0),
        (Float(-1, 1), -0.5, -0.3, -0.7),
        (Float(0, 1, step=0.25), 0.0, 0.25, 0.0),
        (Float(0, 1, step=0.25), 0.5, 0.5 + 0.25, 0.5 - 0.25),
        (Int(1, 9), 1, 2, 1),
        (Int(1, 9), 5, 6, 4),
        (Int(0, 100), 50, 60, 40),
        (Int(1, 4096, log=True), 1000, 1200, 800),
        (Int(2**70, 2**71), 2**70, round(2**70 * 1.2), 2**70),
        (Int(1, 10, step=4), 5, 9, 1),
        (Quantized(1, 10, 4.0), 4.0, 8.0, 0.0),
        (Categorical([1, 10, 100], ordered=True), 10, 100, 1),
        (Categorical([1, 10, 100], ordered=True), 100, 100, 10),
        (Categorical(["a", "b"]), "a", "a", "a"),
        (Float(2, 2), 2.0, 2.0, 2.0),
    ],
)
def test_where_factors_lead(parameter, value, up, down):
    assert moved(parameter, value, 1.2) == pytest.approx(up, rel=1e-15)
    assert moved(parameter, value, 0.8) == pytest.approx(down, rel=1e-15)
    assert moved(parameter, value, 1.0) == value
    assert type(moved(parameter, value, 1.2)) is type(value)


def test_a_prior_is_moved_along_by_its_mass():
    wide = Float(-math.inf, math.inf, prior=Normal(5, 2))
    up = moved(wide, 5.0, 1.2)
    assert wide.cumulative(up) == pytest.approx(0.6)
    assert moved(Int(-math.inf, math.inf, prior=Normal(5, 0.1)), 5, 1.2) == 6


def test_parameters_are_drawn_anew_as_often_as_is_said():
    space = Space({"x": Float(1, 1e9, log=True)})
    rng = random.Random(0)
    n_drawn = 0
    for _ in range(10_000):
        found = explore(space, {"x": 1e4}, rng, **RULE)["x"]
        n_drawn += found not in {1e4 * 1.2, 1e4 * 0.8}
    assert 2300 < n_drawn < 2700


def test_what_becomes_active_is_drawn_and_what_does_not_stay_active_is_left_out():
    space = Space(
        {
            "kernel": Categorical(["poly", "linear"], ordered=True),
            "degree": Int(2, 5, when={"kernel": "poly"}),
        }
    )
    rule = {"resample_probability": 0.0, "factors": (2.0,)}
    rng = random.Random(0)
    moved_on = explore(space, {"kernel": "poly", "degree": 3}, rng, **rule)
    assert moved_on == {"kernel": "linear"}
    rule["factors"] = (0.5,)
    assert explore(space, {"kernel": "linear"}, rng, **rule)["degree"] in range(2, 6)


def test_where_all_that_is_near_is_forbidden_the_point_stays():
    tried = []

    def alone(params):
        tried.append(params)
        return params["n"] != 5

    space = Space({"n": Int(1, 9)}, forbid=[alone])
    rule = {"resample_probability": 0.0, "factors": (1.2, 0.8)}
    assert explore(space, {"n": 5}, random.Random(0), **rule) == {"n": 5}
    assert len(tried) == MOST_TRIES
