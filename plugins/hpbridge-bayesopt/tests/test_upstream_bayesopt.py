"""What is told of private names of the real library that are gone or changed."""

from __future__ import annotations

import bayes_opt
import numpy as np
import pytest
from bayes_opt.target_space import TargetSpace

from hpbridge.contract.backend import Outcome, Problem
from hpbridge.errors import HpbridgeError
from hpbridge.space.parameters import Float
from hpbridge.space.space import Space
from hpbridge.trial import State
from hpbridge_bayesopt import SPEC

LIBRARY = bayes_opt.BayesianOptimization


def without(monkeypatch, cls, name):
    """Let objects of a class lose an attribute as soon as they are made."""
    made = cls.__init__

    def init(self, *args, **kwargs):
        made(self, *args, **kwargs)
        delattr(self, name)

    monkeypatch.setattr(cls, "__init__", init)


def test_nothing_is_wrong_with_what_is_installed():
    assert SPEC.upstream() == []


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (LIBRARY, "_random_state"),
        (LIBRARY, "_gp"),
        (LIBRARY, "_bounds_transformer"),
        (TargetSpace, "_allow_duplicate_points"),
    ],
)
def test_a_name_that_is_gone_is_told(monkeypatch, cls, name):
    without(monkeypatch, cls, name)
    assert any(f"{cls.__name__}.{name}: " in each for each in SPEC.upstream())


def test_a_space_that_shares_its_points_with_a_copy_is_told(monkeypatch):
    register = TargetSpace.register

    def register_in_place(self, *args, **kwargs):
        shared = self._params
        register(self, *args, **kwargs)
        shared.resize(self._params.shape, refcheck=False)
        shared[...] = self._params
        self._params = shared

    monkeypatch.setattr(TargetSpace, "register", register_in_place)
    monkeypatch.setattr(TargetSpace, "__len__", lambda self: len(self._params))
    (problem,) = SPEC.upstream()
    assert "has changed bayes_opt.target_space.TargetSpace.register: " in problem


def test_whoever_needs_a_name_that_is_gone_says_so(monkeypatch):
    problem = Problem(Space({"x": Float(0, 1)}))
    algorithm = SPEC.algorithms["ucb"]
    ours = SPEC.create(problem, algorithm, algorithm.options(init_points=1), 0)
    ours.tell(ours.ask(), Outcome(State.COMPLETE, (1.0,)))
    ours.ask()
    delattr(ours._library, "_gp")
    with pytest.raises(HpbridgeError, match="_gp: nothing can be asked beside") as told:
        ours.ask()
    assert "pip install 'bayesian-optimization==3.4.0'" in str(told.value)


def test_pending_points_leave_nothing_behind():
    problem = Problem(Space({"x": Float(0, 1)}))
    algorithm = SPEC.algorithms["ucb"]
    ours = SPEC.create(problem, algorithm, algorithm.options(init_points=1), 0)
    ours.tell(ours.ask(), Outcome(State.COMPLETE, (1.0,)))
    asked = {ours.ask().params["x"] for _ in range(3)}
    assert len(asked) == 3
    assert len(ours._library.space) == 1
    assert np.array_equal(ours._library.space.target, [-1.0])
