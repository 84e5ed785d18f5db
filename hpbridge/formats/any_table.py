"""A table, wherever it is: for formats that know tables by the names in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.formats.csv_files import table_of
from hpbridge.formats.frames import table_of_frame
from hpbridge.formats.parquet_files import table_of_parquet
from hpbridge.formats.recognizing import is_parquet

if TYPE_CHECKING:
    from hpbridge.formats.tables import Table


def read_table(source: Any, form: str) -> Table:
    """Return the columns of a file of text or Parquet, or of a data frame.

    Args:
        source: As `hpbridge.formats.recognizing.names_of` knows it.
        form: The format, for the error.

    Raises:
        FormatError: If it is no table, or a damaged one.
    """
    if not isinstance(source, Path):
        return table_of_frame(source, form)
    return (table_of_parquet if is_parquet(source) else table_of)(source, form)
