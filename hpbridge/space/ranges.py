"""Ranges of numbers: what is wrong with one, and a value that just misses its end."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, cast

from hpbridge.errors.foreign import shown
from hpbridge.space.plain import is_number

# Floats count whole numbers up to here.
_MOST_VALUES = 2**53
# Libraries return bounds that are a few rounding errors off, exp(log(b)) above all.
_BOUND_TOLERANCE = 1e-12


def bound_to_json(bound: float) -> float | str:
    """Return the end of a range as JSON data, which has no infinity."""
    return bound if math.isfinite(bound) else repr(float(bound))


def bound_of(data: Any) -> Any:
    """Return the end of a range that `bound_to_json` wrote."""
    return float(data) if data in {"inf", "-inf"} else data


def float_of(value: float) -> float:
    """Return a number as a float; what is too large for one as it is, to be told of."""
    return float(value) if is_finite(value) or isinstance(value, float) else value


def is_finite(value: float) -> bool:
    """Say whether a number is one that a float can hold."""
    try:
        return math.isfinite(value)
    except OverflowError:  # of a whole number
        return False


def clamped(value: float, low: float, high: float) -> float:
    """Return the bound for a value that missed it by rounding only."""
    if low <= value <= high:
        return value
    ends = [abs(end) for end in (low, high) if math.isfinite(end)]
    slack = _BOUND_TOLERANCE * max(ends, default=0.0)
    if low - slack <= value < low:
        return low
    if high < value <= high + slack:
        return high
    return value


def step_too_large(step: object, low: object, high: object) -> str:
    """Return the sentence for a step that is wider than its range."""
    return f"step={step!r} is larger than the range [{low!r}, {high!r}]"


def range_problems(low: object, high: object, step: object) -> list[str]:
    """Return what is wrong with a range, and with its step if it has one."""
    given = [("low", low), ("high", high), ("step", step)]
    found = [
        f"{name} must be a finite number, got {shown(value)}"
        for name, value in given
        if not (name == "step" and value is None) and not is_finite_number(value)
    ]
    if is_finite_number(low) and is_finite_number(high):
        found += _end_problems(cast("float", low), cast("float", high))
    if is_finite_number(step) and cast("float", step) <= 0:
        found.append(f"step must be positive, got {step!r}")
    if found or step is None or low == high:
        return found
    return _grid_problems(*cast("tuple[float, float, float]", (low, high, step)))


def is_finite_number(value: object) -> bool:
    """Say whether something is a number that a float can hold."""
    return is_number(value) and is_finite(cast("float", value))


def _end_problems(low: float, high: float) -> list[str]:
    if low > high:
        return [f"the range [{low!r}, {high!r}] is reversed"]
    if isinstance(low, float) and not math.isfinite(high - low):
        return [f"the range [{low!r}, {high!r}] is wider than a float can hold"]
    return []


def _grid_problems(low: float, high: float, step: float) -> list[str]:
    # In decimal, as it is written: in binary, 0.3 - 0.2 is less than 0.1.
    if Decimal(repr(step)) > Decimal(repr(high)) - Decimal(repr(low)):
        return [step_too_large(step, low, high)]
    if (high - low) / step > _MOST_VALUES:
        return [f"step={step!r} gives the range [{low!r}, {high!r}] too many values"]
    return []
