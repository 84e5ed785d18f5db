"""The options of what can be chosen by name, in words."""

from __future__ import annotations

import dataclasses
from typing import Any


def options_of(options: type) -> list[dict[str, Any]]:
    """Return name, type and default of each option of a dataclass."""
    from typing import get_type_hints

    from hpbridge.contract.options import describe_type, is_needed

    hints = get_type_hints(options)
    return [
        {
            "name": each.name,
            "type": describe_type(hints[each.name]),
            "default": _default(each),
            "is_needed": is_needed(each),
        }
        for each in dataclasses.fields(options)
    ]


def _default(field: dataclasses.Field[Any]) -> Any:
    from hpbridge.contract.options import is_needed

    if is_needed(field):
        return None
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def words_of(options: type) -> str:
    """Return the options of a dataclass, a line each."""
    return "\n".join(
        each["name"] if each["is_needed"] else f"{each['name']}={each['default']}"
        for each in options_of(options)
    )
