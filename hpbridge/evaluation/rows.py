"""Rows of data: what a model is fitted on, in whatever container it came."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import joblib  # type: ignore[import-untyped]
import numpy as np
from sklearn.utils import _safe_indexing

from hpbridge.errors.foreign import describe_error

if TYPE_CHECKING:
    from collections.abc import Mapping


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

    def apart(self) -> Rows:
        """Return the same, sharing no memory with a larger array that they are part of.

        Of such a part, the rest could be reached: the rows of a test, say.
        """
        params = {name: _apart(value) for name, value in self.params.items()}
        return replace(self, X=_apart(self.X), y=_apart(self.y), params=params)

    def fingerprint(self) -> str:
        """Return 32 hex digits that differ where the data do.

        Raises:
            UnhashableError: If they hold what has no fixed form, as a function.
        """
        names = sorted(self.params)
        values = [self.X, self.y, *(self.params[name] for name in names)]
        try:
            given = [names, [_plain(each) for each in values]]
            return str(joblib.hash(given, coerce_mmap=True))
        except Exception as error:  # an object's own pickling
            why = f"{describe_error(error)}".splitlines()[0]
            msg = f"the data cannot be fingerprinted: {why:.150}"
            raise UnhashableError(msg) from error


class UnhashableError(ValueError):
    """Data hold what cannot be written down."""


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


def _apart(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        return values if values.base is None else values.copy()
    if hasattr(values, "iloc"):  # of pandas, whose parts may be views
        return values.copy(deep=True)
    is_array = hasattr(values, "memory_usage") or hasattr(values, "indptr")
    return values.copy() if is_array else values


def _plain(values: Any) -> Any:
    """Return data in the form that is hashed: equal data of one container are equal."""
    if not type(values).__module__.startswith("polars"):
        return values
    if hasattr(values, "columns"):
        return [[name, _plain(values[name])] for name in values.columns]
    return [str(values.dtype), joblib.hash(values.to_list())]
