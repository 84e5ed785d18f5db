from __future__ import annotations

import pytest

from hpbridge.contract.optimizers import OptimizerName, read_name
from hpbridge.errors import OptimizerNameError


def read(text):
    joined = {"portfolio": ("equal", "gumbel")}
    return read_name(text, joined.get)


@pytest.mark.parametrize("text", ["optuna", "skopt:gp", "asha:ray:more"])
def test_what_joins_nothing_is_backend_and_algorithm(text):
    backend, _, algorithm = text.partition(":")
    assert read(text) == OptimizerName(backend, algorithm)
    assert str(read(text)) == text


@pytest.mark.parametrize(
    ("text", "algorithm", "members"),
    [
        ("portfolio:optuna:tpe+skopt:gp", "", ["optuna:tpe", "skopt:gp"]),
        ("portfolio:gumbel:optuna:tpe+skopt", "gumbel", ["optuna:tpe", "skopt"]),
        ("portfolio:equal:optuna", "equal", ["optuna"]),
        ("portfolio:optuna + skopt:gp", "", ["optuna", "skopt:gp"]),
    ],
)
def test_members_are_joined_behind_the_algorithm(text, algorithm, members):
    name = read(text)
    assert (name.backend, name.algorithm) == ("portfolio", algorithm)
    assert [str(member) for member in name.members] == members
    assert str(name) == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("portfolio", "none is named"),
        ("portfolio:", "none is named"),
        ("portfolio:gumbel", "none is named"),
        ("portfolio:gumbel:", "none is named"),
        ("portfolio:optuna+", "a member has no name"),
        ("portfolio:+", "a member has no name"),
        ("portfolio:optuna+portfolio:skopt", "it has members itself"),
        ("optuna+skopt", "joins the members of a portfolio alone"),
        ("optuna:tpe+skopt:gp", "joins the members of a portfolio alone"),
        ("optuna:tpe@old", "the environment 'old'"),
        ("portfolio:optuna@old+skopt", "the environment 'old'"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(text, problem):
    with pytest.raises(OptimizerNameError, match=problem) as raised:
        read(text)
    assert repr(text) in raised.value.headline
    assert raised.value.hint


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(OptimizerNameError) as raised:
        read("portfolio:optuna@old++portfolio")
    assert len(raised.value.problems) == 3
