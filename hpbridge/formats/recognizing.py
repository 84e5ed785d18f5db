"""Tell sources from one another by what is in them, quickly."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpbridge.contract.library import is_instance_of
from hpbridge.formats import inert

_HEAD = 2**16
_OF_PICKLE = 300
"""Bytes within which a pickle names the class of what it holds."""

_SCORE = "mean_test_"
_OWN_JSON = re.compile(r'\s*\{\s*"schema"\s*:\s*\d+\s*,\s*"name"\s*:')
DELIMITERS = ",;\t"


def is_parquet(source: object) -> bool:
    """Say whether it is a Parquet file."""
    return isinstance(source, Path) and _head(source)[:4] == b"PAR1"


def is_json(source: object) -> bool:
    """Say whether it is a study as hpbridge writes it to JSON."""
    return isinstance(source, Path) and _OWN_JSON.match(_text(source)) is not None


def is_csv(source: object) -> bool:
    """Say whether it is a table as text, of no search of scikit-learn."""
    return (
        isinstance(source, Path) and len(_header(source)) > 1 and not is_search(source)
    )


def is_frame(source: object) -> bool:
    """Say whether it is a data frame of pandas."""
    return is_instance_of(source, "pandas", "DataFrame")


def is_plain_frame(source: object) -> bool:
    """Say whether it is a data frame of trials, of no search of scikit-learn."""
    return is_frame(source) and not is_search(source)


def is_search(source: object) -> bool:
    """Say whether it is a search of scikit-learn, or its results in any form."""
    if isinstance(source, Path):
        return _are_results(_header(source)) or is_pickled_search(source)
    if isinstance(source, Mapping) or is_frame(source):
        return _are_results(list(source))  # type: ignore[call-overload]
    return is_instance_of(source, "sklearn.model_selection", "BaseSearchCV")


def is_pickled_search(path: Path) -> bool:
    """Say whether it is a pickle or a joblib file of a search."""
    if not path.is_file():
        return False
    head = inert.head(path, _OF_PICKLE)
    return head[:1] in {b"\x80", b"c"} and b"SearchCV" in head


def _are_results(columns: list[Any]) -> bool:
    names = [name for name in columns if isinstance(name, str)]
    has_params = any(n == "params" or n.startswith("param_") for n in names)
    return has_params and any(name.startswith(_SCORE) for name in names)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def _text(path: Path) -> str:
    head = _head(path)
    if b"\0" in head:
        return ""
    # The head may end within a character.
    return head.decode("utf-8-sig", "ignore" if len(head) == _HEAD else "replace")


def _header(path: Path) -> list[str]:
    """Return the names in the first line of a table; none where it is no table."""
    text = _text(path)
    first, newline, rest = text.partition("\n")
    if not newline or not rest.strip() or text.lstrip()[:1] in {"{", "[", "<"}:
        return []
    if "\ufffd" in text:
        return []
    try:
        names = next(csv.reader([first], delimiter=delimiter_of(first)))
        row = next(csv.reader(rest.splitlines(), delimiter=delimiter_of(first)))
    except (csv.Error, StopIteration):
        return []
    is_table = len(names) == len(row) and len(set(names)) == len(names)
    return names if is_table else []


def delimiter_of(line: str) -> str:
    """Return what splits the names in a header: the most frequent of ``, ; tab``."""
    return max(DELIMITERS, key=line.count)
