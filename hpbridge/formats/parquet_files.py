"""Read a table of trials from a Parquet file."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.bounds import limit_bytes, limit_values
from hpbridge.errors import FormatError
from hpbridge.formats.hinted import hinted
from hpbridge.formats.json_text import read_json_text
from hpbridge.formats.parquet_apart import columns_apart
from hpbridge.formats.parquet_pages import pages_of
from hpbridge.formats.payload import PAYLOAD_KEY, unpack_study
from hpbridge.formats.recognizing import column_name
from hpbridge.formats.tables import HINT, Table, study_of_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.contract.foreign import ForeignStudy, Hints

_FORM = "parquet"
_PART = 2**25
"""Bytes that are unpacked at a time."""
_MOST_AT_ONCE = 2**12
"""Rows of such a part."""


def read_parquet(source: Any, hints: Hints) -> ForeignStudy:
    """Return the study in a Parquet file: ours with all of it, others by their columns.

    Raises:
        FormatError: If it is damaged, or its columns do not make a study.
    """
    with _opened(source, _FORM) as file:
        rides = (file.schema_arrow.metadata or {}).get(PAYLOAD_KEY.encode())
        if rides is not None and not hints.columns:
            return hinted(_riding(rides), _FORM, source, hints)
        columns = _columns_of(source, file)
    return study_of_table(Table(_FORM, source, columns, source.stem), hints)


def table_of_parquet(source: Path, form: str) -> Table:
    """Return the columns of a Parquet file; those that hold no plain cells are not.

    Raises:
        FormatError: If it is damaged, or larger than any study.
    """
    with _opened(source, form) as file:
        return Table(form, source, _columns_of(source, file), source.stem)


@contextlib.contextmanager
def _opened(source: Any, form: str) -> Iterator[Any]:
    if not isinstance(source, Path) or not source.is_file():
        raise FormatError.unreadable(form, source, ["it is no file"], HINT)
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        hint = "`pip install 'hpbridge[pandas]'`"
        problem = "it takes pyarrow, which is not installed"
        raise FormatError.unreadable(form, source, [problem], hint) from error
    try:
        with pq.ParquetFile(source) as file:
            yield file
    except FormatError:
        raise
    except Exception as error:  # a damaged file may raise anything there
        reason = " ".join(str(error).split())
        problem = f"it is damaged ({reason:.120})"
        raise FormatError.unreadable(form, source, [problem], HINT) from error


def _riding(text: bytes) -> ForeignStudy:
    data = read_json_text(text)
    backend, _, algorithm = str(data["optimizer"]).partition(":")
    return replace(unpack_study(data, backend), backend=backend, algorithm=algorithm)


def _columns_of(source: Path, file: Any) -> dict[str, list[Any]]:
    """Return the columns, read in parts that each fit into the limit.

    A small file may unpack to any size: a value is at most as large as its chunk.

    Raises:
        ValueError: If there is more of it than any study has.
    """
    import pyarrow as pa

    metadata = file.metadata
    chunks = [
        metadata.row_group(group).column(column).total_uncompressed_size
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    ]
    with source.open("rb") as opened:
        pages = list(pages_of(opened, metadata))
    chunks = [max(n, each.n_bytes) for n, each in zip(chunks, pages, strict=True)]
    limit_bytes(sum(chunks))
    # What is nested is no cell, and may unpack to any size.
    fields = [each for each in file.schema_arrow if not pa.types.is_nested(each.type)]
    names = [each.name for each in fields]
    columns: dict[str, list[Any]] = {name: [] for name in names}
    if len(columns) < len(names):
        msg = "two columns have one name"
        raise ValueError(msg)
    limit_values(metadata.num_rows * len(names))
    n_bytes = 0
    n_rows = max(1, _PART // max([*chunks, _PART // _MOST_AT_ONCE]))
    if any(each.counts_itself for each in pages):
        return _named(columns_apart(source, names, n_rows))
    for batch in file.iter_batches(n_rows, columns=names, use_threads=False):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            is_coded = pa.types.is_dictionary(column.type)
            cells = column.dictionary_decode() if is_coded else column
            n_bytes += cells.nbytes
            limit_bytes(n_bytes)
            columns[name] += cells.to_pylist()
    return _named(columns)


def _named(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {column_name(name): cells for name, cells in columns.items()}
