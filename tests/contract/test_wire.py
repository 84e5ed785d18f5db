"""Whatever crosses the contract is the same after it was JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbridge import Categorical, Constant, Float, Int, LogNormal, Quantized, Space
from hpbridge import errors as house
from hpbridge.contract import wire
from hpbridge.contract.backend import Outcome, PastTrial, Problem, Suggestion
from hpbridge.contract.options import read_options
from hpbridge.contract.pruning import Pruning
from hpbridge.contract.registry import registry
from hpbridge.errors import HpbridgeError
from hpbridge.trial import State

texts = st.one_of(
    st.text(max_size=5), st.sampled_from(["nan", "inf", "-inf", "float", "1", "None"])
)
labels = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts)
params = st.dictionaries(texts, labels, max_size=4)
data_of_json = st.recursive(
    labels,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=8,
)
natives = st.dictionaries(texts, data_of_json, max_size=3)
reports = st.lists(st.tuples(st.integers(), st.floats()), max_size=3).map(tuple)
numbers = st.lists(st.floats(), max_size=3).map(tuple)
outcomes = st.builds(Outcome, st.sampled_from(State), numbers, numbers, reports)

floats = st.builds(
    lambda a, w, log: Float(a, a + w, log=log),
    *(st.floats(1e-6, 1e6), st.floats(0.1, 1e6), st.booleans()),
)
choices = st.lists(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), texts),
    min_size=1,
    max_size=4,
    unique_by=repr,
)
parameters = st.one_of(
    floats,
    st.builds(lambda a, n: Int(a, a + n), st.integers(), st.integers(1, 99)),
    choices.map(Categorical),
    st.just(Quantized(1, 9, 0.5)),
    st.just(Float(0.1, 9, prior=LogNormal(0, 1))),
    st.sampled_from([0.5, 3, "nan", True]).map(Constant),
)
names = st.text(min_size=1, max_size=4)
spaces = st.dictionaries(names, parameters, min_size=1, max_size=4).map(Space)
problems = st.builds(
    Problem,
    *(spaces, st.integers(1, 3), st.integers(0, 2)),
    *(st.lists(texts, max_size=2).map(tuple), st.lists(texts, max_size=2).map(tuple)),
)


def crossed(data):
    """Return data as it comes out on the other side."""
    return json.loads(json.dumps(data, allow_nan=False))


def is_same(one, other) -> bool:
    """Say whether two things are equal, types and NaN included."""
    return repr(one) == repr(other)


@given(st.builds(Suggestion, st.integers(), params))
def test_a_suggestion_is_the_same(suggestion) -> None:
    data = crossed(wire.suggestion_to_json(suggestion))
    assert is_same(wire.suggestion_from_json(data), suggestion)


@given(outcomes)
def test_an_outcome_is_the_same(outcome) -> None:
    data = crossed(wire.outcome_to_json(outcome))
    assert is_same(wire.outcome_from_json(data), outcome)


@given(st.builds(PastTrial, params, outcomes, natives))
def test_a_trial_of_a_study_that_goes_on_is_the_same(trial) -> None:
    data = crossed(wire.past_trial_to_json(trial))
    assert is_same(wire.past_trial_from_json(data), trial)


@given(problems)
def test_a_problem_is_the_same(problem) -> None:
    read = wire.problem_from_json(crossed(wire.problem_to_json(problem)))
    assert read.space.to_json() == problem.space.to_json()
    assert dataclasses.replace(read, space=problem.space) == problem
    assert is_same(list(read.space.items()), list(problem.space.items()))


def test_a_problem_keeps_what_ends_its_trials_early() -> None:
    pruning = Pruning("threshold", {"upper": math.inf, "lower": None}, "a study")
    problem = Problem(Space({"x": Float(0, 1)}), pruning=pruning)
    assert wire.problem_from_json(crossed(wire.problem_to_json(problem))) == problem


@given(data_of_json)
def test_any_data_of_json_is_the_same(data) -> None:
    assert is_same(wire.free_from_json(crossed(wire.free_to_json(data))), data)


def test_a_space_keeps_its_conditions_and_what_is_forbidden() -> None:
    space = Space(
        {
            "a": Categorical(["x", True, None, 2]),
            "b": Float(0, 1, when={"a": [True, None]}),
        },
        forbid=[{"a": "x"}],
    )
    problem = wire.problem_from_json(crossed(wire.problem_to_json(Problem(space))))
    assert problem.space == space
    assert not problem.space.is_active("b", {"a": 2})
    assert problem.space.is_active("b", {"a": True})


def test_choices_that_are_objects_are_their_labels_on_the_other_side() -> None:
    problem = Problem(Space({"layers": Categorical({"one": (8,), "two": (8, 8)})}))
    read = wire.problem_from_json(crossed(wire.problem_to_json(problem)))
    assert read.space["layers"].labels == ("one", "two")


@dataclasses.dataclass(frozen=True)
class SomeOptions:
    """Options of every kind."""

    count: int = 3
    bound: float | None = math.inf
    word: str | None = "none"
    kind: Literal["a", "b"] = "b"
    pair: tuple[float, str] = (math.nan, "x")
    mix: tuple[tuple[float, Literal["r", "t"]], ...] | None = ((0.5, "r"), (0.5, "t"))
    more: dict[str, Any] = dataclasses.field(default_factory=lambda: {"float": [1]})


def test_options_are_the_same() -> None:
    data = crossed(wire.options_to_json(SomeOptions()))
    assert is_same(wire.options_from_json(SomeOptions, data), SomeOptions())
    other = SomeOptions(bound=None, word=None, mix=None, more={"x": [[], {}]})
    data = crossed(wire.options_to_json(other))
    assert is_same(wire.options_from_json(SomeOptions, data), other)


ALGORITHMS = [
    (f"{spec.name}:{name}", algorithm)
    for spec in registry().libraries.values()
    for name, algorithm in spec.algorithms.items()
]


@pytest.mark.parametrize(
    ("name", "algorithm"), ALGORITHMS, ids=[n for n, _ in ALGORITHMS]
)
def test_options_of_every_installed_algorithm_are_the_same(name, algorithm) -> None:
    for given_options in ({}, algorithm.quick):
        options = read_options(name, algorithm.options, given_options)
        data = crossed(wire.options_to_json(options))
        assert wire.options_from_json(algorithm.options, data) == options


def test_an_option_that_is_no_data_is_named() -> None:
    with pytest.raises(TypeError, match="option 'word' is no JSON data: <object"):
        wire.options_to_json(SomeOptions(word=object()))


HOUSE = [
    kind
    for kind in vars(house).values()
    if isinstance(kind, type) and issubclass(kind, HpbridgeError)
]


@pytest.mark.parametrize("kind", HOUSE, ids=lambda kind: kind.__name__)
def test_an_error_is_the_same(kind) -> None:
    error = kind("A is wrong", ["'x' is 3", "☃"], "say x=2")
    read = wire.error_from_json(crossed(wire.error_to_json(error)))
    assert type(read) is kind
    assert str(read) == str(error)
    assert (read.headline, read.problems, read.hint) == (
        *(error.headline, error.problems, error.hint),
    )


def test_an_error_keeps_why_a_history_is_refused() -> None:
    error = house.ForeignHistoryError.refused("x:y", "it forgets")
    read = wire.error_from_json(crossed(wire.error_to_json(error)))
    assert (read.reason, str(read)) == ("it forgets", str(error))


class OwnError(house.SpaceError):
    """Of a plugin: nobody else knows it."""


def test_an_error_that_nobody_knows_is_what_it_extends() -> None:
    data = crossed(wire.error_to_json(OwnError("A is wrong")))
    assert type(wire.error_from_json(data)) is house.SpaceError
    data["error"] = ["OfANewerVersionError", "nearest", "os"]
    assert type(wire.error_from_json(data)) is HpbridgeError


DAMAGED = [
    (wire.suggestion_from_json, {"id": 1}, "suggestion"),
    (wire.suggestion_from_json, None, "suggestion"),
    (wire.outcome_from_json, {"state": "gone", "values": []}, "outcome"),
    (wire.outcome_from_json, {"state": "failed", "values": ["x"]}, "outcome"),
    (wire.past_trial_from_json, {"params": {}, "outcome": {}}, "outcome"),
    (wire.problem_from_json, {"space": {"version": 99}}, "problem"),
    (wire.error_from_json, {"error": 3}, "error"),
]


@pytest.mark.parametrize(("read", "data", "what"), DAMAGED, ids=range(len(DAMAGED)))
def test_what_is_something_else_is_told_in_a_phrase(read, data, what) -> None:
    with pytest.raises(ValueError, match=f"it is no {what} ") as caught:
        read(data)
    assert "\n" not in str(caught.value)


def test_options_of_another_algorithm_are_told_in_a_phrase() -> None:
    with pytest.raises(ValueError, match=r"no set of options \(KeyError: 'other'\)"):
        wire.options_from_json(SomeOptions, {"other": 1})
