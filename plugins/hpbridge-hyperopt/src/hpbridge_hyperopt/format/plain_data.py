"""What users keep in results and attachments, as JSON data where it is."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

_DEEPEST = 20
_LONGEST = 10_000
_SIZED = (list, tuple, dict)


class NoJsonError(ValueError):
    """A value that is no plain data."""


def as_json(value: Any, depth: int = 0) -> Any:
    """Return plain data as standard JSON has it; bytes that are text as text.

    Raises:
        NoJsonError: If it is something else, nested too deep, or too long.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return _text(value)
    if depth >= _DEEPEST or (isinstance(value, _SIZED) and len(value) > _LONGEST):
        raise NoJsonError
    if isinstance(value, (list, tuple)):
        return [as_json(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {str(k): as_json(each, depth + 1) for k, each in value.items()}
    raise NoJsonError


def _text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoJsonError from error
    if any(not c.isprintable() and c not in "\t\r\n" for c in text):
        raise NoJsonError
    return text
