"""The data that the reader makes of a pickle: checked, or a stub."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.contract.bounds import limit_bytes, limit_values
from hpbridge.formats.inert.keys import InertError, Keys, brief

if TYPE_CHECKING:
    from collections.abc import Callable

DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading damaged data of any types may come to."""

_LONGEST_CODE = 20
_RANGE = re.compile(r"range\((-?\d{1,18}(?:, -?\d{1,18}){1,2})\)\Z", re.A)
_OPAQUE = "OmM"


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

    def __call__(self, *args: Any, **_: Any) -> Stub:
        """Return what it makes, a function from its code say: another stub."""
        return type(self)(*args)

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


def stub_class(path: str) -> type[Stub]:
    """Return a class of stubs for a dotted name."""
    return type("Stub", (Stub,), {"path": path})


def _is_pair(state: object) -> bool:
    return isinstance(state, tuple) and len(state) == 2  # noqa: PLR2004


class Array:
    """A numpy array that a pickle makes in two steps."""

    array: Any = None
    """Also where a pickle makes it without calling anything."""

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, is_fortran, data, *masked = state
        if is_opaque(dtype):
            self.array = _objects(data, dtype, shape)
        else:
            self.array = array_of(data, dtype, shape, "F" if is_fortran else "C")
        if masked:
            self.array = _unmasked(self.array, *masked)


def _objects(data: Any, dtype: Dtype, shape: Any) -> Any:
    """Return an array of objects as a list of them, each inert as it was read.

    One of several dimensions, and one of times, is a stub.
    """
    if isinstance(data, list) and dtype.dtype.kind == "O" and shape == (len(data),):
        return data
    return stub_class(f"numpy.ndarray of {dtype.dtype.kind}")(data)


def _unmasked(array: Any, mask: Any, *_: Any) -> list[Any]:
    """Return a masked array of one dimension as a list; None where it is masked."""
    values = array if isinstance(array, list) else listed(array)
    if not isinstance(values, list) or not isinstance(mask, (bytes, str)):
        msg = "it holds a masked array that is no column"
        raise InertError(msg)
    is_out = mask.encode("latin1") if isinstance(mask, str) else mask
    if len(is_out) != len(values):
        msg = f"it holds {len(values)} values and {len(is_out)} masks"
        raise InertError(msg)
    return [None if out else value for value, out in zip(values, is_out, strict=True)]


class Dtype:
    """A numpy type while its pickle is read: numpy's own `__setstate__` checks less."""

    dtype: Any = None
    """Also where a pickle makes it without calling anything."""

    def __init__(self, code: Any, *_: Any) -> None:
        import numpy as np

        if not isinstance(code, str) or len(code) > _LONGEST_CODE:
            msg = f"it holds an array of {brief(code)}"
            raise InertError(msg)
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        _, order, subtype, _, fields, *_ = state
        # Records, such as a tree's nodes, are kept as their bytes.
        if self.dtype.kind in _OPAQUE:
            return
        is_plain = subtype is None
        if not is_plain or not all(map(_is_plain, (fields or {}).values())):
            msg = f"it holds an array of {self.dtype!r}, which could hold anything"
            raise InertError(msg)
        self.dtype = self.dtype.newbyteorder(order)


def is_opaque(dtype: Any) -> bool:
    """Say whether it is a type of objects or times, whose arrays are not made."""
    return _is_made(dtype) and dtype.dtype.kind in _OPAQUE


def _is_made(dtype: Any) -> bool:
    return isinstance(dtype, Dtype) and dtype.dtype is not None


def _is_plain(field: Any) -> bool:
    kind = field[0]
    return _is_made(kind) and not is_opaque(kind) and not kind.dtype.hasobject


def n_bytes_of(dtype: Any, shape: Any) -> int:
    """Return how many bytes an array has, if it is one of plain data."""
    if not _is_made(dtype) or dtype.dtype.hasobject:
        found = getattr(dtype, "dtype", dtype)
        msg = f"it holds an array of {brief(found)}, which could hold anything"
        raise InertError(msg)
    if not isinstance(shape, tuple) or any(type(n) is not int or n < 0 for n in shape):
        msg = f"it holds an array of shape {brief(shape)}"
        raise InertError(msg)
    n_bytes = math.prod(shape) * int(dtype.dtype.itemsize)
    limit_bytes(n_bytes)
    if not n_bytes:  # nothing, in any number of rows
        limit_values(math.prod(n or 1 for n in shape))
    return n_bytes


