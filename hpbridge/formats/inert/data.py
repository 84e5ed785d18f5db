"""The data that the reader makes of a pickle: checked, or a stub."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 256 * 2**20
"""Of a file after it was unpacked, and of an array."""
MOST_NODES = 4_000_000
"""Of the data that `hpbridge.formats.inert.reader.plain` returns, and of a range."""
DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading damaged data of any types may come to."""

_LONGEST_CODE = 20


class InertError(ValueError):
    """The file cannot be read this way; the message is one phrase."""


class Stub:
    """Stands for an object of a class that is not run.

    Attributes:
        path: The class's dotted name.
        args: What it was called with.
        state: What was set on it; by name, where it was a dict.
        items: What was set in it by key, as in a dict subclass.
        listed: What was appended to it, as in a list subclass.
    """

    path: ClassVar[str] = ""

    args: tuple[Any, ...]
    state: Any
    items: dict[Any, Any]
    listed: list[Any]

    def __new__(cls, *args: Any, **_: Any) -> Stub:  # noqa: D102
        # Not `__init__`, which a pickle may pass over.
        self = super().__new__(cls)
        self.args, self.state, self.items, self.listed = args, {}, {}, []
        return self

    def __setstate__(self, state: Any) -> None:
        # Of slots there may be a second dict.
        parts = [s for s in state if isinstance(s, dict)] if _is_pair(state) else []
        self.state = {k: v for part in parts for k, v in part.items()} or state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.items[key] = value

    def append(self, value: Any) -> None:
        """Keep what a list subclass was given."""
        self.listed.append(value)

    def extend(self, values: list[Any]) -> None:
        """Keep what a list subclass was given."""
        self.listed.extend(values)

    def get(self, name: str, default: Any = None) -> Any:
        """Return an attribute or an item by its name."""
        if name in self.items:
            return self.items[name]
        return (
            self.state.get(name, default) if isinstance(self.state, dict) else default
        )

    def __repr__(self) -> str:
        return f"<{self.path}>"


def _is_pair(state: object) -> bool:
    return isinstance(state, tuple) and len(state) == 2  # noqa: PLR2004


def limit_bytes(size: int) -> None:
    """Refuse to hold so many bytes."""
    if size > MOST_BYTES:
        msg = f"it is larger than {MOST_BYTES // 2**20} MiB when unpacked"
        raise InertError(msg)


class Array:
    """A numpy array that a pickle makes in two steps."""

    def __init__(self, *_: Any) -> None:
        self.array: Any = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, is_fortran, data = state
        self.array = array_of(data, dtype, shape, "F" if is_fortran else "C")


class _Dtype:
    """A numpy type while its pickle is read: numpy's own `__setstate__` checks less."""

    def __init__(self, code: Any, *_: Any) -> None:
        import numpy as np

        if not isinstance(code, str) or len(code) > _LONGEST_CODE:
            msg = f"it holds an array of {code!r:.40}"
            raise InertError(msg)
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        _, order, subtype, _, fields, *_ = state
        # Records, such as a tree's nodes, are kept as their bytes.
        is_plain = subtype is None and self.dtype.kind not in "OmM"
        if not is_plain or not all(map(_is_plain, (fields or {}).values())):
            msg = f"it holds an array of {self.dtype!r}, which could hold anything"
            raise InertError(msg)
        self.dtype = self.dtype.newbyteorder(order)


def _is_plain(field: Any) -> bool:
    kind = field[0]
    return isinstance(kind, _Dtype) and not kind.dtype.hasobject


def n_bytes_of(dtype: Any, shape: Any) -> int:
    """Return how many bytes an array has, if it is one of plain data."""
    if not isinstance(dtype, _Dtype) or dtype.dtype.hasobject:
        found = getattr(dtype, "dtype", dtype)
        msg = f"it holds an array of {found!r:.40}, which could hold anything"
        raise InertError(msg)
    if not isinstance(shape, tuple) or any(type(n) is not int or n < 0 for n in shape):
        msg = f"it holds an array of shape {shape!r:.40}"
        raise InertError(msg)
    n_bytes = math.prod(shape) * int(dtype.dtype.itemsize)
    limit_bytes(n_bytes)
    return n_bytes


def array_of(data: Any, dtype: Any, shape: Any, order: str) -> Any:
    """Return the numpy array that these bytes are."""
    import numpy as np

    n_bytes = n_bytes_of(dtype, shape)
    raw = data.encode("latin1") if isinstance(data, str) else bytes(data)
    if len(raw) != n_bytes:
        msg = f"it holds an array of {n_bytes} bytes and gives {len(raw)}"
        raise InertError(msg)
    is_fortran = order == "F"
    return np.frombuffer(raw, dtype.dtype).reshape(
        shape, order="F" if is_fortran else "C"
    )


def _scalar(dtype: Any, data: Any = b"") -> Any:
    return array_of(data, dtype, (), "C")[()].item()


def _frombuffer(data: Any, dtype: Any, shape: Any, order: str, *_: Any) -> Any:
    return array_of(data, dtype, shape, order)


def _range(*ends: int) -> range:
    found = range(*ends)
    if len(found) > MOST_NODES:
        msg = f"it holds {found!r}"
        raise InertError(msg)
    return found


def _collection(kind: type) -> Callable[..., Any]:
    def make(items: Any = ()) -> Any:
        # A range, say, would be a way to make much of little.
        if not isinstance(items, (list, tuple, set, frozenset)):
            msg = f"it makes a {kind.__name__} of {items!r:.40}"
            raise InertError(msg)
        return kind(items)

    return make


def _ordered_dict(items: Any = ()) -> dict[Any, Any]:
    return dict(items) if isinstance(items, (list, tuple)) else {}


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    # How pickles of the protocols 0 to 2 hold bytes.
    if encoding != "latin1":
        msg = f"it holds text in {encoding!r:.20}"
        raise InertError(msg)
    return text.encode("latin1")


def _number(value: Any = 0.0) -> float:
    return float(value) if isinstance(value, (int, float, str)) else math.nan


def _reconstructed(cls: Any, *_: Any) -> Any:
    if isinstance(cls, type) and issubclass(cls, Stub):
        return cls()
    msg = f"it makes an object of {cls!r:.40}"
    raise InertError(msg)


MAKERS: dict[str, Any] = {
    "_codecs.encode": _encoded,
    "builtins.float": _number,
    "builtins.frozenset": _collection(frozenset),
    "builtins.range": _range,
    "builtins.set": _collection(set),
    "collections.OrderedDict": _ordered_dict,
    "copy_reg._reconstructor": _reconstructed,
    "copyreg._reconstructor": _reconstructed,
    "datetime.date": dt.date,
    "datetime.datetime": dt.datetime,
    "datetime.timedelta": dt.timedelta,
    "datetime.timezone": dt.timezone,
    "__builtin__.float": _number,
    "__builtin__.set": _collection(set),
    "__builtin__.xrange": _range,
    "numpy.dtype": _Dtype,
    **{
        f"numpy.{core}.{name}": maker
        for core in ("core", "_core")
        for name, maker in (
            ("multiarray._reconstruct", Array),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _frombuffer),
        )
    },
}
"""All that is made for real. `numpy.ndarray` itself is only an argument: a stub."""
