"""Read text of JSON that anybody may have written."""

from __future__ import annotations

import json
from typing import Any

from hpbridge.contract.bounds import limit_values, too_large

_SMALL = 2**20
_OBJECTS = '[{",:'


def read_json_text(text: str | bytes) -> Any:
    """Return what a text of JSON holds; first it is counted whether that is too much.

    Raises:
        ValueError: If it is no JSON, nested too deep, or too much.

    Example:
        >>> read_json_text('{"lr": 0.1}')
        {'lr': 0.1}
    """
    try:
        if len(text) > _SMALL:
            # Each of these begins an object of Python's, most of them none.
            marks = _OBJECTS if isinstance(text, str) else map(str.encode, _OBJECTS)
            limit_values(sum(map(text.count, marks)) / 2)  # type: ignore[arg-type]
        return json.loads(text)
    except RecursionError:
        msg = "it is nested too deep"
        raise ValueError(msg) from None
    except MemoryError:
        msg = "it is more than fits into memory"
        raise too_large(msg) from None
