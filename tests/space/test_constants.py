"""Values of constants as JSON data: there and back."""

from __future__ import annotations

import collections
import json
import math
import time
from fractions import Fraction

import pytest

import hpbridge as hpb
from hpbridge.errors import SpaceError
from hpbridge.space.constants import constant_of, constant_to_json, types_as_text
from hpbridge.space.space import Space

EQUAL = [
    *(None, True, 1, -(2**70), 0.1, math.inf, -math.inf, "a", "\udfff", ""),
    *([], [64, 32], (64, 32), ((),), {"a": 1}, {}, {1: (2, {3: [4]})}, {(1, 2): {3}}),
    *({1, "a"}, frozenset({(1, 2)}), b"\0\xff", [math.inf, [-math.inf]]),
    *({"hpbridge:tuple": [1]}, {"hpbridge:other": 1}, {"hpbridge:dict": {"a": ()}}),
]


@pytest.mark.parametrize("value", EQUAL)
def test_they_come_back_as_they_were(value):
    back = constant_of(json.loads(json.dumps(constant_to_json(value), allow_nan=False)))
    assert back == value
    assert type(back) is type(value)
    assert types_as_text(value) == ()


def test_nan_comes_back():
    assert math.isnan(constant_of(constant_to_json([math.nan]))[0])


def test_of_other_values_the_text_is_kept_and_the_type_named():
    assert constant_to_json([1, len, Fraction(1, 3)])[1] == "len"
    assert types_as_text([1, len]) == ("builtin_function_or_method",)
    assert types_as_text((Fraction(1, 3), object())) == ("Fraction", "object")
    circle: list[object] = []
    circle += [circle, circle]
    assert types_as_text(circle) == ("list",)
    assert types_as_text(10**5000) == ("int",)
    json.dumps([constant_to_json(circle), constant_to_json(10**5000)])


def test_many_members_of_a_set_are_not_read_which_may_take_forever():
    n_members = 20_000
    colliding = [k * (2**61 - 1) for k in range(n_members)]
    start = time.process_time()
    for data in (
        {"hpbridge:set": colliding},
        {"hpbridge:dict": [[k, 0] for k in colliding]},
    ):
        space = {"version": 1, "parameters": {"c": {"type": "constant", "value": data}}}
        with pytest.raises(SpaceError, match="20000 members, not at most 1000"):
            Space.from_json(space)
    assert time.process_time() - start < 60
    assert types_as_text(set(range(2000))) == ("set",)


@pytest.mark.parametrize(
    "data", [{"hpbridge:bytes": "x"}, {"hpbridge:set": [[]]}, {"hpbridge:number": []}]
)
def test_damaged_ones_are_refused(data):
    space = {"version": 1, "parameters": {"c": {"type": "constant", "value": data}}}
    with pytest.raises(SpaceError, match="not a space written by hpbridge"):
        Space.from_json(space)


def test_a_condition_may_name_them():
    parameters = {"c": [64, (32,)], "x": hpb.Float(0, 1, when={"c": [[64, (32,)]]})}
    space = Space(parameters)
    back = Space.from_json(json.loads(json.dumps(space.to_json())))
    assert back == space
    assert back["x"].when == (("c", ([64, (32,)],)),)
    assert back.active({"x": 0.5}) == ["x"]


@pytest.fixture
def study(tmp_path):
    space = {
        "x": hpb.Float(0, 1),
        "layers": [64, (32, 16)],
        "cap": math.inf,
        "point": collections.namedtuple("Point", "x y")(1, 2),
        "loss": len,
    }
    experiment = hpb.Experiment(objective=objective, space=space)
    store = tmp_path / "s.db"
    return hpb.run(experiment, "random", n_trials=2, seed=0, store=store), store


def objective(trial):
    return trial["x"]


def test_the_store_keeps_them_and_a_note_names_others(study):
    made, store = study
    stored = hpb.load_study(made.name, store=store)
    values = stored.trials[0].values
    assert values["layers"] == [64, (32, 16)]
    assert values["cap"] == math.inf
    assert values["point"] == (1, 2)
    assert values["loss"] == "len"
    text = "the constant 'loss' is no plain data (builtin_function_or_method)"
    assert [note for note in stored.notes if note.startswith(text)]


def test_a_study_goes_on_whose_store_kept_their_text(study):
    from hpbridge.space.kinds import Constant

    made, _ = study
    experiment = hpb.Experiment(
        objective=objective, space={"x": hpb.Float(0, 1), "c": [1, 2]}
    )
    older = Space({"x": hpb.Float(0, 1), "c": Constant("[1, 2]")})
    other = Space({"x": hpb.Float(0, 1), "c": Constant("[1, 3]")})
    assert experiment.space.is_recorded_as(older)
    assert experiment.space.is_recorded_as(experiment.space)
    assert not experiment.space.is_recorded_as(other)
    assert not Space({"x": hpb.Float(0, 2)}).is_recorded_as(older)
    assert made.space != older
