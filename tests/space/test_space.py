from __future__ import annotations

import copy
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest

import hpbridge as hpb
from hpbridge import Categorical, Constant, Float, Int, LogNormal, Normal, Space
from hpbridge.errors import SpaceError


def problems_of(parameters, **kwargs):
    with pytest.raises(SpaceError) as caught:
        Space(parameters, **kwargs)
    headline, *lines, hint = str(caught.value).splitlines()
    count = len(lines)
    assert headline == f"The search space has {count} problem{'s' * (count > 1)}:"
    assert hint.startswith("Hint: ")
    return [line.removeprefix("  - ") for line in lines]


def solver_space():
    return {
        "momentum": Float(0, 0.99, when={"solver": "sgd"}),
        "solver": Categorical(["adam", "sgd"]),
        "nesterov": Categorical([True, False], when={"momentum_kind": ["heavy"]}),
        "momentum_kind": Categorical(["heavy", "none"], when={"solver": "sgd"}),
        "tol": 1e-4,
    }


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"x": Float(2, 1)}, "'x': the range [2.0, 1.0] is reversed"),
        ({"c": Categorical([])}, "'c': choices are empty"),
        ({"x": Float(0, np.inf)}, "'x': high must be a finite number, got inf"),
        ({"x": Float(0, 1, log=True)}, "'x': log=True needs low > 0, got low=0.0"),
        (
            {"x": Float(0, 1, step=2)},
            "'x': step=2.0 is larger than the range [0.0, 1.0]",
        ),
        (
            {"x": Float(0, 1, when={"sover": 1}), "solver": Int(0, 1)},
            "'x': unknown parent 'sover'; did you mean 'solver'?",
        ),
        ({"x": Float(0, 1, when={"x": 1})}, "'x': it cannot be its own parent"),
        (
            {"a": Int(0, 1, when={"b": 1}), "b": Int(0, 1, when={"a": 1})},
            "the conditions of 'a', 'b' depend on each other in a cycle",
        ),
        (
            {"x": Float(0, 1, when={"c": "z"}), "c": Categorical(["a", "b"])},
            "'x': parent 'c' is 'z', not one of ['a', 'b']",
        ),
        (
            {"x": Float(0, 1, when={"n": 7}), "n": Int(0, 3)},
            "'x': parent 'n' is 7, outside [0, 3]",
        ),
        (
            {"x": Float(0, 1, when={"y": 0.5}), "y": Float(0, 1)},
            "'x': parent 'y' is a Float; name a Categorical or an Int",
        ),
        (
            {"x": Float(0, 1, when={"c": []}), "c": Categorical(["a", "b"])},
            "'x': parent 'c' is given no value",
        ),
        (
            {"x": Float(0, 1, when={"flag": 2}), "flag": 1},
            "'x' can never be active: 'flag' forbids it",
        ),
        (
            {
                "c": Categorical(["a", "b"]),
                "d": Categorical(["u", "v"], when={"c": "a"}),
                "x": Float(0, 1, when={"c": "b", "d": "u"}),
            },
            "'x' can never be active: 'c' forbids it",
        ),
        ({"c": Categorical(["a", "a"])}, "'c': choice 'a' is there twice"),
        (
            {"c": Categorical([[1], "a"])},
            "'c': choice [1] is not hashable; give it a label: {'name': choice}",
        ),
        ({3: Float(0, 1)}, "parameter name 3 is not a string of text"),
        ({"": Float(0, 1)}, "parameter name '' is not a string of text"),
        ({}, "it has no parameters"),
        (
            {"x": Float(0, 1, when="solver"), "solver": Int(0, 1)},
            "'x': when= is a dict {parent: value}, got 'solver'",
        ),
        (
            {"x": Float(0, 1, when=("solver", 1)), "solver": Int(0, 1)},
            "'x': when= is a dict {parent: value}, got ('solver', 1)",
        ),
    ],
)
def test_each_mistake_is_refused_with_the_parameter_and_the_value(parameters, problem):
    assert problems_of(parameters) == [problem]