def listed(array: Any) -> Any:
    """Return a numpy array as lists of Python's own numbers."""
    limit_values(array.size)
    return array.tolist()


def array_of(data: Any, dtype: Any, shape: Any, order: str) -> Any:
    """Return the numpy array that these bytes are; a stub of one of times."""
    import numpy as np

    n_bytes = n_bytes_of(dtype, shape)
    if is_opaque(dtype):
        return _objects(data, dtype, shape)
    if not isinstance(data, (bytes, bytearray, str)):
        msg = f"it holds an array whose bytes are {brief(data)}"
        raise InertError(msg)
    raw = data.encode("latin1") if isinstance(data, str) else bytes(data)
    if len(raw) != n_bytes:
        msg = f"it holds an array of {n_bytes} bytes and gives {len(raw)}"
        raise InertError(msg)
    is_fortran = order == "F"
    return np.frombuffer(raw, dtype.dtype).reshape(
        shape, order="F" if is_fortran else "C"
    )


def _scalar(dtype: Any, data: Any = b"") -> Any:
    if is_opaque(dtype):
        return _objects(data, dtype, ())
    return array_of(data, dtype, (), "C")[()].item()


def _frombuffer(data: Any, dtype: Any, shape: Any, order: str, *_: Any) -> Any:
    return array_of(data, dtype, shape, order)


def _range(*ends: int) -> range:
    found = range(*ends)
    try:
        limit_values(len(found))
    except OverflowError:
        limit_values(math.inf)
    return found


def _collection(kind: type) -> Callable[..., Any]:
    def make(items: Any = ()) -> Any:
        # A range, say, would be a way to make much of little.
        if not isinstance(items, (list, tuple, set, frozenset)):
            msg = f"it makes a {kind.__name__} of {brief(items)}"
            raise InertError(msg)
        return kind(map(Keys().check, items) if kind in {set, frozenset} else items)

    return make


def _ordered_dict(items: Any = ()) -> dict[Any, Any]:
    if not isinstance(items, (list, tuple)):
        return {}
    keys = Keys()
    return {keys.check(key): value for key, value in items}


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    # How pickles of the protocols 0 to 2 hold bytes.
    if encoding != "latin1":
        msg = f"it holds text in {brief(encoding)}"
        raise InertError(msg)
    return text.encode("latin1")


def _number(value: Any = 0.0) -> float:
    return float(value) if isinstance(value, (int, float, str)) else math.nan


def _reconstructed(cls: Any, *_: Any) -> Any:
    if isinstance(cls, type) and issubclass(cls, Stub):
        return cls()
    msg = f"it makes an object of {brief(cls)}"
    raise InertError(msg)


_OF_DILL = {
    "set": _collection(set),
    "frozenset": _collection(frozenset),
    "list": _collection(list),
    "tuple": _collection(tuple),
    "dict": _ordered_dict,
}


def _dill_type(name: Any) -> Any:
    # Of dill under 0.3.6, which names every type so, sets among them.
    made = _OF_DILL.get(name) if isinstance(name, str) else None
    return made or stub_class("type")


def _dill_repr(text: Any) -> Any:
    # Of ranges, as soon as dill was imported.
    found = _RANGE.match(text) if isinstance(text, str) else None
    return _range(*map(int, found[1].split(", "))) if found else stub_class("repr")()


def _dill_array(make: Any, args: Any, state: Any, *_: Any) -> Any:
    # Of a subclass of numpy's arrays, such as a masked one.
    array = make(*args)
    array.__setstate__(state)
    return array


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
    "numpy.dtype": Dtype,
    **{
        f"numpy.{core}.{name}": maker
        for core in ("core", "_core")
        for name, maker in (
            ("multiarray._reconstruct", Array),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _frombuffer),
        )
    },
    **{f"numpy.ma.{core}._mareconstruct": Array for core in ("core", "_core")},
    **{f"dill.{module}._load_type": _dill_type for module in ("dill", "_dill")},
    **{f"dill.{module}._eval_repr": _dill_repr for module in ("dill", "_dill")},
    **{f"dill.{module}._create_array": _dill_array for module in ("dill", "_dill")},
}
"""All that is made for real. `numpy.ndarray` itself is only an argument: a stub."""
