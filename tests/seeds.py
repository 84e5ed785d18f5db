"""The seeds of parity tests: the first one at once, the others behind the mark `slow`.

A difference from a library shows under the first seed all but always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hpbridge.testing.parity import SEEDS

if TYPE_CHECKING:
    from collections.abc import Iterable


def later_slow(cells: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Return parameters whose last one is a seed."""
    return [
        pytest.param(*cell, marks=[] if cell[-1] == SEEDS[0] else pytest.mark.slow)
        for cell in cells
    ]


EACH = later_slow((seed,) for seed in SEEDS)
"""Parameters of a test for every seed."""