def test_all_mistakes_are_told_at_once():
    found = problems_of(
        {
            5: Int(0, 1),
            "low": Float(2, 1),
            "dup": Categorical(["a", "a"]),
            "child": Float(0, 1, when={"parnt": 1}),
            "other": Float(0, 1, log=True, when={"c": "z"}),
            "c": Categorical(["x", "y"]),
            "p": Int(0, 1, when={"q": 1}),
            "q": Int(0, 1, when={"p": 1}),
        },
        forbid=[{"nope": 1}, {"c": "z"}, 7],
    )
    assert [text.partition(":")[0] for text in found] == [
        "parameter name 5 is not a string of text",
        "'low'",
        "'dup'",
        "'other'",
        "'child'",
        "'other'",
        "the conditions of 'p', 'q' depend on each other in a cycle",
        "forbid= names the unknown parameter 'nope'; there are",
        "forbid={'c'",
        "forbid= takes dicts and functions, got 7",
    ]


def test_a_wrong_parent_is_told_once_and_not_again_for_its_children():
    found = problems_of(
        {"c": Categorical([]), "x": Float(0, 1, when={"c": "a"})}, forbid=[{"c": "a"}]
    )
    assert found == ["'c': choices are empty"]


@pytest.mark.parametrize("forbid", [{"c": "a"}, 5, lambda _: True])
def test_forbid_is_a_list(forbid):
    (problem,) = problems_of({"c": Categorical(["a", "b"])}, forbid=forbid)
    assert problem.startswith("forbid= is a list of dicts or functions, got ")


@pytest.mark.parametrize("given", [None, [Float(0, 1)], "x", 3])
def test_only_a_dict_is_a_space(given):
    for make in (Space, Space.of):
        with pytest.raises(SpaceError, match="a space is a dict of parameters by name"):
            make(given)


def test_a_plain_dict_is_a_space():
    space = Space.of({"x": Float(0, 1)})
    assert space == Space({"x": Float(0, 1)})
    assert Space.of(space) is space


def test_nothing_that_is_passed_in_is_mutated_or_kept():
    choices, weights, values = ["a", "b"], [1, 3], ["a"]
    labelled = {"k": [1]}
    when, data = {"c": values}, [0.5]
    clause = {"c": ["a"], "n": 1}
    forbid = [clause]
    parameters = {
        "x": Float(0, 1, when=when),
        "c": Categorical(choices, weights=weights),
        "n": Int(0, 3),
        "d": Categorical(labelled),
        "const": data,
    }
    given = [parameters, choices, weights, values, labelled, when, clause, forbid]
    before = copy.deepcopy([*given, data])
    space = Space(parameters, forbid=forbid)
    space.sample(random.Random(0))
    space.canonical({"c": "b", "n": 2, "d": "k"})
    assert [*given, data] == before
    text = json.dumps(space.to_json())
    for each in given:
        each.clear()
    assert json.dumps(space.to_json()) == text
    assert space.active({"c": "a", "n": 2, "d": "k", "x": 0.1}) == ["c", "x", "n", "d"]


def test_a_space_gives_no_way_to_change_it():
    space = Space(solver_space())
    space.searched.clear()
    assert list(space.searched) == ["solver", "momentum", "momentum_kind", "nesterov"]
    with pytest.raises(TypeError):
        space["x"] = Float(0, 1)


def test_parents_come_first_and_otherwise_the_order_is_kept():
    space = Space(solver_space())
    assert list(space) == ["solver", "momentum", "momentum_kind", "nesterov", "tol"]


def test_conditions_hold_at_any_depth():
    space = Space(solver_space())
    assert space.active({"solver": "adam"}) == ["solver"]
    point = {"solver": "sgd", "momentum": 0.5, "momentum_kind": "heavy"}
    assert space.active(point) == ["solver", "momentum", "momentum_kind", "nesterov"]
    # What hangs below an inactive parent is inactive, whatever the parent's value.
    orphan = {"solver": "adam", "momentum_kind": "heavy", "nesterov": True}
    assert space.active(orphan) == ["solver"]


