"""A small table of plain values, for programs, data frames and the terminal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.contract.lazy import lazy
from hpbridge.report import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from rich.table import Table as Drawn

_frame_of = lazy("hpbridge.formats.export:frame_of")

WIDTH = 120
"""Characters of a line, where it is not printed to a terminal."""


@dataclass(frozen=True)
class Rows:
    """A table: a dict a row, each with all columns.

    Attributes:
        title: Of the table.
        columns: Their names, in order.
        rows: A value that is not known is None.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> Mapping[str, Any]:
        return self.rows[place]

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rows as plain data."""
        return [dict(row) for row in self.rows]

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame.

        Raises:
            HpbridgeError: If pandas is not installed.
        """
        return _frame_of(self.to_json(), list(self.columns))

    def drawn(self) -> Drawn:
        """Return it as a table of rich's, without the columns that hold nothing."""
        from rich.table import Table
        from rich.text import Text

        shown = [c for c in self.columns if any(r[c] is not None for r in self.rows)]
        made = Table(title=self.title or None, title_justify="left")
        for column in shown:
            made.add_column(column.replace("_", " "), overflow="fold")
        for row in self.rows:
            made.add_row(*(Text(_cell(row[column])) for column in shown))
        return made

    def __str__(self) -> str:
        return printed(self.drawn())


def known(value: Any) -> Any:
    """Return a value for a cell: None for a number that is NaN."""
    return None if isinstance(value, float) and math.isnan(value) else value


def printed(*parts: Any, width: int = WIDTH) -> str:
    """Return what rich prints, as text without colours.

    What is printed is data: a name may be ``[red]``, or ``:fire:``.
    """
    import io

    from rich.console import Console

    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        no_color=True,
        force_terminal=False,
    )
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str))
    return stream.getvalue().rstrip("\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{texts.label(k)}: {v}" for k, v in value.items())
    return str(value)
