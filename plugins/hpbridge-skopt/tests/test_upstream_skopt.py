"""What is told of private names of the real library that are gone or changed."""

from __future__ import annotations

import importlib
import sys

import pytest
import skopt

from hpbridge.errors import HpbridgeError
from hpbridge_skopt import SPEC


def test_nothing_is_wrong_with_what_is_installed():
    assert SPEC.upstream() == []


def test_a_design_that_is_kept_elsewhere_is_told(monkeypatch):
    made = skopt.Optimizer.__init__

    def init(self, *args, **kwargs):
        made(self, *args, **kwargs)
        self.design_ = self.__dict__.pop("_initial_samples")

    monkeypatch.setattr(skopt.Optimizer, "__init__", init)
    (problem,) = SPEC.upstream()
    assert "has no skopt.Optimizer._initial_samples: where trials fail" in problem


def test_a_design_that_is_another_thing_is_told(monkeypatch):
    made = skopt.Optimizer.__init__

    def init(self, *args, **kwargs):
        made(self, *args, **kwargs)
        self._initial_samples = None

    monkeypatch.setattr(skopt.Optimizer, "__init__", init)
    (problem,) = SPEC.upstream()
    assert "has changed skopt.Optimizer._initial_samples: " in problem


@pytest.mark.parametrize("name", ["_make_optimizer", "_step"])
def test_a_method_that_nobody_calls_is_told(monkeypatch, name):
    def run_search(self, evaluate_candidates):
        """As of a version that does it in another way."""

    monkeypatch.setattr(skopt.BayesSearchCV, "_run_search", run_search)
    problems = SPEC.upstream()
    assert any(f"has changed skopt.BayesSearchCV.{name}: " in each for each in problems)
    monkeypatch.delattr(skopt.BayesSearchCV, name)
    problems = SPEC.upstream()
    assert any(f"has no skopt.BayesSearchCV.{name}: " in each for each in problems)


def test_a_search_that_would_not_be_ours_is_none(monkeypatch):
    monkeypatch.delattr(skopt.BayesSearchCV, "_make_optimizer")
    monkeypatch.delitem(sys.modules, "hpbridge_skopt.host.search", raising=False)
    with pytest.raises(HpbridgeError, match="would search with scikit-optimize's own"):
        importlib.import_module("hpbridge_skopt.host.search")