def test_several_conditions_must_all_hold():
    space = Space(
        {
            "a": Categorical(["x", "y"]),
            "n": Int(0, 5),
            "z": Float(0, 1, when={"a": ["x"], "n": [1, 2]}),
        }
    )
    assert space.is_active("z", {"a": "x", "n": 2})
    assert not space.is_active("z", {"a": "x", "n": 3})
    assert not space.is_active("z", {"a": "y", "n": 2})


def test_a_choice_that_is_a_tuple_can_be_a_condition():
    size = Categorical({"small": (32,), "deep": (64, 64)})
    space = Space({"size": size, "x": Float(0, 1, when={"size": (64, 64)})})
    assert space.is_active("x", {"size": "deep"})
    either = Space(
        {"c": Categorical(["a", "b", "d"]), "x": Float(0, 1, when={"c": ("a", "b")})}
    )
    assert [either.is_active("x", {"c": c}) for c in "abd"] == [True, True, False]


def test_true_is_not_one_in_a_condition():
    space = Space(
        {"flag": Categorical([True, "x"]), "x": Float(0, 1, when={"flag": True})}
    )
    assert space.is_active("x", {"flag": True})
    assert not space.is_active("x", {"flag": 1})


def test_a_constant_can_be_a_parent_and_have_one():
    space = Space(
        {
            "solver": Categorical(["adam", "sgd"]),
            "schedule": Constant([1, 2], when={"solver": "sgd"}),
            "decay": Float(0, 1, when={"schedule": [[1, 2]]}),
        }
    )
    assert space.active({"solver": "sgd"}) == ["solver", "decay"]
    assert space.active({"solver": "adam"}) == ["solver"]
    assert space.to_objects({"solver": "sgd", "decay": 0.5}) == {
        "solver": "sgd",
        "schedule": [1, 2],
        "decay": 0.5,
    }
    assert space.to_objects({"solver": "adam"}) == {"solver": "adam"}
    assert hash(space) == hash(Space(dict(space)))


def test_the_objective_gets_objects_and_constants():
    wide = [128]
    space = Space({"hidden": Categorical({"wide": wide}), "tol": 0.1})
    values = space.to_objects({"hidden": "wide"})
    assert values == {"hidden": [128], "tol": 0.1}
    assert values["hidden"] is wide


def test_forbidden_combinations():
    space = Space(
        {"c": Categorical(["a", "b"]), "n": Int(0, 9), "tol": 1},
        forbid=[{"c": "a", "n": [1, 2]}, {"tol": 1, "n": 5}, lambda p: p["n"] > 7],
    )
    assert space.is_restricted
    assert space.forbids({"c": "a", "n": 1})
    assert not space.forbids({"c": "b", "n": 1})
    assert space.forbids({"c": "b", "n": 5})
    assert space.forbids({"c": "b", "n": 8})
    rng = random.Random(0)
    points = [space.sample(rng) for _ in range(300)]
    assert not any(space.forbids(point) for point in points)
    assert {point["n"] for point in points} == {0, 1, 2, 3, 4, 6, 7}


def test_a_clause_on_an_inactive_parameter_forbids_nothing():
    space = Space(solver_space(), forbid=[{"momentum_kind": "heavy"}])
    assert not space.forbids({"solver": "adam"})
    assert space.forbids({"solver": "sgd", "momentum_kind": "heavy"})


def test_a_predicate_sees_what_the_objective_sees():
    seen = []
    space = Space(
        {"hidden": Categorical({"wide": [128]}), "tol": 0.1}, forbid=[seen.append]
    )
    space.forbids({"hidden": "wide"})
    assert seen == [{"hidden": [128], "tol": 0.1}]


