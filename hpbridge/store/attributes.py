"""User attributes in the cells of a table, and back.

Text that nobody takes for something else stands as it is; numbers and bools too;
everything else is JSON. So a table reads well, and nothing is lost in it.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

PREFIX = "attribute:"
"""Before the name of an attribute, in a table's header."""

_BOOLS = {"True": True, "False": False}


_NOT_IN_FILES = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Say whether a file of text in UTF-8 can hold a text, and be told from others."""
    return _NOT_IN_FILES.search(text) is None


def to_cell(value: Any) -> str | int | float | bool:
    """Return an attribute as a table holds it.

    Example:
        >>> [to_cell(each) for each in ("ada", "3", 3, True, None, [1])]
        ['ada', '"3"', 3, True, 'null', '[1]']
    """
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str) and value and from_cell(value) == value:
        return value if is_storable(value) else json.dumps(value)
    return json.dumps(value)


def from_cell(cell: Any) -> Any:
    """Return the attribute that `to_cell` wrote; other cells as they are."""
    if not isinstance(cell, str):
        return cell
    if cell in _BOOLS:
        return _BOOLS[cell]
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell
