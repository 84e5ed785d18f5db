from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from hpbridge import Categorical, Float, Int, Space
from hpbridge.space.conditions import certain, infer_conditions, likely
from hpbridge.space.kinds import with_when

BEFORE = {
    "kind": Categorical(["a", "b", "c"]),
    "flag": Categorical([False, True]),
    "n": Int(1, 9),
    "x": Float(0, 1),
    "y": Float(0, 1),
}
HAVING = [
    {"kind": "b", "flag": True, "n": 2, "x": 0.1},
    {"kind": "a", "flag": True, "n": 1, "x": 0.2},
]
LACKING = [{"kind": "c", "flag": False, "n": 3, "x": 0.3}]


def found(having, lacking, policy):
    trials = [({**point, "y": 0.5}, True) for point in having]
    trials += [(point, True) for point in lacking]
    told = infer_conditions(BEFORE, trials, policy)
    return [each.when[0] for each in told["y"]]


def test_the_parent_that_takes_the_fewest_bits_is_first():
    assert found(HAVING, LACKING, likely) == [
        ("flag", (True,)),
        ("kind", ("a", "b")),
        ("n", (1, 2)),
    ]


def test_a_study_that_is_read_wants_numbers_that_came_back():
    assert found(HAVING, LACKING, certain) == [("flag", (True,)), ("kind", ("a", "b"))]
    assert found(HAVING * 2, LACKING * 2, certain)[-1] == ("n", (1, 2))


def test_values_on_both_sides_and_parents_that_are_not_there_tell_nothing():
    both = [{**point, "flag": True} for point in LACKING]
    without = [{n: v for n, v in point.items() if n != "kind"} for point in HAVING]
    assert [name for name, _ in found(HAVING, both, certain)] == ["kind"]
    assert [name for name, _ in found(without, LACKING, likely)] == ["flag", "n"]


def test_a_parent_that_the_others_lack_tells_nothing():
    assert found(HAVING, [{"x": 0.5}], likely) == []


def test_a_trial_that_ended_early_says_where_a_parameter_is_and_not_where_it_is_not():
    ended = [({"kind": "a", "flag": True, "n": 1}, False)]
    whole = [({**point, "y": 0.5}, True) for point in HAVING]
    assert infer_conditions(BEFORE, whole + ended, likely) == {}
    lacking = [(point, True) for point in LACKING]
    early = [({"kind": "c", "flag": True, "y": 0.5}, False)]
    told = infer_conditions(BEFORE, [*whole, *lacking, *early], likely)["y"]
    assert [each.parents for each in told] == [("flag",)]


def layers(*depths, width=64):
    """Return trials of a network: a width a layer, each with the depth that it has."""
    rng = random.Random(0)
    for depth in depths:
        widths = {f"n_units_l{k}": rng.randint(4, width) for k in range(depth)}
        yield {"bias": depth % 2 == 0, "n_layers": depth, **widths}, True


LAYERS = {
    "bias": Categorical([False, True]),
    "n_layers": Int(1, 5),
    **{f"n_units_l{k}": Int(4, 64) for k in range(5)},
}


def test_each_layer_depends_on_how_many_there_are_and_not_on_another_layers_width():
    trials = list(layers(1, 2, 3, 4, 5, 4, 3))
    told = infer_conditions(LAYERS, trials, likely)
    first = {name: each[0].when for name, each in told.items()}
    assert first == {
        f"n_units_l{k}": (("n_layers", tuple(range(k + 1, 6))),) for k in range(1, 5)
    }


def test_a_number_that_tells_of_siblings_is_sure_with_few_trials():
    told = infer_conditions(LAYERS, list(layers(1, 2, 3, 5)), certain)
    assert {name: each[0].when for name, each in told.items()} == {
        "n_units_l1": (("n_layers", (2, 3, 4, 5)),),
        "n_units_l2": (("n_layers", (3, 4, 5)),),
        "n_units_l3": (("n_layers", (5,)),),
        "n_units_l4": (("n_layers", (5,)),),
    }


def values_of(parameters, trials):
    return infer_conditions(parameters, trials, likely)["x"][0].when[0][1]


