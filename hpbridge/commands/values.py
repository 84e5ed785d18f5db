"""Values of parameters as a program in any language gets them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpbridge.space.categorical import Categorical
from hpbridge.space.constants import constant_to_json
from hpbridge.space.kinds import Constant
from hpbridge.space.plain import plain_number
from hpbridge.space.toml_text import to_toml

if TYPE_CHECKING:
    from hpbridge.space.space import Space


def plain(value: object) -> Any:
    """Return a value as JSON has it.

    Raises:
        ValueError: If JSON has no such value.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    number = plain_number(value)
    if isinstance(number, (int, float)):
        return number
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {str.__str__(name): plain(each) for name, each in value.items()}
    msg = f"{type(value).__name__} {value!r:.80}"
    raise ValueError(msg)


def text_of(value: object) -> str:
    """Return the text of a value: of a string itself, of all else its JSON.

    Example:
        >>> text_of("a b"), text_of(1e-05), text_of(True), text_of((32, 16))
        ('a b', '1e-05', 'true', '[32, 16]')
    """
    found = plain(value)
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def file_of(values: Mapping[str, object], form: str) -> str:
    """Return the text of the file with a trial's parameters: JSON or TOML."""
    found = {name: plain(value) for name, value in values.items()}
    if form == "toml":
        return to_toml(found)
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def value_problems(space: Space, *, is_toml: bool) -> list[str]:
    """Say which values of a space no command can be given."""
    found: list[str] = []
    for name, values in _fixed_values(space):
        for value in values:
            try:
                given = plain(value)
            except ValueError as error:
                found.append(
                    f"{name!r} has the {error}, which is no value for a command"
                )
                continue
            if is_toml and _has_none(given):
                found.append(f"{name!r} has None in {value!r}, which TOML lacks")
            if "\0" in text_of(value):
                found.append(
                    f"{name!r} has a NUL in {value!r}, which no command can get"
                )
    return found


def _fixed_values(space: Space) -> list[tuple[str, tuple[object, ...]]]:
    """Return the values that are the user's own: all others are numbers."""
    return [
        (name, p.choices if isinstance(p, Categorical) else (p.value,))
        for name, p in space.items()
        if isinstance(p, (Categorical, Constant))
    ]


def _has_none(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return value is None or (isinstance(value, list) and any(map(_has_none, value)))


def conditional_in(space: Space) -> set[str]:
    """Return the names of the parameters that are not always active."""
    return {name for name, parameter in space.items() if parameter.when}


def choices_of(space: Space) -> dict[str, list[Any]]:
    """Return the objects behind labels, of which a record has the labels alone."""
    return {
        name: [constant_to_json(choice) for choice in p.choices]
        for name, p in space.items()
        if isinstance(p, Categorical) and p.choices != p.labels
    }
