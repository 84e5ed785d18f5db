"""Each codec by itself: what it encodes, it decodes."""

from __future__ import annotations

import itertools
import math
import random

import pytest

import hpbridge as hpb
from hpbridge.encoding.codecs import LogRound, Quantize


@pytest.mark.parametrize("power", range(47))
def test_a_logarithm_of_a_whole_number_comes_back(power):
    codec = LogRound(hpb.Int(1, 2**50, log=True))
    for value in {max(2**power + k, 1) for k in (-1, 0, 1)}:
        assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize("power", [49, 53, 62, 900])
def test_what_a_library_proposes_comes_back_however_large(power):
    codec = LogRound(hpb.Int(1, 2**power, log=True))
    rng = random.Random(0)
    for _ in range(200):
        value = codec.decode(rng.uniform(codec.native.low, codec.native.high))
        assert codec.decode(codec.encode(value)) == value
    assert "beyond 2**46" in codec.note
    assert "beyond 2**46" not in LogRound(hpb.Int(1, 2**46, log=True)).note


_QUANTA = list(itertools.product([1, 2, 6, 0.05], [1, 4, 4.0, 0.1, 20], [1, 3, 7.5]))


@pytest.mark.parametrize(("low", "q", "n"), _QUANTA)
def test_every_multiple_comes_back_those_at_an_end_on_a_tie_too(low, q, n):
    parameter = hpb.Quantized(low, low + q * n, q, log=True)
    codec = Quantize(parameter)
    for value in parameter.grid:
        native = codec.encode(value)
        assert codec.native.low <= native <= codec.native.high
        decoded = codec.decode(native)
        assert decoded == value
        printed = eval(codec.source(repr(native)), {"math": math})
        assert (printed, type(printed)) == (decoded, type(decoded))
