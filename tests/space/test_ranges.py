"""Ranges that no number can count: told in a sentence, wherever one meets them."""

from __future__ import annotations

import math

import pytest

import hpbridge as hpb
from hpbridge.errors import SpaceError

HUGE = 10**400
WRONG = {
    "too many values": hpb.Float(0.1, 9e188, step=0.1),
    "gives the range": hpb.Quantized(0, 1e300, 1e-300),
    "high must be a finite number": hpb.Float(0, HUGE),
    "low must be a finite number": hpb.Int(-HUGE, 0),
    "high must be a finite number, got 1": hpb.Quantized(0, HUGE, 1),
    "<int of 16610 bits>": hpb.Int(0, 10**5000),
    "q must be a positive finite number": hpb.Quantized(0, 1, HUGE),
    "high must be a number, got 1": hpb.Int(0, HUGE, prior=hpb.Normal(0, 1)),
    "no mass in": hpb.Float(8.4, 9, prior=hpb.Normal(0, 1)),
    "no mass": hpb.Quantized(40, 50, 0.5, prior=hpb.Normal(0, 1)),
}


@pytest.mark.parametrize(("text", "parameter"), WRONG.items())
def test_a_space_says_what_is_wrong(text, parameter):
    with pytest.raises(SpaceError) as caught:
        hpb.Space({"x": parameter})
    assert text in str(caught.value)


SEVERAL = {
    hpb.Float(3, 1, log=True, step=-1): ["is reversed", "step must", "exclude each"],
    hpb.Float(-1, 1, log=True, step=0.5): ["needs low > 0", "exclude each"],
    hpb.Float(math.nan, 1, step=0): ["low must", "step must be positive"],
    hpb.Int(3, -1, log=True, step=0): ["reversed", "at least 1", "exclude each"],
    hpb.Float(3, 1, step=1, prior=hpb.Normal(0, -1)): [
        "is reversed",
        "step= and prior= exclude",
        "sigma > 0",
    ],
    hpb.Quantized(3, 1, -1, log="yes"): ["is reversed", "q must be", "log must be"],
}


@pytest.mark.parametrize(("parameter", "texts"), SEVERAL.items())
def test_all_mistakes_of_one_parameter_are_said_at_once(parameter, texts):
    with pytest.raises(SpaceError) as caught:
        hpb.Space({"x": parameter})
    assert len(caught.value.problems) == len(texts)
    assert all(text in str(caught.value) for text in texts)


FAR = [(40, 50), (8.4, 9), (-50, -40), (-math.inf, -1e300), (1e300, math.inf)]


@pytest.mark.parametrize(("low", "high"), FAR)
@pytest.mark.parametrize("kind", [hpb.Float, hpb.Int])
def test_a_range_without_mass_has_no_quantiles(low, high, kind):
    ends = (math.floor(low), math.ceil(high)) if math.isfinite(low + high) else (9, 12)
    parameter = kind(
        *(ends if kind is hpb.Int else (low, high)), prior=hpb.Normal(0, 1)
    )
    for ask in (parameter.quantile, parameter.cumulative):
        with pytest.raises(SpaceError, match="no mass in"):
            ask(0.5)


def test_a_grid_without_end_has_no_last_value():
    parameter = WRONG["too many values"]
    for name in ("last", "n_values", "grid"):
        with pytest.raises(SpaceError, match="too many values"):
            getattr(parameter, name)
