"""Plain data as TOML, which Python reads and does not write."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

NULL = "hpbridge:null"
"""What stands for None, which TOML lacks: ``{"hpbridge:null" = true}``."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(data: Mapping[str, Any]) -> str:
    """Return data as the text of a TOML file: a table of each dict at the top.

    Example:
        >>> print(to_toml({"n": 3, "lr": {"low": 1e-05}}), end="")
        n = 3
        <BLANKLINE>
        [lr]
        low = 1e-05
    """
    lines = [f"{_key(k)} = {_value(v)}" for k, v in data.items() if not _is_table(v)]
    for name, table in data.items():
        if _is_table(table):
            lines += ["", f"[{_key(name)}]"] if lines else [f"[{_key(name)}]"]
            lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def with_none(data: Any) -> Any:
    """Return what was read of TOML with None where something stands for it."""
    if isinstance(data, dict):
        if data == {NULL: True}:
            return None
        return {name: with_none(value) for name, value in data.items()}
    if isinstance(data, list):
        return [with_none(value) for value in data]
    return data


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if value is None:
        return f"{{{_text(NULL)} = true}}"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, (bool, int, float)):
        return repr(value).lower()
    return _text(str(value))


def _text(text: str) -> str:
    # A string of JSON is one of TOML, but for one character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
