from __future__ import annotations

import random

import pytest

from hpbridge import Categorical, Float, Int, LogNormal, Normal, Quantized, Space
from hpbridge.errors import SpaceError
from hpbridge.space.allowed import MOST_DRAWS, AllowedPoints


def on_the_diagonal(p):
    return abs(p["x"] - p["y"]) > 1e-9


THIN = {
    "one point of a million": Space(
        {"n": Int(1, 1000), "m": Int(1, 1000)},
        forbid=[lambda p: p["n"] != 500, lambda p: p["m"] != 7],
    ),
    "one point of those that are gone through": Space(
        {"n": Int(1, 300), "m": Int(1, 300)},
        forbid=[lambda p: (p["n"], p["m"]) != (3, 17)],
    ),
    "a corner": Space(
        {"x": Float(0, 1), "y": Float(-5, 5), "z": Float(1e-5, 1, log=True)},
        forbid=[lambda p: p["x"] + p["y"] < 6, lambda p: p["z"] > 1e-5],
    ),
    "the ends of a simplex": Space(
        {f"x{k}": Float(0, 1) for k in range(6)},
        forbid=[lambda p: sum(p.values()) > 1e-3],
    ),
    "one branch of many": Space(
        {
            "kind": Categorical([f"k{n}" for n in range(300)]),
            "step": Float(0, 1, step=0.25),
            "x": Float(0, 1, when={"kind": "k299"}),
            "y": Int(1, 10**6),
        },
        forbid=[lambda p: p["kind"] != "k299", lambda p: p["step"] + p["y"] > 1],
    ),
}


@pytest.mark.parametrize("name", THIN)
def test_an_allowed_point_is_found_where_draws_find_none(name) -> None:
    space = THIN[name]
    found = AllowedPoints(space).draw(random.Random(0))
    assert space.violations(found) == []
    assert not space.forbids(found)
    assert AllowedPoints(space).draw(random.Random(0)) == found
    assert space.sample(random.Random(0)) == found


def test_what_draws_find_is_what_they_have_always_found() -> None:
    parameters = {
        "x": Float(0, 1, prior=Normal(0.5, 1)),
        "c": Categorical(["a", "b"], weights=[1, 3]),
        "n": Int(1, 9, when={"c": "a"}),
    }
    space = Space(parameters, forbid=[{"c": "b"}])
    rng = random.Random(4)
    expected = {"c": "b"}
    while expected["c"] == "b":
        expected = Space(parameters).sample(rng)
    assert space.sample(random.Random(4)) == expected


def test_known_points_lead_to_others_where_nothing_else_does() -> None:
    space = Space({"x": Float(0, 1), "y": Float(0, 1)}, forbid=[on_the_diagonal])
    known = {"x": 0.3, "y": 0.3}
    region = AllowedPoints(space)
    points = [region.draw(random.Random(k), [known], tries=9) for k in range(20)]
    assert not any(map(space.forbids, points))

    everything = {
        "x": Float(0, 1),
        "q": Quantized(0, 9, 2),
        "p": Float(0.1, 9, prior=LogNormal(0, 1)),
        "c": Categorical(["a", "b"]),
        "z": Float(0, 1, when={"c": "b"}),
    }

    def is_elsewhere(p):
        return not 0.123 < p["x"] < 0.1230001

    space = Space(everything, forbid=[is_elsewhere])
    known = {"x": 0.12300005, "q": 2.0, "p": 1.0, "c": "a"}
    region = AllowedPoints(space)
    points = [region.draw(random.Random(k), [known], tries=9) for k in range(9)]
    assert all(not space.violations(p) and not space.forbids(p) for p in points)
    assert len({p["p"] for p in points}) > 5


def test_points_that_are_gone_through_are_drawn_alike() -> None:
    allowed = {(1, 2), (3, 4), (5, 6)}
    space = Space(
        {"n": Int(1, 99), "m": Int(1, 99)},
        forbid=[lambda p: (p["n"], p["m"]) not in allowed],
    )
    region = AllowedPoints(space)
    points = [region.draw(random.Random(k), tries=0) for k in range(300)]
    counts = [sum(tuple(p.values()) == each for p in points) for each in allowed]
    assert sum(counts) == 300
    assert min(counts) > 70


def test_a_space_in_which_nothing_is_allowed_says_so() -> None:
    counted = Space({"n": Int(0, 3)}, forbid=[lambda _: True])
    with pytest.raises(SpaceError, match="forbids every one of its points"):
        AllowedPoints(counted).draw(random.Random(0))
    endless = Space({"x": Float(0, 1)}, forbid=[lambda _: True])
    with pytest.raises(SpaceError, match=rf"every one of {MOST_DRAWS + 4000} points"):
        AllowedPoints(endless).draw(random.Random(0))
