from __future__ import annotations

import pytest

from hpbridge.testing.parity import PARITY_SPACES, run_bridge, run_native
from hpbridge_random import SPEC


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
@pytest.mark.parametrize("mode", PARITY_SPACES)
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_the_trials_are_those_of_the_printed_source(algorithm, mode, seed):
    space = PARITY_SPACES[mode]
    bridge = run_bridge(SPEC, algorithm, space, 30, seed)
    assert len(bridge) == 30
    assert bridge == run_native(SPEC, algorithm, space, 30, seed)
