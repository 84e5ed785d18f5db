"""Numbers in JSON: NaN and infinities as strings, which standard JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def dump_number(value: float) -> float | str:
    """Return a finite number as it is, others as ``"nan"``, ``"inf"``, ``"-inf"``.

    `float` reads all of them back.
    """
    return value if math.isfinite(value) else repr(value)


def standard(data: Any) -> Any:
    """Return data as standard JSON can hold it: numbers that it lacks as strings."""
    if isinstance(data, float):
        return dump_number(data)
    if isinstance(data, Mapping):
        return {str(name): standard(item) for name, item in data.items()}
    if isinstance(data, (list, tuple)):
        return [standard(item) for item in data]
    return data
