"""Numbers in JSON: NaN and infinities as strings, which standard JSON can hold."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def dump_number(value: float) -> float | str:
    """Return a finite number as it is, others as ``"nan"``, ``"inf"``, ``"-inf"``."""
    return value if math.isfinite(value) else repr(value)


def standard(data: Any) -> Any:
    """Return data as standard JSON can hold it: numbers that it lacks as strings."""
    if isinstance(data, float):
        return dump_number(data)
    if isinstance(data, dict):
        return {str(name): standard(item) for name, item in data.items()}
    if isinstance(data, (list, tuple)):
        return [standard(item) for item in data]
    return data


def dump_metrics(metrics: Mapping[str, float]) -> str:
    """Return metrics as JSON text."""
    return json.dumps({name: dump_number(value) for name, value in metrics.items()})


def load_metrics(text: str) -> dict[str, float]:
    """Return the metrics that `dump_metrics` wrote."""
    return {name: float(value) for name, value in json.loads(text).items()}


def dump_reports(reports: Iterable[tuple[int, float]]) -> str | None:
    """Return (step, value) pairs as JSON text, None when there are none."""
    pairs = [[step, dump_number(value)] for step, value in reports]
    return json.dumps(pairs) if pairs else None


def load_reports(text: str | None) -> tuple[tuple[int, float], ...]:
    """Return the pairs that `dump_reports` wrote."""
    pairs: list[Any] = json.loads(text) if text else []
    return tuple((int(step), float(value)) for step, value in pairs)
