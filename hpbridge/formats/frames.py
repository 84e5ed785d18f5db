"""Read a table of trials from a data frame of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.errors import FormatError
from hpbridge.formats.recognizing import is_frame
from hpbridge.formats.tables import HINT, Table, study_of_table

if TYPE_CHECKING:
    from hpbridge.contract.foreign import ForeignStudy, Hints


def read_frame(source: Any, hints: Hints) -> ForeignStudy:
    """Return the study in a data frame.

    Raises:
        FormatError: If its columns do not make a study.
    """
    return study_of_table(table_of_frame(source, "pandas"), hints)


def table_of_frame(source: Any, form: str) -> Table:
    """Return the columns of a data frame; None where a cell is missing.

    Raises:
        FormatError: If it is none, or two columns have one name.
    """
    if not is_frame(source):
        raise FormatError.unreadable(form, source, ["it is no data frame"], HINT)
    table = Table(form, "a DataFrame", {}, "table")
    names = [str(name) for name in source.columns]
    twice = [f"column {n!r} is there twice" for n in names if names.count(n) > 1]
    if twice:
        raise table.unreadable(list(dict.fromkeys(twice)), "rename one of them")
    table.columns = {
        name: _cells(source.iloc[:, place]) for place, name in enumerate(names)
    }
    return table


def _cells(column: Any) -> list[Any]:
    missing = column.isna().tolist()
    # A missing number is NaN to pandas; what a metric says of itself stays.
    is_float = getattr(column.dtype, "kind", "") == "f"
    return [
        None if is_missing and not is_float else cell
        for cell, is_missing in zip(column.tolist(), missing, strict=True)
    ]
