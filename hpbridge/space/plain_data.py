"""What people note with a trial, as plain data: whatever they note.

Scalars, arrays and tables of numpy, dates and infinities are plain data; of everything
else the text is kept, and its type is named, so that whoever takes it can say so.
"""

from __future__ import annotations

import datetime as dt
import math
import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEEPEST = 50
_TIMES = {"m", "M"}
"""The letters of durations and moments, which numpy takes for whole numbers."""
_MOST_BITS = 10_000
"""Of a whole number that Python writes in decimal."""


class PlainData(NamedTuple):
    """A value as plain data.

    Attributes:
        value: None, bools, numbers (infinities and NaN too), text, and lists and dicts
            by text of such.
        as_text: The types of what is in it as text, since it is none of these.
    """

    value: Any
    as_text: tuple[str, ...]


def plain_data(value: object) -> PlainData:
    """Return any value as plain data; never raises.

    Example:
        >>> plain_data({"best": float("inf"), "shape": (1, 2)}).value
        {'best': inf, 'shape': [1, 2]}
        >>> plain_data([{"a"}])
        PlainData(value=["{'a'}"], as_text=('set',))
    """
    types: dict[str, None] = {}
    return PlainData(_plain(value, types, 0), tuple(types))


def _plain(value: Any, types: dict[str, None], depth: int) -> Any:
    if depth <= _DEEPEST:
        try:
            return _known(value, types, depth)
        except Exception:  # noqa: BLE001 - a user's object may do anything
            pass
    types[type(value).__name__] = None
    return _text(value)


def _known(value: Any, types: dict[str, None], depth: int) -> Any:
    """Return a value of a type that is known; raise for another."""
    scalar = _scalar(value)
    if scalar is not _NONE_SUCH:
        return scalar
    if isinstance(value, Mapping) and not _is_of(value, "pandas"):
        names = [_name(name) for name in value]
        if len({*names}) < len(names):
            raise TypeError
        items = zip(names, value.values(), strict=True)
        return {name: _plain(item, types, depth + 1) for name, item in items}
    if isinstance(value, (list, tuple)):
        return [_plain(item, types, depth + 1) for item in value]
    return _plain(_array(value), types, depth + 1)


_NONE_SUCH = object()


def _scalar(value: Any) -> Any:  # noqa: PLR0911 - one a type
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # of a subclass, such as an enum's, the bare text
    if _kind(value) in _TIMES:
        return _NONE_SUCH
    if isinstance(value, numbers.Integral):
        number = int(value)
        if number.bit_length() > _MOST_BITS:
            raise ValueError
        return number
    if isinstance(value, (float, numbers.Rational)) or _is_real(value):
        return float(value)
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, (dt.date, dt.time)):
        is_missing = value != value  # noqa: PLR0124 - NaT of pandas
        return None if is_missing else value.isoformat()
    if type(value).__name__ == "NAType" and _is_of(value, "pandas"):
        return None
    return _NONE_SUCH


def _is_real(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational)


def _kind(value: object) -> str:
    """Return numpy's letter for what an array or a scalar of it is made of."""
    return str(getattr(getattr(value, "dtype", None), "kind", ""))


def _is_of(value: object, package: str) -> bool:
    return type(value).__module__.partition(".")[0] == package


def _array(value: Any) -> Any:
    """Return what is in an array or a scalar of numpy, or of one who works alike.

    Raises:
        TypeError: If it is none.
    """
    kind = _kind(value)
    if _is_of(value, "pandas") or not hasattr(value, "dtype") or kind == "V":
        raise TypeError
    if kind == "M":
        moments = value.astype(str).tolist()
        return None if moments == "NaT" else moments
    if kind == "m":
        return (value / value.dtype.type(1, "s")).tolist()
    found = value.tolist()
    if type(found) is type(value):
        return float(found)  # of a long double
    return found


def _name(name: Any) -> str:
    """Return the text that stands for a key, as JSON has it.

    Raises:
        TypeError: If it is no scalar.
    """
    if isinstance(name, str):
        return str.__str__(name)
    if name is None or isinstance(name, bool):
        return {None: "null", True: "true", False: "false"}[name]
    if isinstance(name, numbers.Integral):
        return str(int(name))
    if isinstance(name, numbers.Real):
        return repr(float(name))
    raise TypeError


def _text(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - as above
        return f"<{type(value).__name__}>"


def note_of_text(name: str, types: Iterable[str], where: str = "") -> str:
    """Return the sentence for an attribute of which the text is kept."""
    listed = ", ".join(types)
    return (
        f"the attribute {name!r}{where} is no plain data ({listed}): its text is kept"
    )


_NUMBER = "hpbridge:number"
_DICT = "hpbridge:dict"
"""Of a dict of a user's that has no key but one of these."""
_WORDS = {_NUMBER, _DICT}


def to_standard(data: Any) -> Any:
    """Return plain data as standard JSON has it.

    A number that it lacks is a dict of one word, ``{"hpbridge:number": "inf"}``, so
    that it comes back as a number and no text is taken for one.
    """
    if isinstance(data, float):
        return data if math.isfinite(data) else {_NUMBER: repr(data)}
    if isinstance(data, Mapping):
        found = {str(name): to_standard(item) for name, item in data.items()}
        is_word = len(found) == 1 and not _WORDS.isdisjoint(found)
        return {_DICT: [list(*found.items())]} if is_word else found
    if isinstance(data, (list, tuple)):
        return [to_standard(item) for item in data]
    return data


def of_standard(data: Any) -> Any:
    """Return the plain data that `to_standard` wrote."""
    if isinstance(data, Mapping):
        if data.keys() == {_NUMBER}:
            return float(data[_NUMBER])
        if data.keys() == {_DICT}:
            return {str(name): of_standard(item) for name, item in data[_DICT]}
        return {str(name): of_standard(item) for name, item in data.items()}
    if isinstance(data, list):
        return [of_standard(item) for item in data]
    return data