def test_a_predicate_that_raises_is_told_with_the_point():
    space = Space({"n": Int(0, 3)}, forbid=[lambda p: p["m"] > 1])
    with pytest.raises(SpaceError, match=r"raised KeyError: 'm' at {'n': 2}"):
        space.forbids({"n": 2})


def test_a_space_that_forbids_everything_says_so():
    space = Space({"n": Int(0, 3)}, forbid=[lambda _: True])
    with pytest.raises(SpaceError, match="forbids every one of its points"):
        space.sample(random.Random(0))


def test_a_point_that_a_user_wrote_becomes_plain():
    space = Space(solver_space())
    point = space.canonical(
        {
            "solver": "sgd",
            "momentum": np.float32(0.5),
            "momentum_kind": "none",
            "tol": 1,
        }
    )
    assert point == {"solver": "sgd", "momentum": 0.5, "momentum_kind": "none"}
    assert type(point["momentum"]) is float


def test_all_that_is_wrong_with_a_point_is_told_at_once():
    space = Space(solver_space())
    with pytest.raises(SpaceError) as caught:
        space.canonical(
            {"solvr": 1, "solver": "sgd", "momentum": 3}, what="The baseline"
        )
    assert str(caught.value).splitlines()[:4] == [
        "The baseline is not in the search space:",
        "  - 'solvr' is no parameter; did you mean 'solver'?",
        "  - 'momentum' is 3, outside [0.0, 0.99]",
        "  - 'momentum_kind' is active but has no value",
    ]
    with pytest.raises(SpaceError, match=r"'momentum' is 0\.5, but is not active"):
        space.canonical({"solver": "adam", "momentum": 0.5})


def test_violations_are_strict():
    space = Space(solver_space())
    assert space.violations({"solver": "adam"}) == []
    momentum = space["momentum"]
    found = space.violations({"solver": "sgd", "momentum": 1, "nesterov": True})
    assert found == [
        "'momentum_kind' is active but missing",
        "'nesterov' is not active",
        f"'momentum' is 1 (int), not in {momentum!r}",
    ]


def test_a_sample_is_a_point_of_the_space():
    space = Space(solver_space())
    rng = random.Random(0)
    for _ in range(200):
        assert space.violations(space.sample(rng)) == []


def test_sampling_touches_nothing_global():
    before = random.getstate(), np.random.get_state()[1].tobytes()
    Space(solver_space()).sample(random.Random(0))
    assert (random.getstate(), np.random.get_state()[1].tobytes()) == before


def test_the_size_of_a_space():
    assert Space({"n": Int(1, 4), "c": Categorical(["a", "b"]), "k": 5}).size == 8
    assert Space({"f": Float(0, 1, step=0.5)}).size == 3
    assert Space({"x": Float(0, 1), "n": Int(1, 4)}).size is None
    assert Space({"x": Float(1, 1)}).size == 1


EVERYTHING = {
    "x": Float(-5, 5),
    "lr": Float(1e-5, 1e-1, log=True),
    "drop": Float(0, 0.5, step=0.1),
    "g": Float(0, 10, prior=Normal(4, 2)),
    "h": Float(0.1, 10, prior=LogNormal(0, 1)),
    "n": Int(1, 9),
    "batch": Int(16, 256, log=True),
    "k": Int(0, 12, step=4),
    "c": Categorical([None, 1, "1", 0.5, False]),
    "size": Categorical(["s", "m", "l"], ordered=True),
    "w": Categorical(["p", "q", "r"], weights=[1, 2, 4]),
    "obj": Categorical({"narrow": (32,), "wide": (128,)}),
    "child": Float(0, 1, when={"c": [None, 1], "n": 3}),
    "const": [1, 2],
}