def test_values_of_a_range_that_did_not_come_up_are_taken_in():
    parameters = {"n": Int(1, 9), "x": Float(0, 1)}
    trials = [({"n": n, "x": 0.5} if n in {4, 6} else {"n": n}, True) for n in (1, 2)]
    trials += [({"n": n, "x": 0.5}, True) for n in (4, 6)]
    assert values_of(parameters, trials) == (4, 5, 6, 7, 8, 9)
    trials += [({"n": 9}, True)]
    assert values_of(parameters, trials) == (4, 5, 6)
    trials += [({"n": 5}, True)]
    assert values_of(parameters, trials) == (4, 6)


def test_siblings_of_one_prefix_share_the_parent_that_tells_of_both():
    parameters = {
        "algorithm": Categorical(["svc", "forest", "knn"]),
        "scale": Categorical([False, True]),
        **{name: Float(0, 1) for name in ("svc_c", "svc_gamma")},
    }
    trials = [
        ({"algorithm": "svc", "scale": True, "svc_c": 0.5, "svc_gamma": 0.5}, True),
        ({"algorithm": "knn", "scale": False}, True),
        ({"algorithm": "svc", "scale": False, "svc_c": 0.5}, False),
    ]
    told = infer_conditions(parameters, trials, likely)
    assert told["svc_gamma"][0].parents == told["svc_c"][0].parents
    assert [each.parents for each in told["svc_gamma"]] == [("algorithm",), ("scale",)]


def test_columns_that_are_in_no_order_tell_of_each_other():
    parameters = {"c": Float(0, 1), "kernel": Categorical(["rbf", "poly"])}
    trials = [({"c": 0.5, "kernel": "rbf"}, True), ({"kernel": "poly"}, True)]
    assert infer_conditions(parameters, trials, certain) == {"c": ()}
    told = infer_conditions(parameters, trials, certain, is_ordered=False)
    assert told["c"][0].parents == ("kernel",)


def test_two_parents_tell_together_where_none_does_alone():
    parameters = {name: Categorical([False, True]) for name in "ab"}
    parameters["x"] = Float(0, 1)
    rng = random.Random(0)
    trials = []
    for _ in range(40):
        point = {name: rng.random() < 0.5 for name in "ab"}
        trials.append((point | ({"x": 0.5} if all(point.values()) else {}), True))
    (told,) = infer_conditions(parameters, trials, certain)["x"]
    assert told.when == (("a", (True,)), ("b", (True,)))
    assert infer_conditions(parameters, trials[:9], certain) == {"x": ()}


@st.composite
def conditional_spaces(draw):
    """Return a space as people write them: a branch an algorithm, and layers."""
    kinds = ["forest", "knn", "svc", "boost"][: draw(st.integers(2, 4))]
    depth = draw(st.integers(2, 5))
    parameters = {
        "bias": Categorical([False, True]),
        "algorithm": Categorical(kinds),
        "n_layers": Int(1, depth),
        "rate": Float(0, 1),
    }
    for kind in kinds:
        for each in range(draw(st.integers(0, 2))):
            name = f"{kind}_{'ab'[each]}"
            parameters[name] = Float(0, 1, when={"algorithm": kind})
    for k in range(depth):
        when = {"n_layers": list(range(k + 1, depth + 1))} if k else {}
        parameters[f"n_units_l{k}"] = Int(4, 128, when=when)
    return Space(parameters)


@settings(max_examples=40, deadline=None)
@given(conditional_spaces(), st.integers(0, 1000))
def test_enough_trials_tell_the_space_that_they_are_of(space, seed):
    rng = random.Random(seed)
    trials = [(space.sample(rng), True) for _ in range(200)]
    bare = {name: with_when(p, ()) for name, p in space.searched.items()}
    told = infer_conditions(bare, trials, certain)
    first = {name: each[0].when for name, each in told.items()}
    assert first == {name: p.when for name, p in space.searched.items() if p.when}


@settings(max_examples=40, deadline=None)
@given(conditional_spaces(), st.integers(0, 1000), st.integers(2, 12))
def test_no_trial_contradicts_what_is_inferred_of_few(space, seed, n_trials):
    rng = random.Random(seed)
    trials = [(space.sample(rng), rng.random() < 0.8) for _ in range(n_trials)]
    bare = {name: with_when(p, ()) for name, p in space.searched.items()}
    for name, told in infer_conditions(bare, trials, likely).items():
        for each in told:
            for point, is_whole in trials:
                holds = all(point.get(n) in values for n, values in each.when)
                assert holds or name not in point
                assert not holds or not is_whole or name in point
