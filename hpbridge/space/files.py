"""Spaces in files: TOML, YAML and JSON, by the end of the file's name."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.errors import SpaceError, nearest
from hpbridge.space.file_form import data_of, space_of
from hpbridge.space.toml_text import to_toml, with_none
from hpbridge.space.yaml_text import from_yaml, to_yaml

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from hpbridge.space.space import Space

_HINT = "see the README, 'Space in a file'"


def read_space(path: str | os.PathLike[str]) -> Space:
    """Return the space that a file holds.

    Args:
        path: Of a file that ends in .toml, .yaml, .yml or .json.

    Raises:
        SpaceError: If it cannot be read, or with every mistake in it at once.
    """
    place = Path(path)
    read = _READERS.get(place.suffix.lower())
    if read is None:
        known = ", ".join(_READERS)
        text = f"{str(path)!r} is no file for a space: its name ends in none of {known}"
        raise SpaceError(text, hint=_HINT)
    try:
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise _unread(place, why) from error
    try:
        data = read(text, str(path))
    except (ValueError, RecursionError) as error:
        raise _unread(place, str(error)) from error
    try:
        return space_of(data)
    except SpaceError as error:
        many = f"{len(error.problems)} problem{'s'[: len(error.problems) - 1]}"
        headline = f"The search space in {path} has {many}"
        raise SpaceError(headline, error.problems, error.hint) from error


def write_space(space: Space, form: str) -> str:
    """Return the text of a file that holds a space.

    Args:
        space: Without functions in ``forbid=``.
        form: ``toml``, ``yaml`` or ``json``.

    Raises:
        SpaceError: If no file can hold it, or there is no such form.
    """
    if form not in FORMS:
        headline = f"A space cannot be written as {form!r}; {nearest(form, FORMS)}"
        raise SpaceError(headline, hint=_HINT)
    return FORMS[form](data_of(space))


def _unread(path: Path, why: str) -> SpaceError:
    return SpaceError(f"{str(path)!r} cannot be read: {why.rstrip('.')}", hint=_HINT)


def _from_toml(text: str, _: str) -> Any:
    return with_none(tomllib.loads(text))


def _from_json(text: str, _: str) -> Any:
    return json.loads(text, object_pairs_hook=_each_key_once)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"the key {twice!r} is there twice"
        raise ValueError(msg)
    return found


def _to_json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


_READERS: dict[str, Callable[[str, str], Any]] = {
    ".toml": _from_toml,
    ".yaml": from_yaml,
    ".yml": from_yaml,
    ".json": _from_json,
}
FORMS: dict[str, Callable[[Any], str]] = {
    "toml": to_toml,
    "yaml": to_yaml,
    "json": _to_json,
}
"""What writes each form."""
