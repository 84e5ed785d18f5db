"""Optuna's own suite for samplers, run on `BridgeSampler` with guests of each kind.

No case is excused. `MultiObjectiveSamplerTestCase` is for guests that take several
directions, `SingleOnlySamplerTestCase` for those that take one: each runs its own.
"""

from __future__ import annotations

import warnings
from typing import ClassVar

import pytest
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
    SingleOnlySamplerTestCase,
)

from hpbridge_optuna import BridgeSampler

pytestmark = pytest.mark.usefixtures("silent_optuna")


class Suite:
    """What the cases share: the guest."""

    optimizer: str
    options: ClassVar[dict[str, object]] = {}

    @pytest.fixture
    def sampler(self):
        return lambda: BridgeSampler(self.optimizer, seed=0, options=self.options)

    @pytest.fixture(autouse=True)
    def ignore_warnings_of_the_suite(self):
        with warnings.catch_warnings():
            # It narrows ranges and uses experimental samplers, of which Optuna warns.
            warnings.simplefilter("ignore")
            yield


class TestRandom(
    Suite, BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase
):
    optimizer = "random"


class TestHyperopt(
    Suite, BasicSamplerTestCase, RelativeSamplerTestCase, SingleOnlySamplerTestCase
):
    optimizer = "hyperopt:tpe"


class TestSkopt(
    Suite, BasicSamplerTestCase, RelativeSamplerTestCase, SingleOnlySamplerTestCase
):
    optimizer = "skopt:et"


class TestOptuna(
    Suite, BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase
):
    optimizer = "optuna:tpe"
    # The relative cases are for a model, as in Optuna's own tests of its sampler.
    options: ClassVar = {"n_startup_trials": 0}
