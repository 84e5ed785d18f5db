"""Read a table of trials from a data frame, whosever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.contract.library import is_instance_of
from hpbridge.errors import FormatError
from hpbridge.formats.recognizing import column_name, is_frame
from hpbridge.formats.tables import HINT, Table, study_of_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.contract.foreign import ForeignStudy, Hints


def read_frame(source: Any, hints: Hints) -> ForeignStudy:
    """Return the study in a data frame.

    Raises:
        FormatError: If its columns do not make a study.
    """
    return study_of_table(table_of_frame(source, "pandas"), hints)


def table_of_frame(source: Any, form: str) -> Table:
    """Return the columns of a data frame; None where a cell is missing.

    Args:
        source: Of pandas, of polars, lazy or not, or anything that gives an Arrow
            stream of itself.
        form: The format, for the error.

    Raises:
        FormatError: If it is none, or two columns have one name.
    """
    if not is_frame(source):
        raise FormatError.unreadable(form, source, ["it is no data frame"], HINT)
    shown = f"a {type(source).__name__}"
    table = Table(form, shown, {}, "table")
    pairs = [(column_name(name), column) for name, column in _columns(source, table)]
    names = [name for name, _ in pairs]
    twice = [f"column {n!r} is there twice" for n in names if names.count(n) > 1]
    if twice:
        raise table.unreadable(list(dict.fromkeys(twice)), "rename one of them")
    table.columns = dict(pairs)
    return table


def _columns(source: Any, table: Table) -> Iterator[tuple[object, list[Any]]]:
    if is_instance_of(source, "pandas", "DataFrame"):
        for place, name in enumerate(source.columns):
            yield name, _cells(source.iloc[:, place])
        return
    if is_instance_of(source, "polars", "LazyFrame"):
        source = source.collect()
    if is_instance_of(source, "polars", "DataFrame"):
        for column in source.iter_columns():
            yield column.name, column.to_list()
        return
    if not is_instance_of(source, "pyarrow", "Table"):
        source = _arrow_table(source, table)
    for name, column in zip(source.column_names, source.columns, strict=True):
        yield name, column.to_pylist()


def _arrow_table(source: Any, table: Table) -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        hint = "`pip install 'hpbridge[pandas]'`, or give a DataFrame"
        problem = "it takes pyarrow, which is not installed"
        raise table.unreadable([problem], hint) from error
    if is_instance_of(source, "pyarrow", "RecordBatch"):
        return pa.Table.from_batches([source])
    return pa.table(source)


def _cells(column: Any) -> list[Any]:
    missing = column.isna().tolist()
    # A missing number is NaN to pandas; what a metric says of itself stays.
    is_float = getattr(column.dtype, "kind", "") == "f"
    return [
        None if is_missing and not is_float else cell
        for cell, is_missing in zip(column.tolist(), missing, strict=True)
    ]
