"""Rows of data: what a model is fitted on, in whatever container it came.

Large rows live in files of the evaluation and are mapped into memory while a trial
runs, so that any number of processes hold them once at most, and none between trials.
"""

from __future__ import annotations

import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib  # type: ignore[import-untyped]
import numpy as np
from sklearn.utils import _safe_indexing

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_IN_MEMORY = 10_000_000
"""Bytes of data from which on they are kept in a file."""


@dataclass(frozen=True)
class Rows:
    """Features and target, with what goes with each row.

    Attributes:
        X: Features: an array, a frame of pandas or polars, a sparse matrix, a list.
        y: The target, of the same length.
        params: What ``fit``, the scorers and the splitter may get, by name:
            ``sample_weight``, ``groups``. Of the length of `y`, or for all rows.
        numbers: Which rows of the given data these are.
    """

    X: Any
    y: Any
    params: Mapping[str, Any] = field(default_factory=dict)
    numbers: Any = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, numbers: Any) -> Rows:
        """Return some of them, copied, in the order of `numbers`."""
        total = len(self)
        return Rows(
            part(self.X, numbers),
            part(self.y, numbers),
            {
                name: part(value, numbers) if is_by_row(value, total) else value
                for name, value in self.params.items()
            },
            np.asarray(numbers)
            if self.numbers is None
            else np.asarray(self.numbers)[numbers],
        )

    @property
    def n_bytes(self) -> int:
        """About how large they are, in bytes."""
        return (
            size_of(self.X) + size_of(self.y) + sum(map(size_of, self.params.values()))
        )

    def fingerprint(self) -> str:
        """Return 32 hex digits that differ where the data do."""
        given = (_plain(self.X), _plain(self.y), sorted(self.params))
        values = [_plain(self.params[name]) for name in sorted(self.params)]
        return str(joblib.hash((given, values)))


def part(values: Any, numbers: Any) -> Any:
    """Return some rows of an array, a frame, a matrix or a list."""
    return _safe_indexing(values, numbers)


_WITHOUT_ROWS = {"bsr", "coo", "dia"}
"""Formats of sparse matrices of which no rows can be taken."""


def as_features(values: Any) -> Any:
    """Return features whose rows can be taken: some sparse formats have none."""
    is_sparse = hasattr(values, "tocsr")
    return values.tocsr() if is_sparse and values.format in _WITHOUT_ROWS else values


def as_target(values: Any) -> Any:
    """Return a target; what has one column, without the column."""
    shape: tuple[int, ...] = getattr(values, "shape", ())
    if len(shape) != 2 or shape[1] != 1:  # noqa: PLR2004 - rows and columns
        return values
    if hasattr(values, "iloc"):
        return values.iloc[:, 0]
    return values.to_series() if hasattr(values, "to_series") else values[:, 0]


def is_by_row(value: Any, total: int) -> bool:
    """Say whether a value has one entry for each of so many rows."""
    if isinstance(value, (str, bytes)) or value is None:
        return False
    return count_of(value) == total


def count_of(values: Any) -> int | None:
    """Return how many rows there are; None for what has none."""
    shape = getattr(values, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) else None
    try:
        return len(values)
    except TypeError:
        return None


def size_of(values: Any) -> int:
    """Return about how many bytes an array, a frame or a matrix holds."""
    if hasattr(values, "memory_usage"):
        usage = values.memory_usage(deep=False)
        return int(usage.sum() if hasattr(usage, "sum") else usage)
    if hasattr(values, "estimated_size"):
        return int(values.estimated_size())
    if hasattr(values, "indptr"):
        return int(values.data.nbytes + values.indices.nbytes + values.indptr.nbytes)
    return int(getattr(values, "nbytes", 0))


def _plain(values: Any) -> Any:
    """Return data in the form that is hashed: equal data of one container are equal."""
    if type(values).__module__.startswith("polars"):
        return (
            [values.columns, [values[name].to_list() for name in values.columns]]
            if (hasattr(values, "columns"))
            else values.to_list()
        )
    return values


class Kept:
    """Rows, in memory where they are small and in a file where they are large.

    A copy that goes to another process on this machine has the file's name alone.

    Args:
        rows: To keep; not held on to where they are large.
    """

    def __init__(self, rows: Rows) -> None:
        self.n_rows, self.is_in_file = len(rows), rows.n_bytes > MOST_IN_MEMORY
        self._rows: Rows | None = rows
        self._path = ""
        if self.is_in_file:
            folder = tempfile.TemporaryDirectory(prefix="hpbridge-data-")
            self._folder = folder
            self._path = str(Path(folder.name) / "rows.joblib")
            joblib.dump(rows, self._path)
            self._rows = None
            weakref.finalize(self, folder.cleanup)

    def rows(self) -> Rows:
        """Return the rows; large ones are mapped, and read-only.

        Where nobody holds them any more, nothing of them is in memory.

        Raises:
            OSError: If the file is gone, or on another machine.
        """
        if self._rows is not None:
            return self._rows
        found: Rows = joblib.load(self._path, mmap_mode="r")
        return found

    def whole(self) -> Kept:
        """Return the same for a process that may be on another machine."""
        other = Kept.__new__(Kept)
        other.n_rows, other.is_in_file, other._path = self.n_rows, False, ""
        other._rows = self.rows()
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {name: v for name, v in vars(self).items() if name != "_folder"}
