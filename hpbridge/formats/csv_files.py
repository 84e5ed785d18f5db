"""Read a table of trials from a CSV file."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

from hpbridge.contract.bounds import limit_bytes
from hpbridge.errors import FormatError
from hpbridge.formats.tables import HINT, Table, study_of_table
from hpbridge.formats.text_files import (
    ENCODING_HINT,
    TextError,
    all_rows_of,
    text_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hpbridge.contract.foreign import ForeignStudy, Hints

_A_PLACE = 16
"""Bytes of the places that a cell takes, in a row and in a column."""


def read_csv(source: Path, hints: Hints) -> ForeignStudy:
    """Return the study in a CSV file.

    Raises:
        FormatError: If it is no table, or its columns do not make a study.
    """
    return study_of_table(table_of(source, "csv"), hints)


def table_of(source: object, form: str) -> Table:
    """Return the columns of a CSV file as text; None where a row is too short.

    Raises:
        FormatError: If it is no table, or larger than any study.
    """
    from pathlib import Path

    if not isinstance(source, Path) or not source.is_file():
        raise _unreadable(form, source, "it is no file")
    try:
        rows = all_rows_of(text_of(source))
    except TextError as error:
        hint = ENCODING_HINT if "no text in" in str(error) else HINT
        raise FormatError.unreadable(form, source, [str(error)], hint) from error
    except csv.Error as error:
        raise _unreadable(form, source, f"it is no table: {error}") from error
    except OSError as error:
        raise _unreadable(form, source, error.strerror or str(error)) from error
    return _checked(form, source, rows)


def _checked(form: str, source: Path, rows: list[list[str]]) -> Table:
    header = [name.strip() for name in rows[0]] if rows else []
    several = {name for name, n in Counter(header).items() if n > 1}
    problems = [f"column {n!r:.80} is there twice" for n in header if n in several]
    too_long = next((k for k, row in enumerate(rows) if len(row) > len(header)), None)
    if not header:
        problems.append("it is empty")
    if too_long is not None:
        problems.append(
            f"row {too_long} has {len(rows[too_long])} cells for {len(header)} columns"
        )
    if problems:
        hint = "save it as comma-separated text with one header line"
        raise FormatError.unreadable(form, source, list(dict.fromkeys(problems)), hint)
    limit_bytes(len(header) * len(rows) * _A_PLACE)
    n_columns = len(header)
    filled = [[*row, *[None] * (n_columns - len(row))] for row in rows[1:]]
    columns = {name: [row[k] for row in filled] for k, name in enumerate(header)}
    return Table(form, source, columns, _stem(source))


def _stem(path: Path) -> str:
    is_packed = path.suffix.lower() in {".gz", ".bz2", ".xz", ".zip"}
    return (path.with_suffix("") if is_packed else path).stem


def _unreadable(form: str, source: object, problem: str) -> FormatError:
    return FormatError.unreadable(form, source, [problem], HINT)
