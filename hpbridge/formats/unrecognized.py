"""Why a source is no study that any format reads: what it is instead."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.errors import count
from hpbridge.formats import inert
from hpbridge.formats.csv_files import table_of
from hpbridge.formats.recognizing import is_pickle
from hpbridge.formats.text_files import head_of, is_zip

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = 2**16
_TABLES = {".csv", ".tsv", ".tab"}
_PACKED = {".gz", ".bz2", ".xz", ".zip"}
_CLASS = re.compile(rb"c([\w.]+)\n(\w+)\n|\x8c.([\w.]+)\x94?\x8c.(\w+)\x94?\x93", re.S)
_HTML = re.compile(r"\s*<(!doctype html|html|head|\?xml)", re.I)
_MOST_NAMED = 5

_RUNS = "reading it would run what is in it"
_BEGINS = {
    b"SQLite format 3\0": (
        "it is an SQLite file without the tables of a study",
        "give the file that was `storage=` in Optuna; `hpbridge show` reads our store",
    ),
    b"\xd0\xcf\x11\xe0": ("it is an Excel file", "save it as CSV"),
    b"\x89HDF": ("it is an HDF5 file", "`frame.to_parquet(FILE)` of what is in it"),
    b"\x93NUMPY": ("it is an array of NumPy", "`DataFrame(array).to_csv(FILE)`"),
}


def why_unknown(source: object) -> tuple[str, str] | None:
    """Return what a source is instead of a study, and what to do about it.

    Returns:
        A problem and a hint; None where nothing is known of it.

    Raises:
        FormatError: If it is a table by its name, with what is wrong with it.
    """
    if isinstance(source, Path) and source.is_dir():
        return _folder(source)
    if not isinstance(source, Path):
        return None
    try:
        if not source.stat().st_size:
            return "it is empty", "give the file that its tool wrote"
        if is_pickle(source):
            return _pickled(source)
        return _file(source)
    except OSError as error:
        return error.strerror or str(error), "give a file that you may read"


def _folder(source: Path) -> tuple[str, str]:
    names = sorted(path.name for path in source.iterdir())[:_MOST_NAMED]
    problem = f"it is a folder, and none that Ray Tune wrote: {', '.join(names)}"
    return problem, "give the file in it, or the experiment's folder of Ray Tune"


def _file(source: Path) -> tuple[str, str] | None:
    with source.open("rb") as file:
        begin = file.read(_HEAD)
    for magic, answer in _BEGINS.items():
        if begin.startswith(magic):
            return answer
    if is_zip(source) and b"xl/" in begin:
        return _BEGINS[b"\xd0\xcf\x11\xe0"]
    text = head_of(source, _HEAD)
    if _HTML.match(text):
        return "it is a web page, no table", "download the file itself (Raw)"
    if text.lstrip()[:1] in {"{", "["}:
        return _json(text)
    endings = [e.lower() for e in source.suffixes if e.lower() not in _PACKED]
    if endings and endings[-1] in _TABLES:
        table = table_of(source, "csv")
        names = ", ".join(map(repr, list(table.columns)[:_MOST_NAMED]))
        rows = len(next(iter(table.columns.values())))
        columns = count(len(table.columns), "column")
        problem = f"it is a table of {columns} and {count(rows, 'row')}: "
        return problem + names, "a study has parameters, a metric and a row a trial"
    return None


def _json(text: str) -> tuple[str, str] | None:
    try:
        found: Any = json.JSONDecoder().raw_decode(text.lstrip())[0]
    except (ValueError, RecursionError) as error:
        if len(text) >= _HEAD:
            return None
        return f"it is no JSON ({error})", "give the whole of the file"
    names = _named(found) if isinstance(found, dict) else type(found).__name__
    problem = f"it is JSON, but of no tool that is known: {names}"
    return problem, "`pandas.DataFrame(data).to_csv(FILE)` makes a table of it"


def _named(names: Iterable[object]) -> str:
    listed = [f"{name!r:.40}" for name in names]
    return ", ".join(listed[:_MOST_NAMED] + ["..."] * (len(listed) > _MOST_NAMED))


def _pickled(source: Path) -> tuple[str, str]:
    found = _CLASS.search(inert.head(source, _HEAD))
    if found is None:
        return (
            "it is a pickle, and none of a study",
            "write what is in it to a CSV file",
        )
    module, name = (part.decode() for part in found.groups() if part)
    if module.startswith("pandas") or name == "DataFrame":
        hint = "where you trust it: `pandas.read_pickle(FILE).to_csv(OTHER)`"
        return f"it is a pickled data frame, and {_RUNS}", hint
    hint = "where you trust it, unpickle it and write what it holds to a CSV file"
    return f"it is a pickle of {module}.{name}, and {_RUNS}", hint
