"""Optuna's distributions and `suggest_*` calls in our words."""

from __future__ import annotations

import warnings

import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

import hpbridge as hpb
from hpbridge.contract.native import read_native
from hpbridge.errors import SpaceError
from hpbridge_optuna.native.read import from_native, of_call, of_distribution


def test_every_kind_keeps_its_meaning():
    read = read_native(
        {
            "x": FloatDistribution(-1, 1),
            "rate": FloatDistribution(1e-5, 1, log=True),
            "half": FloatDistribution(0, 2, step=0.5),
            "n": IntDistribution(1, 9, step=4),
            "width": IntDistribution(1, 64, log=True),
            "kind": CategoricalDistribution(["a", 2, None]),
            "one": FloatDistribution(3, 3),
            "same": IntDistribution(3, 3, step=2),
        }
    )
    assert (read.direction, read.wrap) == ("", None)  # distributions say no way
    assert read.space == hpb.Space(
        {
            "x": hpb.Float(-1, 1),
            "rate": hpb.Float(1e-5, 1, log=True),
            "half": hpb.Float(0, 2, step=0.5),
            "n": hpb.Int(1, 9, step=4),
            "width": hpb.Int(1, 64, log=True),
            "kind": hpb.Categorical(["a", 2, None]),
            "one": hpb.Float(3, 3),
            "same": hpb.Int(3, 3),
        }
    )


@pytest.mark.parametrize("other", [None, 3, {}, {"x": 3}, {"x": hpb.Float(0, 1)}, []])
def test_other_things_are_left_to_others(other):
    assert from_native(other) is None


def test_each_entry_that_is_no_distribution_is_named():
    given = {"x": FloatDistribution(0, 1), "y": 3, "z": "a"}
    with pytest.raises(SpaceError, match="2 problems") as caught:
        from_native(given)
    assert "'y' is 3, no distribution" in str(caught.value)
    assert "'z' is 'a', no distribution" in str(caught.value)


def test_an_impossible_range_is_named():
    with pytest.raises(SpaceError, match=r"'x'.*must be a finite number"):
        from_native({"x": FloatDistribution(0, float("inf"))})


CALLS = [
    ("float", (0, 1), {}),
    ("float", (1e-3, 1), {"log": True}),
    ("float", (0, 1), {"step": 0.25}),
    ("int", (1, 9), {}),
    ("int", (1, 9), {"step": 2}),
    ("int", (1, 9), {"log": True}),
    ("categorical", (["a", True, None],), {}),
    ("uniform", (0, 1), {}),
    ("loguniform", (1e-3, 1), {}),
    ("discrete_uniform", (0, 1, 0.25), {}),
]


@pytest.mark.parametrize(("method", "args", "kwargs"), CALLS)
def test_a_call_says_what_its_distribution_says(method, args, kwargs):
    trial = optuna.create_study().ask()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        getattr(trial, f"suggest_{method}")("x", *args, **kwargs)
    assert of_call(method, *args, **kwargs) == of_distribution(trial.distributions["x"])


def test_a_call_that_optuna_would_not_take_is_none():
    with pytest.raises(ValueError, match="no suggest_bool"):
        of_call("bool")
    with pytest.raises(TypeError):
        of_call("float", 0)
