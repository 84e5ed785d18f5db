"""Tell sources from one another by what is in them, quickly."""

from __future__ import annotations

import ast
import contextlib
import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.library import is_instance_of
from hpbridge.formats import inert
from hpbridge.formats.text_files import head_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD = 2**16
_OF_PICKLE = 300
"""Bytes within which a pickle names the class of what it holds."""

PICKLES = frozenset({b"\x80", b"c", b"(", b"]", b"}"})
"""First bytes of a pickle: of protocol 2 and later, or the first operation before."""

_LONGEST_LEVELS = 1_000

_SCORE = "mean_test_"
_OWN_JSON = re.compile(r'\s*\{\s*"schema"\s*:\s*\d+\s*,\s*"name"\s*:')
_LEVELS = re.compile(r"\('.*', .*\)\Z", re.S)
_FRAMES = (
    *(("pandas", "DataFrame"), ("polars", "DataFrame"), ("polars", "LazyFrame")),
    *(("pyarrow", "Table"), ("pyarrow", "RecordBatch")),
)


def is_parquet(source: object) -> bool:
    """Say whether it is a Parquet file."""
    return isinstance(source, Path) and _first_bytes(source) == b"PAR1"


def is_json(source: object) -> bool:
    """Say whether it is a study as hpbridge writes it to JSON."""
    return isinstance(source, Path) and (
        source.is_file() and _OWN_JSON.match(head_of(source, _HEAD)) is not None
    )


def is_csv(source: object) -> bool:
    """Say whether it is a table as text."""
    return isinstance(source, Path) and len(_header(source)) > 1


def is_frame(source: object) -> bool:
    """Say whether it is a data frame of pandas or polars, or an Arrow table."""
    known = any(is_instance_of(source, *frame) for frame in _FRAMES)
    return known or (hasattr(source, "__arrow_c_stream__") and bool(names_of(source)))


def names_of(source: Any) -> list[str]:
    """Return the names of a table's columns, without reading it; none of another thing.

    Args:
        source: A file of text or Parquet, or a data frame.
    """
    if isinstance(source, Path):
        return _parquet_names(source) if is_parquet(source) else _header(source)
    if is_instance_of(source, "polars", "LazyFrame"):
        return list(source.collect_schema().names())
    names = getattr(source, "column_names", None) or getattr(source, "columns", None)
    try:
        return [column_name(name) for name in names]  # type: ignore[union-attr]
    except TypeError:
        return []


def column_name(name: object) -> str:
    """Return the name of a column; of one with several levels, what pandas would join.

    Example:
        >>> column_name(("params", "x")), column_name("('value', '')")
        ('params_x', 'value')
    """
    found = name
    is_short = isinstance(name, str) and len(name) <= _LONGEST_LEVELS
    if is_short and _LEVELS.match(str(name)):  # as Parquet has them
        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            found = ast.literal_eval(str(name))
    if not isinstance(found, tuple):
        return str(name)
    levels = [str(level) for level in found]
    return "_".join(n for n in levels if n and not n.startswith("Unnamed: "))


def is_search(source: object) -> bool:
    """Say whether it is a search of scikit-learn, or its results in any form."""
    if isinstance(source, Path):
        return (
            are_results(names_of(source))
            or is_pickled_search(source)
            or _is_pickled_results(source)
        )
    if isinstance(source, Mapping):
        return are_results(list(source))
    if is_frame(source):
        return are_results(names_of(source))
    return is_instance_of(source, "sklearn.model_selection", "BaseSearchCV")


def is_pickle(path: Path) -> bool:
    """Say whether it is a pickle or a joblib file, packed or not."""
    return path.is_file() and inert.head(path, 1) in PICKLES


def is_pickled_search(path: Path) -> bool:
    """Say whether it is a pickle or a joblib file of a search."""
    return is_pickle(path) and b"SearchCV" in inert.head(path, _OF_PICKLE)


def _is_pickled_results(path: Path) -> bool:
    head = inert.head(path, _HEAD) if is_pickle(path) else b""
    return _SCORE.encode() in head and b"param" in head


def are_results(columns: Sequence[Any]) -> bool:
    """Say whether columns are those of ``cv_results_``."""
    names = [name for name in columns if isinstance(name, str)]
    has_params = any(n == "params" or n.startswith("param_") for n in names)
    return has_params and any(name.startswith(_SCORE) for name in names)


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError:
        return b""


def _parquet_names(path: Path) -> list[str]:
    try:
        import pyarrow.parquet as pq

        return [column_name(name) for name in pq.read_schema(path).names]
    except Exception:  # noqa: BLE001 - not installed, or damaged: its reader says so
        return []


def _header(path: Path) -> list[str]:
    """Return the names in the first line of a table; none where it is no table."""
    if not path.is_file():
        return []
    text = head_of(path, _HEAD)
    if text.lstrip()[:1] in {"{", "[", "<"}:
        return []
    rows = rows_of(text)
    try:
        names = next(row for row in rows if row)
        row = next(row for row in rows if row)
    except (csv.Error, StopIteration):
        return []
    is_cut = len(text) >= _HEAD - 4 and next(rows, None) is None
    return names if len(names) == len(row) or is_cut else []
