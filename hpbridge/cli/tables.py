"""Tables that fit the width of a terminal without breaking a name in the middle.

Where the columns do not fit beside each other, they follow in blocks, each with the
first column before it; where not even that fits, each row is a list of its cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType

_NAMES = frozenset({"name", "optimizer", "member", "problem", "study"})
"""Columns of names, beside the first one: no word in their cells is ever broken."""

_LONGEST_WORD = 24
"""Words of other cells, such as paths and errors, are broken where they are longer."""

_EDGE, _BETWEEN = 1, 3
"""What a table takes beside its cells: at its left, and with each column."""


@dataclass(frozen=True)
class Sheet:
    """A table, laid out when it is known how wide it may be.

    Attributes:
        title: Empty for none.
        columns: What they are called; no word of it is ever broken.
        rows: Cells as text.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Yield the table, or what stands in for it."""
        blocks = self._blocks(options.max_width)
        if not blocks:
            yield from self._listed()
        for number, block in enumerate(blocks):
            yield self._table(block, options.max_width, has_title=number == 0)

    def _blocks(self, width: int) -> list[list[int]]:
        """Return which columns stand beside each other; none where that is too wide."""
        least = [self._least(k) for k in range(len(self.columns))]
        if not least:
            return [[]]
        blocks, left = [[0]], width - _EDGE - _BETWEEN - least[0]
        room = left
        for k, own in enumerate(least[1:], 1):
            if own + _BETWEEN > room:
                return []
            if own + _BETWEEN > left:
                blocks.append([0])
                left = room
            blocks[-1].append(k)
            left -= own + _BETWEEN
        return blocks if room >= 0 else []

    def _cells(self, column: int) -> list[str]:
        return [row[column] for row in self.rows]

    def _least(self, column: int) -> int:
        """Return how wide a column is at least."""
        name = self.columns[column]
        is_whole = column == 0 or name in _NAMES
        words = [cell_len(w) for cell in self._cells(column) for w in cell.split()]
        longest = max(words, default=1)
        longest = longest if is_whole else min(longest, _LONGEST_WORD)
        return max([longest, *(cell_len(word) for word in name.split())])

    def _widths(self, block: list[int], width: int) -> list[int]:
        """Return the widths of columns: what is left goes to the narrowest first."""
        found = [self._least(k) for k in block]
        wanted = [
            max(
                cell_len(line)
                for text in [self.columns[k], *self._cells(k)]
                for line in text.splitlines() or [""]
            )
            for k in block
        ]
        left = width - _EDGE - sum(own + _BETWEEN for own in found)
        while left > 0:
            short = [k for k, own in enumerate(found) if own < wanted[k]]
            if not short:
                break
            narrowest = min(short, key=found.__getitem__)
            found[narrowest] += 1
            left -= 1
        return found

    def _table(self, block: list[int], width: int, *, has_title: bool) -> Table:
        title = self.title if has_title and self.title else None
        made = Table(title=title, title_justify="left")
        for k, own in zip(block, self._widths(block, width), strict=True):
            made.add_column(self.columns[k], overflow="fold", width=own)
        for row in self.rows:
            made.add_row(*(Text(row[k]) for k in block))
        return made

    def _listed(self) -> Iterator[Text]:
        if self.title:
            yield Text(self.title, style="italic")
        for row in self.rows:
            yield Text(row[0], style="bold")
            for name, cell in zip(self.columns[1:], row[1:], strict=True):
                if cell:
                    yield Text(f"  {name}: {cell}")
