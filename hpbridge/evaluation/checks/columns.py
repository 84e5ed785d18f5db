"""Columns: numbers, points in time or anything else, out of whatever they came in."""

from __future__ import annotations

import datetime as dt
import numbers
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

NUMBER, TIME, TEXT = "number", "time", "text"
"""Kinds of columns; text is all that is neither of the others."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$")
_STAMP = "datetime64[us]"
_EXACT = 2.0**63


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: As in the frame; the number of a column that has no name.
        kind: `NUMBER`, `TIME` or `TEXT`.
        values: Integers or floats; microseconds since 1970, as integers; objects.
        is_missing: Of each value.
    """

    name: str
    kind: str
    values: Any
    is_missing: Any

    @cached_property
    def codes(self) -> Any:
        """A number for each value, in the order of values; -1 for a missing one.

        Text has its codes in the order of its writing.
        """
        codes = np.full(len(self.values), -1, dtype=np.int64)
        there = self.values[~self.is_missing]
        if self.kind == TEXT:
            there = np.array([_written(value) for value in there], dtype=object)
        codes[~self.is_missing] = np.unique(there, return_inverse=True)[1].ravel()
        return codes

    @cached_property
    def n_distinct(self) -> int:
        """How many values there are, but for missing ones."""
        return int(self.codes.max(initial=-1)) + 1

    @property
    def is_whole(self) -> bool:
        """Whether all its values are whole numbers."""
        if self.kind != NUMBER:
            return False
        there = self.values[~self.is_missing]
        if there.dtype.kind in "iu":
            return True
        return bool(np.isfinite(there).all() and (there == np.floor(there)).all())

    @property
    def bits(self) -> Any:
        """64 bits a value, equal where values are; 1 and 1.0 are."""
        if self.kind == TEXT:
            hashed = [_hashed(value) for value in self.values]
            return np.array(hashed, dtype=np.int64).view(np.uint64)
        found = bits_of(self.values)
        found[self.is_missing] = _MISSING
        return found


_MISSING = np.uint64(0x7FF8000000000001)


def bits_of(values: Any) -> Any:
    """Return 64 bits for each number, equal where they are, NaN and -0.0 too."""
    floats = np.asarray(values, dtype=np.float64) + 0.0  # -0.0 is 0.0
    found = np.ascontiguousarray(floats).view(np.uint64).copy()
    if values.dtype.kind == "f":
        found[np.isnan(floats)] = _MISSING
    elif values.dtype.itemsize == 8:  # noqa: PLR2004 - what a float may not tell apart
        near = np.abs(floats) < _EXACT
        rest = np.zeros(values.shape, dtype=np.int64)
        rest[near] = values[near].astype(np.int64) - floats[near].astype(np.int64)
        found += rest.view(np.uint64)
    return found


def read_column(name: object, given: Any) -> Column:
    """Return a column of an array, or of a frame of pandas or polars."""
    values = _as_array(given)
    if values.dtype.kind == "O":
        values = _of_objects(values)
    kind = values.dtype.kind
    if kind == "M":
        missing = np.isnat(values)
        whole = values.astype(_STAMP).astype(np.int64)
        return Column(str(name), TIME, whole, missing)
    if kind == "m":
        values, kind = values.astype("timedelta64[us]").astype(np.int64), "i"
    if kind == "b":
        values, kind = values.astype(np.int8), "i"
    if kind in "iu":
        return Column(str(name), NUMBER, values, np.zeros(len(values), dtype=bool))
    if kind == "f":
        floats = values.astype(np.float64, copy=False)
        return Column(str(name), NUMBER, floats, np.isnan(floats))
    objects = values.astype(object)
    missing = np.array([_lacks(value) for value in objects], dtype=bool)
    return Column(str(name), TEXT, objects, missing)


def _as_array(given: Any) -> Any:
    """Return a column as an array that keeps what its values are."""
    kind = getattr(getattr(given, "dtype", None), "kind", None)
    if hasattr(given, "iloc"):
        if kind == "M":
            aware = getattr(given.dtype, "tz", None) is not None
            plain = given.dt.tz_convert(None) if aware else given
            return plain.to_numpy(dtype=_STAMP)
        if kind in {"i", "u", "b", "f"}:
            if given.hasnans or kind == "f":
                return given.to_numpy(dtype=np.float64, na_value=np.nan)
            return given.to_numpy(dtype={"b": bool, "u": np.uint64}.get(kind, np.int64))
        return given.to_numpy(dtype=object)
    if type(given).__module__.startswith("polars"):
        return given.to_numpy() if given.dtype.is_numeric() else _of_polars(given)
    return np.asarray(given)


def _of_polars(given: Any) -> Any:
    values = given.to_numpy()
    if values.dtype.kind in "Mmb":
        return values
    objects = np.empty(len(given), dtype=object)
    objects[:] = given.to_list()
    return objects


def _of_objects(values: Any) -> Any:
    """Return numbers or points in time where all objects are such; else themselves."""
    lacks = np.array([_lacks(value) for value in values], dtype=bool)
    there = values[~lacks]
    if not len(there):
        return np.full(len(values), np.nan)
    kinds = set(map(type, there))
    try:
        if all(issubclass(kind, numbers.Real) for kind in kinds):
            return _numbers(values, lacks, kinds)
        stamps = _moments(there, kinds)
    except (OverflowError, ValueError, TypeError):
        return values
    if stamps is None:
        return values
    found = np.full(len(values), "NaT", dtype=_STAMP)
    found[~lacks] = stamps
    return found


def _moments(there: Any, kinds: set[type]) -> Any:
    """Return points in time; None for what is none."""
    if kinds == {str} and all(_DATE.match(value) for value in there[:50]):
        return there.astype(_STAMP)
    if all(issubclass(kind, (dt.date, np.datetime64)) for kind in kinds):
        return np.array([_moment(value) for value in there], _STAMP)
    return None


def _numbers(values: Any, lacks: Any, kinds: set[type]) -> Any:
    if not lacks.any() and all(issubclass(k, (int, np.integer)) for k in kinds):
        return values.astype(np.int64)
    found = np.full(len(values), np.nan)
    found[~lacks] = values[~lacks].astype(np.float64)
    return found


def _moment(value: Any) -> Any:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return np.datetime64(value.astimezone(dt.UTC).replace(tzinfo=None), "us")
    return np.datetime64(value, "us")


def _lacks(value: Any) -> bool:
    """Say whether a value is missing: None, NaN, pandas' NA and NaT."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else f"{type(value).__name__} {value!r}"


def _hashed(value: Any) -> int:
    if _lacks(value):
        return 0
    try:
        return hash(value)
    except TypeError:  # a list, say
        return hash(repr(value))