def test_a_space_survives_json():
    space = Space(EVERYTHING, forbid=[{"c": "1", "n": [1, 2]}])
    data = json.loads(json.dumps(space.to_json()))
    assert data["version"] == 1
    again = Space.from_json(data)
    assert again == space
    assert hash(again) == hash(space)
    assert again.to_json() == space.to_json()
    assert list(again) == list(space)
    rngs = random.Random(1), random.Random(1)
    for _ in range(20):
        assert again.sample(rngs[0]) == space.sample(rngs[1])


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_space_with_anything_changed_is_another(name):
    full = Space(EVERYTHING)
    changed = {**EVERYTHING, name: Int(100, 200, when={"obj": "wide"})}
    if name not in {"c", "n", "obj"}:
        assert Space(changed) != full
        assert full != Space({n: p for n, p in EVERYTHING.items() if n != name})


def test_spaces_are_values():
    one, two = Space(EVERYTHING), Space(dict(EVERYTHING))
    assert one == two
    assert {one: "seen"}[two] == "seen"
    assert one != dict(EVERYTHING)
    assert one != Space(EVERYTHING, forbid=[{"c": 1}])
    assert one != Space(dict(reversed(EVERYTHING.items())))


def test_the_json_form_is_the_same_in_every_process():
    source = (
        "import json, hpbridge as hpb\n"
        "c = hpb.Categorical(list('abcdef'))\n"
        "x = hpb.Float(0, 1, when={'c': set('abcdef')})\n"
        "forbid = [{'c': {'a', 'b', 'd'}}]\n"
        "print(json.dumps(hpb.Space({'c': c, 'x': x}, forbid=forbid).to_json()))"
    )
    texts = set()
    for seed in ("1", "2", "3"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", source]
        texts.add(subprocess.check_output(command, env=env, text=True))
    assert len(texts) == 1


def test_a_predicate_is_named_in_json_and_what_it_forbids_is_allowed_then():
    def too_wide(_):
        return False

    space = Space({"n": Int(0, 3)}, forbid=[too_wide])
    data = space.to_json()
    assert data["predicates"][0].endswith("too_wide")
    again = Space.from_json(data)
    assert again == space
    assert again.lost == again.functions == (data["predicates"][0],)
    assert "the space was read without the function" in again.notes[0]
    assert not again.is_restricted
    assert again.sample(random.Random(0))["n"] in range(4)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"version": 99, "parameters": {}}, "its version is 99; this hpbridge knows 1"),
        ({"version": "1", "parameters": {}}, "its version is '1'"),
        ({}, "it is not a space written by hpbridge"),
        ([], "it is not a space written by hpbridge"),
        ({"version": 1, "parameters": {"x": {}}}, "not a space written by hpbridge"),
        ({"version": 1, "parameters": {"x": {"type": "magic"}}}, "not a space written"),
        (
            {"version": 1, "parameters": {"x": {"type": "float", "prior": []}}},
            "not a space written",
        ),
        (
            {"version": 1, "parameters": {"x": {"type": "int", "low": 3, "high": 1}}},
            "the range [3, 1] is reversed",
        ),
    ],
)
def test_damaged_json_is_refused(data, text):
    with pytest.raises(SpaceError) as caught:
        Space.from_json(data)
    assert text in str(caught.value)


def test_public_names_are_reached_from_the_package():
    assert hpb.Space is Space
    assert hpb.Normal is Normal


def test_a_name_inside_another_problem_hides_nothing():
    space = Space({"n": Int(0, 3), "x": Float(0, 1, when={"n": 2})})
    with pytest.raises(SpaceError) as caught:
        space.canonical({"n": 1, "x": 0.5, "unknown": 1})
    assert [problem.partition(";")[0] for problem in caught.value.problems] == [
        "'unknown' is no parameter",
        "'x' is 0.5, but is not active",
    ]


def test_what_hangs_below_a_wrong_value_is_not_called_inactive():
    space = Space(
        {
            "n": Int(0, 3),
            "m": Int(0, 3, when={"n": 2}),
            "x": Float(0, 1, when={"m": 1}),
        }
    )
    with pytest.raises(SpaceError) as caught:
        space.canonical({"n": 9, "m": 1, "x": 0.5})
    assert caught.value.problems == ("'n' is 9, outside [0, 3]",)
