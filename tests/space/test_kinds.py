"""A kind of parameter is one class: a new one is defined here and goes all the way."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

import hpbridge as hpb
from hpbridge.contract.backend import Problem
from hpbridge.contract.capabilities import Feature, emulated
from hpbridge.encoding.encode import encode
from hpbridge.engine.run import run
from hpbridge.space.kinds import KINDS, Searched, freeze_when
from hpbridge.testing import check_backend, marginal_checks
from hpbridge.testing.case import Case
from hpbridge_random import SPEC
from tests.wrong_plugins import ALGORITHM, Wrapped, spec_of


@dataclass(frozen=True)
class Power(Searched):
    """A power of two: 2 ** low to 2 ** high, each as likely as any other."""

    low: int
    high: int
    when: Any = field(default=(), kw_only=True)

    can_be_parent = True
    feature = Feature.INT_LOG

    def __post_init__(self):
        object.__setattr__(self, "when", freeze_when(self.when))

    def problems(self):
        return [] if self.low <= self.high else ["the exponents are reversed"]

    @property
    def n_values(self):
        return self.high - self.low + 1

    def at(self, index):
        return 2 ** (self.low + index)

    def index(self, value):
        return int(value).bit_length() - 1 - self.low

    def draw(self, rng):
        return self.at(rng.randrange(self.n_values))

    def contains(self, value):
        is_int = type(value) is int and value > 0
        return is_int and value in self.grid

    def canonical(self, value):
        if value not in self.grid:
            msg = f"is {value!r}, no power of two in the range"
            raise ValueError(msg)
        return int(value)

    def _to_fields(self):
        return {"low": self.low, "high": self.high}


SPACE = hpb.Space(
    {"batch": Power(3, 5), "x": hpb.Float(0, 1, when={"batch": [8, 32]})},
    forbid=[{"batch": 16}],
)


def test_it_is_checked_and_conditioned_like_any_other():
    with pytest.raises(hpb.HpbridgeError, match="'b': the exponents are reversed"):
        hpb.Space({"b": Power(3, 1)})
    assert SPACE.size is None
    assert hpb.Space({"b": Power(3, 5)}).size == 3
    assert SPACE.canonical({"batch": 8.0, "x": 1}) == {"batch": 8, "x": 1.0}
    with pytest.raises(hpb.HpbridgeError, match="'batch' is 9, no power of two"):
        SPACE.canonical({"batch": 9, "x": 0.5})
    assert SPACE.active({"batch": 16}) == ["batch"]


def test_it_is_written_as_json_and_read_again():
    data = json.loads(json.dumps(SPACE.to_json()))
    assert data["parameters"]["batch"] == {"type": "power", "low": 3, "high": 5}
    assert hpb.Space.from_json(data) == SPACE
    child = Power(0, 2, when={"batch": 8})
    again = hpb.Space.from_json(hpb.Space({**SPACE, "child": child}).to_json())
    assert again["child"].when == (("batch", (8,)),)
    assert KINDS["power"] is Power


def test_it_is_drawn():
    rng = random.Random(0)
    drawn = [SPACE.sample(rng) for _ in range(50)]
    assert {point["batch"] for point in drawn} == {8, 32}
    assert all(SPACE.violations(point) == [] for point in drawn)


def test_it_is_searched_by_its_index():
    capabilities = ALGORITHM.capabilities.but({Feature.INT_LOG: emulated("index")})
    (algorithm,) = spec_of(Wrapped, capabilities=capabilities).algorithms.values()
    problem = Problem(hpb.Space({"batch": Power(3, 5)}))
    encoded = encode(problem, algorithm, algorithm.options())
    assert encoded.native == {"batch": hpb.Int(0, 2)}
    assert encoded.decode({"batch": 2}) == {"batch": 32}
    assert encoded.encode({"batch": 32}) == {"batch": 2}
    names: dict[str, Any] = {}
    exec(encoded.source(), names)
    assert names["decode"]({"batch": 1}) == {"batch": 16}


def test_a_native_one_is_read_and_stood_for():
    encoded = encode(Problem(hpb.Space({"b": Power(3, 5)})), ALGORITHM, None)
    assert encoded.decode({"b": 16.0}) == {"b": 16}
    assert encoded.codecs["b"].default() == 16


def test_a_study_of_it_is_run_and_its_results_are_read(tmp_path):
    store = tmp_path / "store.db"
    experiment = hpb.Experiment(
        space=SPACE, objective=lambda trial: float(trial["batch"]), name="powers"
    )
    study = run(experiment, backend="random", n_trials=8, seed=1, store=store)
    again = hpb.load_study(study.name, store)
    assert again.space == SPACE
    assert [t.params for t in again.trials] == [t.params for t in study.trials]
    assert {t.params["batch"] for t in again.trials} == {8, 32}


class PrefersSmallPowers(Wrapped):
    def value(self, parameter, value):
        return min(value, 16) if isinstance(parameter, Power) else value


def test_the_kit_checks_its_values_and_their_shares(monkeypatch):
    monkeypatch.setitem(marginal_checks.SPACE, "n", Power(3, 5))
    checks = {
        result.check
        for result in check_backend(spec_of(PrefersSmallPowers))
        if not result.passed
    }
    # What `explain` prints has no such preference.
    assert checks == {"grid", "explained_trials"}
    case = Case(SPEC, "random")
    marginal_checks.check_grid(case)
