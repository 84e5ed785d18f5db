from __future__ import annotations

from hpbridge import Categorical, Float, Int
from hpbridge.space.conditions import CERTAIN, LIKELY, infer_conditions

BEFORE = {
    "kind": Categorical(["a", "b", "c"]),
    "flag": Categorical([False, True]),
    "n": Int(1, 9),
    "x": Float(0, 1),
}
HAVING = [
    {"kind": "b", "flag": True, "n": 2, "x": 0.1},
    {"kind": "a", "flag": True, "n": 1, "x": 0.2},
]
LACKING = [{"kind": "c", "flag": False, "n": 3, "x": 0.3}]


def found(having, lacking, policy):
    return list(infer_conditions(BEFORE, having, lacking, policy))


def test_a_study_that_runs_takes_the_parent_of_fewest_values_first():
    assert found(HAVING, LACKING, LIKELY) == [
        ("flag", (True,)),
        ("kind", ("a", "b")),
        ("n", (1, 2)),
    ]


def test_a_study_that_is_read_wants_no_doubt_and_choices_before_numbers():
    assert found(HAVING, LACKING, CERTAIN) == [("flag", (True,)), ("kind", ("a", "b"))]
    assert found(HAVING * 2, LACKING * 2, CERTAIN)[-1] == ("n", (1, 2))


def test_values_on_both_sides_and_parents_that_are_not_there_tell_nothing():
    both = [{**point, "flag": True} for point in LACKING]
    without = [{n: v for n, v in point.items() if n != "kind"} for point in HAVING]
    assert [name for name, _ in found(HAVING, both, CERTAIN)] == ["kind"]
    assert [name for name, _ in found(without, LACKING, LIKELY)] == ["flag", "n"]


def test_a_parent_that_the_others_lack_is_likely_and_not_certain():
    lacking = [{"x": 0.5}]
    assert found(HAVING, lacking, CERTAIN) == []
    assert found(HAVING, lacking, LIKELY)[0] == ("flag", (True,))
