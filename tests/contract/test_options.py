from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from hpbridge.contract.backend import NoOptions
from hpbridge.contract.options import changed_options, document_options, read_options
from hpbridge.errors import OptionError


@dataclass(frozen=True)
class Common:
    """What two algorithms share."""

    n_startup_trials: int = 10
    """Random trials before the model."""


@dataclass(frozen=True)
class Options(Common):
    """Options of every kind."""

    gamma: float = 0.25
    """The share of good trials,
    as a fraction."""
    group: bool = False
    """Whether to split."""
    kind: Literal["sobol", "halton"] = "sobol"
    """Which sequence."""
    limit: int | None = None
    """How many at most."""
    either: float | str = "auto"
    """A number or a word."""
    bounds: tuple[float, float] = (0.0, 1.0)
    """Two numbers."""
    layers: tuple[int, ...] = ()
    """Any number of them."""
    grid: dict[str, list[float]] = field(default_factory=dict)
    """Values by name."""

    def __post_init__(self) -> None:
        if self.gamma <= 0:
            msg = f"gamma must be positive, got {self.gamma!r}"
            raise ValueError(msg)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("n_startup_trials", "5", 5),
        ("gamma", "0.5", 0.5),
        ("gamma", 1, 1.0),
        ("group", "true", True),
        ("group", "0", False),
        ("group", True, True),
        ("kind", "halton", "halton"),
        ("limit", "none", None),
        ("limit", "7", 7),
        ("limit", None, None),
        ("either", "0.5", 0.5),
        ("either", "auto", "auto"),
        ("bounds", "[1, 2]", (1.0, 2.0)),
        ("bounds", (1, 2), (1.0, 2.0)),
        ("layers", "[3, 4, 5]", (3, 4, 5)),
        ("layers", [3], (3,)),
        ("grid", '{"x": [1.5]}', {"x": [1.5]}),
    ],
)
def test_a_value_is_read_as_the_type_of_its_field(name, given, value):
    read = getattr(read_options("b:a", Options, {name: given}), name)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("n_startup_trials", "many", "'n_startup_trials' must be int, got 'many'"),
        ("n_startup_trials", 1.5, "'n_startup_trials' must be int, got 1.5"),
        ("n_startup_trials", True, "'n_startup_trials' must be int, got True"),
        ("gamma", None, "'gamma' must be float, got None"),
        ("group", "maybe", "'group' must be bool, got 'maybe'"),
        ("group", 3, "'group' must be bool, got 3"),
        ("kind", "lhs", "'kind' must be 'sobol' or 'halton', got 'lhs'"),
        ("limit", "few", "'limit' must be int or None, got 'few'"),
        ("bounds", "[1]", "'bounds' must be tuple[float, float], got '[1]'"),
        ("bounds", "1, 2", "'bounds' must be tuple[float, float], got '1, 2'"),
        ("layers", "[1.5]", "'layers' must be tuple[int, ...], got '[1.5]'"),
        ("grid", "[]", "'grid' must be dict[str, list[float]], got '[]'"),
        ("gama", 1, "there is no option 'gama'; did you mean 'gamma'?"),
        ("gamma", 0, "gamma must be positive, got 0.0"),
    ],
)
def test_a_wrong_option_is_refused_with_name_type_and_value(name, given, problem):
    with pytest.raises(OptionError) as caught:
        read_options("b:a", Options, {name: given})
    assert str(caught.value) == (
        f"Optimizer 'b:a' got wrong options:\n  - {problem}\n"
        "Hint: `hpbridge backends b:a` lists the options."
    )


def test_all_wrong_options_are_told_at_once():
    with pytest.raises(OptionError) as caught:
        read_options("b:a", Options, {"gama": 1, "group": "maybe", "limit": "few"})
    assert str(caught.value).count("\n  - ") == 3


def test_nothing_given_is_the_defaults():
    assert read_options("b:a", Options, {}) == Options()
    assert read_options("b:a", NoOptions, {}) == NoOptions()


def test_the_documentation_is_read_from_the_class():
    docs = {doc.name: doc for doc in document_options(Options)}
    assert list(docs)[:2] == ["n_startup_trials", "gamma"]
    assert docs["n_startup_trials"].text == "Random trials before the model."
    assert docs["gamma"].text == "The share of good trials, as a fraction."
    assert docs["gamma"].default == "0.25"
    assert docs["kind"].kind == "'sobol' or 'halton'"
    assert docs["limit"].kind == "int or None"
    assert docs["bounds"].kind == "tuple[float, float]"
    assert docs["grid"].default == "{}"
    assert document_options(NoOptions) == []


def test_changed_options_are_those_that_differ_from_their_defaults():
    assert changed_options(Options()) == {}
    changed = Options(gamma=0.5, grid={"x": [1.0]}, n_startup_trials=3)
    assert changed_options(changed) == {
        "n_startup_trials": 3,
        "gamma": 0.5,
        "grid": {"x": [1.0]},
    }


def test_an_option_whose_name_is_no_text_is_told_with_the_others() -> None:
    with pytest.raises(OptionError) as caught:
        read_options("b:a", Options, {1: 2, "gama": 1})  # type: ignore[dict-item]
    assert caught.value.problems[0] == "options are named by text, got 1"
    assert len(caught.value.problems) == 2
