"""Arguments of a wrong kind to the host, all of them named at once."""

from __future__ import annotations

import numpy as np
import pytest

from hpbridge.errors import ArgumentError
from hpbridge_optuna import BridgeSampler


def test_all_arguments_of_a_wrong_kind_are_named_at_once() -> None:
    with pytest.raises(ArgumentError) as caught:
        BridgeSampler(3, seed="1", options=[4], constraints="c")  # type: ignore[arg-type]
    assert caught.value.headline == "BridgeSampler() got wrong arguments"
    assert list(caught.value.problems) == [
        "optimizer must be text, got 3",
        "seed must be a whole number in [0, 2**32), or None, got '1'",
        "options must be a dict by name, or None, got [4]",
        "constraints must be a list of texts, got 'c'",
    ]


def test_a_seed_of_numpys_is_a_seed() -> None:
    seed = np.int64(3)
    first, second = (BridgeSampler("random", seed=s) for s in (seed, 3))  # type: ignore[arg-type]
    assert first._recipe == second._recipe
