"""What users keep in results and attachments, as plain data where it is."""

from __future__ import annotations

from typing import Any

from hpbridge.plugin import plain_data

_DEEPEST = 20
_LONGEST = 10_000
_SIZED = (list, tuple, dict)


class NoJsonError(ValueError):
    """A value that is no plain data."""


def as_json(value: Any) -> Any:
    """Return plain data; bytes that are text as text.

    Raises:
        NoJsonError: If it is something else, nested too deep, or too long.
    """
    found = plain_data(_decoded(value))
    if found.as_text or _is_long(found.value):
        raise NoJsonError
    return found.value


def _decoded(value: Any, depth: int = 0) -> Any:
    if isinstance(value, bytes):
        return _text(value)
    if depth >= _DEEPEST:
        raise NoJsonError
    if isinstance(value, (list, tuple)):
        return [_decoded(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {name: _decoded(each, depth + 1) for name, each in value.items()}
    return value


def _is_long(value: Any) -> bool:
    if not isinstance(value, _SIZED):
        return False
    items = value.values() if isinstance(value, dict) else value
    return len(value) > _LONGEST or any(map(_is_long, items))


def _text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoJsonError from error
    if any(not c.isprintable() and c not in "\t\r\n" for c in text):
        raise NoJsonError
    return text
