"""The columns of a table as values, each read in one way; what is unusual is said."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpbridge.formats.cells import (
    label_of_cell,
    number_of,
    parse_column,
    plain_cell,
)
from hpbridge.formats.numerals import MISSING, NANS, Numerals, NumeralsError, clean
from hpbridge.formats.quoting import unquoted
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.space.parameters import Parameter


class Columns:
    """Reads columns, each by its key; collects what is wrong and what is unusual.

    Args:
        cells: The columns.
        names: What each is called in the source, where that is not its key.
        rows: The number of each row in the source, from 0.
    """

    def __init__(
        self,
        cells: Mapping[str, Sequence[Any]],
        names: Mapping[str, str] | None = None,
        rows: Sequence[int] | None = None,
    ) -> None:
        self._cells, self._names = cells, names or {}
        self._rows = rows
        self._numerals: dict[str, Numerals] = {}
        self._ways: dict[str, tuple[str, list[str]]] = {}
        self._notes: list[str] = []
        self.problems: list[str] = []

    @property
    def notes(self) -> list[str]:
        """How columns are written, where that is not Python's way."""
        return [
            f"column{'s' if len(names) > 1 else ''} {', '.join(map(repr, names))}: "
            f"numbers with {way} ({example})"
            for way, (example, names) in self._ways.items()
        ] + self._notes

    def _name(self, key: str) -> str:
        return self._names.get(key, key)

    def _of(self, key: str) -> Numerals:
        if key not in self._numerals:
            self._numerals[key] = Numerals.of(self._cells[key])
        return self._numerals[key]

    @cached_property
    def _is_decimal_comma(self) -> bool:
        """Whether any column has decimal commas beyond doubt."""
        return any(self._of(key).is_decimal_comma for key in self._cells)

    def read(
        self, key: str, read: Callable[[Any], Any], wrong: str
    ) -> list[Any] | None:
        """Return a column; say in one sentence which cells are wrong.

        Args:
            key: Its key; None is returned where there is no such column.
            read: Returns the value of a cell, or raises a `ValueError`.
            wrong: What a cell that cannot be read is.
        """
        if key not in self._cells:
            return None
        values: list[Any] = []
        bad: Counter[str] = Counter()
        first = 0
        for row, cell in enumerate(self._cells[key]):
            try:
                values.append(read(cell))
            except (ValueError, OverflowError):
                first = first if bad else row
                bad[repr(cell)[:80]] += 1
                values.append(None)
        if bad:
            n_bad = sum(bad.values())
            more = f" (and {n_bad - 1} more like it)" if n_bad > 1 else ""
            place = (first if self._rows is None else self._rows[first]) + 1
            text = f"{next(iter(bad))} in column {self._name(key)!r}, row {place}"
            self.problems.append(f"{text}, {wrong}{more}")
        return values

    def numbers(
        self,
        key: str,
        read: Callable[[Any], Any] = number_of,
        wrong: str = "is no number",
    ) -> list[Any] | None:
        """Return a column of numbers; None where a cell is empty."""
        if key not in self._cells:
            return None
        known = self._known(key)
        if known is None:
            return None

        def number(cell: Any) -> Any:
            text = clean(cell) if isinstance(cell, str) else None
            return read(known.get(text, cell) if text is not None else cell)

        return self.read(key, number, wrong)

    def _known(self, key: str) -> Mapping[str, float] | None:
        """Return the numbers by text; None where they cannot be told."""
        numerals = self._of(key)
        if numerals.no_numbers:  # which `read` names, and those alone
            numerals = Numerals.of(set(numerals.texts) - numerals.no_numbers)
        try:
            way = numerals.way(is_decimal_comma=self._is_decimal_comma)
        except NumeralsError as error:
            self.problems.append(f"column {self._name(key)!r}: {error}")
            return None
        if way is None:
            return {}
        self._note(key, numerals.unusual(way))
        return numerals.readings[way]

    def _note(self, key: str, unusual: tuple[str, str] | None) -> None:
        if unusual is not None:
            way, example = unusual
            self._ways.setdefault(way, (example, []))[1].append(self._name(key))

    def parameter(self, key: str, parameter: Parameter | None = None) -> list[Any]:
        """Return a column of a parameter; None where a cell is empty.

        Args:
            key: Its key.
            parameter: What it is, where that is known.
        """
        cells = self._cells[key]
        if isinstance(parameter, Categorical):
            return self._labels(key, parameter)
        is_number = isinstance(parameter, (Float, Int))
        numerals = self._of(key)
        is_comma = is_number or self._is_decimal_comma
        try:
            values = parse_column(cells, numerals, is_decimal_comma=is_comma)
            way = numerals.way(is_decimal_comma=is_comma)
        except NumeralsError as error:
            self.problems.append(f"column {self._name(key)!r}: {error}")
            return list(cells)
        is_read = any(isinstance(v, (int, float)) for v in values)
        if way is not None and is_read:
            self._note(key, numerals.unusual(way))
        elif numerals.could_be_pairs and way is not None:
            text = next(text for text in numerals.texts if "," in text)
            self._notes.append(
                f"column {self._name(key)!r} is read as text: {text!r} could be a "
                "number with a decimal comma, and a pair"
            )
        return values

    def _labels(self, key: str, parameter: Categorical) -> list[Any]:
        """Return the labels that cells name, as text or as numbers."""
        numerals = self._of(key)
        try:
            way = numerals.way(is_decimal_comma=self._is_decimal_comma)
        except NumeralsError:
            way = None
        known = {} if way is None else numerals.readings[way]

        def label(cell: Any) -> Any:
            cell = unquoted(cell) if isinstance(cell, str) else cell
            found = label_of_cell(plain_cell(cell), parameter)
            if parameter.contains(found) or not isinstance(cell, str):
                return found
            text = clean(cell)
            if text.lower() in MISSING | NANS:
                return None
            return label_of_cell(known.get(text, found), parameter)

        return [None if _is_empty(cell) else label(cell) for cell in self._cells[key]]


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell)
