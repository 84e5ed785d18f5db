"""Features as columns and as rows that can be compared, in any container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.evaluation.checks.columns import TIME, Column, bits_of, read_column
from hpbridge.evaluation.rows import part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CELLS = 2_000_000
"""How many are hashed at once."""

_FIRST = 200


class UnreadableError(ValueError):
    """Features of a kind that has no columns."""


def read_table(X: Any) -> Table:
    """Return features as a table.

    Raises:
        UnreadableError: If they are of no kind that is known.
    """
    if hasattr(X, "tocsr"):
        return SparseTable(X.tocsr())
    if hasattr(X, "iloc") and hasattr(X, "dtypes"):
        return FrameTable(X)
    if type(X).__module__.startswith("polars") and hasattr(X, "get_columns"):
        return FrameTable(X)
    try:
        array = np.asarray(X)
    except ValueError:  # rows of different lengths
        array = np.empty(len(X), dtype=object)
        array[:] = list(X)
    if array.ndim == 0 or array.dtype.kind == "V":
        msg = f"there are no columns in {type(X).__name__}"
        raise UnreadableError(msg)
    return ArrayTable(array.reshape(len(array), -1))


class Table:
    """Features: rows and columns.

    Attributes:
        n_rows: How many rows.
        names: Of the columns.
    """

    n_rows: int
    names: Sequence[str]

    @property
    def n_columns(self) -> int:
        """How many columns."""
        return len(self.names)

    def column(self, number: int) -> Column:
        """Return one column."""
        raise NotImplementedError

    def take(self, rows: Any) -> Table:
        """Return some rows, copied."""
        raise NotImplementedError

    def times(self) -> Iterator[Column]:
        """Return columns of points in time, a frame's index among them."""
        raise NotImplementedError

    def _times(self, numbers: Iterable[int]) -> Iterator[Column]:
        """Return those of some columns whose first rows are points in time."""
        first = self.take(np.arange(min(self.n_rows, _FIRST)))
        for number in numbers:
            start = first.column(number)
            if start.kind == TIME or start.is_missing.all():
                yield self.column(number)

    @property
    def numeric(self) -> list[int]:
        """The columns that are read quickly."""
        return list(range(self.n_columns))

    def hashes(self, columns: Any = None) -> Any:
        """Return 64 bits a row, equal where rows are, but for odds of 1 in 2**64.

        Args:
            columns: The numbers of those that are compared; all by default.
        """
        total = np.zeros(self.n_rows, dtype=np.uint64)
        wanted = range(self.n_columns) if columns is None else columns
        for number in wanted:
            total += mixed(self.column(number).bits, keys(number))
        return total


class ArrayTable(Table):
    """A two-dimensional array."""

    def __init__(self, array: Any) -> None:
        self.array, self.n_rows = array, len(array)
        self.names = [str(k) for k in range(array.shape[1])]

    def column(self, number: int) -> Column:
        """Return one column."""
        return read_column(number, self.array[:, number])

    def take(self, rows: Any) -> Table:
        """Return some rows, copied."""
        return ArrayTable(self.array[rows])

    def times(self) -> Iterator[Column]:
        """Return columns of points in time."""
        if self.array.dtype.kind in "OM":
            yield from self._times(range(self.n_columns))

    def hashes(self, columns: Any = None) -> Any:
        """Return 64 bits a row."""
        if self.array.dtype.kind not in "iufb":
            return super().hashes(columns)
        wanted = np.arange(self.n_columns) if columns is None else np.asarray(columns)
        own, total = keys(wanted), np.zeros(self.n_rows, dtype=np.uint64)
        step = max(_CELLS // max(len(wanted), 1), 1)
        for first in range(0, self.n_rows, step):
            block = self.array[first : first + step]
            block = block if columns is None else block[:, wanted]
            mix = mixed(bits_of(block), own)
            total[first : first + step] = mix.sum(axis=1, dtype=np.uint64)
        return total


class FrameTable(Table):
    """A frame of pandas or polars."""

    def __init__(self, frame: Any) -> None:
        self.frame, self.n_rows = frame, len(frame)
        self.names = [str(name) for name in frame.columns]

    def column(self, number: int) -> Column:
        """Return one column."""
        return read_column(self.names[number], self._raw(number))

    def _raw(self, number: int) -> Any:
        if hasattr(self.frame, "iloc"):
            return self.frame.iloc[:, number]
        return self.frame.to_series(number)

    def take(self, rows: Any) -> Table:
        """Return some rows, copied."""
        return FrameTable(part(self.frame, rows))

    def times(self) -> Iterator[Column]:
        """Return columns that may be of points in time, the index among them."""
        index = getattr(self.frame, "index", None)
        if index is not None and getattr(index.dtype, "kind", "") == "M":
            yield read_column("the index", index.to_series())
        others = set(range(self.n_columns)) - set(self.numeric)
        yield from self._times(sorted(others))

    @property
    def numeric(self) -> list[int]:
        """The columns that are of numbers by their declaration."""
        dtypes = [getattr(self._raw(k), "dtype", None) for k in range(self.n_columns)]
        return [k for k, dtype in enumerate(dtypes) if _is_of_numbers(dtype)]


class SparseTable(Table):
    """A sparse matrix; what is not stored is 0."""

    def __init__(self, matrix: Any) -> None:
        self.matrix, self.n_rows = matrix, matrix.shape[0]
        self.names = range(matrix.shape[1])  # type: ignore[assignment]

    def column(self, number: int) -> Column:
        """Return one column."""
        return read_column(number, self.matrix[:, [number]].toarray().ravel())

    def take(self, rows: Any) -> Table:
        """Return some rows, copied."""
        return SparseTable(self.matrix[rows])

    def times(self) -> Iterator[Column]:
        """Return no column: all are numbers."""
        return iter(())

    def hashes(self, columns: Any = None) -> Any:
        """Return 64 bits a row."""
        entries = self.matrix.tocoo()
        kept = entries.data != 0
        if columns is not None:
            wanted = np.zeros(self.n_columns, dtype=bool)
            wanted[columns] = True
            kept &= wanted[entries.col]
        row, mix = (
            entries.row[kept],
            mixed(bits_of(entries.data[kept]), keys(entries.col[kept])),
        )
        total = np.zeros(self.n_rows, dtype=np.uint64)
        np.add.at(total, row, mix)
        return total


def _is_of_numbers(dtype: Any) -> bool:
    is_numeric = getattr(dtype, "is_numeric", None)
    if is_numeric is not None:
        return bool(is_numeric())
    return getattr(dtype, "kind", "O") in "iufbc"


def keys(numbers: Any) -> Any:
    """Return a key for each column, by its number."""
    with np.errstate(over="ignore"):
        start = np.asarray(numbers, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return mixed(start, np.uint64(0x2545F4914F6CDD1D))


def mixed(bits: Any, key: Any) -> Any:
    """Return bits that are scattered by a key; the order of summing is of no matter.

    Source:
        The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    with np.errstate(over="ignore"):
        found = (np.asarray(bits, dtype=np.uint64) ^ key) + key
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return found ^ (found >> np.uint64(31))
