"""Read pickles and joblib files without running anything that is in them.

A pickle is a program. Here its globals never reach Python's own: a few data types are
made by functions that check what they are given, and every other class or function is
an inert `Stub` that keeps what it was called with; so does what dill and cloudpickle
make of functions and classes, out of their code. There is no `getattr`, an array of
objects is a list, and what would take long in one step is counted before it is done, so
that a hostile file ends in a sentence, in the time and memory of `bounds`.

Source:
    joblib 1.6.0, `numpy_pickle.NumpyArrayWrapper.read_array` for how arrays follow the
    object that describes them, pickled where they hold objects; Python 3.11,
    `pickle._Unpickler`, which joblib extends in the same way; dill 0.3.5 and 0.4.0,
    `dill._dill._load_type` and `_create_array`.
"""

from __future__ import annotations

import bz2
import contextlib
import io
import lzma
import pickle
import zlib
from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.contract.bounds import TooLargeError, limit_bytes, within
from hpbridge.formats.inert.data import (
    MAKERS,
    Array,
    Dtype,
    Stub,
    array_of,
    is_opaque,
    listed,
    n_bytes_of,
    stub_class,
)
from hpbridge.formats.inert.keys import InertError, Keys, brief
from hpbridge.formats.inert.unfolded import CONTAINERS, limit_unfolded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["InertError", "Stub", "head", "load", "loads", "plain", "unpacked"]

MOST_CLASSES = 1_000

_CHUNK = 2**20
_MOST_OF_LZMA = 100 * 2**20
"""Memory that unpacks what `xz -9` packed."""
_LONGEST_INT = 1780
"""Bytes of an int that Python shows: it has 4,300 digits."""


def load(path: Path) -> Any:
    """Return what a pickle or joblib file holds, unpacked where it is packed.

    Returns:
        Plain data, numpy arrays (within `plain`), and a `Stub` for everything else.

    Raises:
        InertError: If it is no pickle, is damaged, or is larger than the limits.
        OSError: If it cannot be opened.
    """
    with _one_kind():
        return within(path.stat().st_size, lambda: loads(unpacked(path)))


def loads(data: bytes) -> Any:
    """Return what a pickle within another file holds; as `load`.

    Raises:
        InertError: If it is no pickle, is damaged, or is larger than the limits.
    """
    with _one_kind():
        reader = _Reader(io.BytesIO(data), len(data))
        found = reader.load()
        if reader.is_shared:
            limit_unfolded(found)
        return found


@contextlib.contextmanager
def _one_kind(what: str = "it is no readable pickle") -> Iterator[None]:
    """Raise an `InertError` for whatever reading raises, which may be anything."""
    try:
        yield
    except (InertError, OSError):
        raise
    except TooLargeError as error:
        raise InertError(str(error)) from error
    except Exception as error:  # damaged bytes may raise anything
        reason = " ".join(str(error).split())
        msg = f"{what} ({type(error).__name__}: {reason:.80})"
        raise InertError(msg) from error


def head(path: Path, size: int) -> bytes:
    """Return the first bytes of what is in a file, unpacked where it is packed.

    Returns:
        At most `size` bytes; none where the file cannot be unpacked or read.
    """
    try:
        with path.open("rb") as file:
            first = file.read(6)
            file.seek(0)
            unpacker = _unpacker(first)
            if unpacker is None:
                return file.read(size)
            return bytes(unpacker.decompress(file.read(_CHUNK), size))
    except (OSError, EOFError, InertError, zlib.error, lzma.LZMAError):
        return b""


def plain(value: Any) -> Any:
    """Return data as Python's own: arrays as lists, numpy scalars as what they hold.

    A `Stub` stays, as does what is in it.

    Raises:
        InertError: If there is more of it than any study has.
    """

    def walk(item: Any) -> Any:
        if isinstance(item, dict):
            return {walk(k): walk(v) for k, v in item.items()}
        if isinstance(item, (list, tuple)):
            return type(item)([walk(each) for each in item])
        return _unwrapped(item)

    with _one_kind("it holds what is no plain data"):
        try:
            return walk(value)
        except RecursionError:
            msg = "it is nested too deep"
            raise InertError(msg) from None


def _unwrapped(item: Any) -> Any:
    array = item.array if isinstance(item, Array) else item
    return listed(array) if hasattr(array, "tolist") else array


def unpacked(path: Path) -> bytes:
    """Return what is in a file, unpacked where it is packed.

    Raises:
        InertError: If it is packed otherwise, or larger than the limit.
        OSError: If it cannot be opened.
    """
    with _one_kind("it is damaged"):
        return _unpacked(path)


def _unpacked(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(6)
        file.seek(0)
        unpacker = _unpacker(head)
        if unpacker is None:
            limit_bytes(path.stat().st_size)
            return file.read()
        data = io.BytesIO()
        while not unpacker.eof and (chunk := _next_input(unpacker, file)) is not None:
            limit_bytes(data.tell() + data.write(unpacker.decompress(chunk, _CHUNK)))
    return data.getvalue()


def _next_input(unpacker: Any, file: Any) -> bytes | None:
    """Return what the unpacker works on next; None where the file ends too early."""
    if rest := getattr(unpacker, "unconsumed_tail", b""):
        return bytes(rest)
    if getattr(unpacker, "needs_input", True) is False:
        return b""
    return file.read(_CHUNK) or None


def _unpacker(head: bytes) -> Any:
    if head[:2] == b"\x1f\x8b" or (
        head[:1] == b"\x78" and head[1:2] in b"\x01\x5e\x9c\xda"
    ):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # zlib or gzip, by header
    if head[:3] == b"BZh":
        return bz2.BZ2Decompressor()
    if head == b"\xfd7zXZ\x00" or head[:3] == b"\x5d\x00\x00":
        return lzma.LZMADecompressor(memlimit=_MOST_OF_LZMA)
    if head[:2] == b"PK" or head[:4] == b"\x04\x22\x4d\x18":
        msg = "it is packed in a way that studies are not (zip or lz4)"
        raise InertError(msg)
    return None


class _Reader(pickle._Unpickler):
    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    def __init__(self, file: io.BytesIO, size: int) -> None:
        super().__init__(file, encoding="latin1")
        self._own_file, self._size = file, size
        self._classes: dict[str, type[Stub]] = {}
        self._keys = Keys()
        self.is_shared = False

    def find_class(self, module: str, name: str) -> Any:
        """Return a checked maker of data, or a stub; never the real thing."""
        path = f"{module}.{name}"
        maker = MAKERS.get(path)
        if maker is not None:
            return maker
        if path not in self._classes:
            if len(self._classes) >= MOST_CLASSES:
                msg = f"it names more than {MOST_CLASSES} classes"
                raise InertError(msg)
            self._classes[path] = stub_class(path)
        return self._classes[path]

    def persistent_load(self, pid: Any) -> Any:
        """Refuse what lies outside the file."""
        msg = f"it refers to something outside the file ({brief(pid)})"
        raise InertError(msg)

    def _check_keys(self, name: str, step: int) -> None:
        """Refuse keys that take long to hash, then do what the operation does."""
        stack: list[Any] = self.stack  # type: ignore[attr-defined]
        check = self._keys.check
        for key in stack[-2 if name == "load_setitem" else 0 :: step]:
            if type(key) is not str:
                check(key)
        getattr(super(), name)()

    def load_setitem(self) -> None:
        """Set one item."""
        self._check_keys("load_setitem", 2)

    dispatch[pickle.SETITEM[0]] = load_setitem

    def load_setitems(self) -> None:
        """Set the items since the last mark."""
        self._check_keys("load_setitems", 2)

    dispatch[pickle.SETITEMS[0]] = load_setitems

    def load_dict(self) -> None:
        """Make a dict of the items since the last mark."""
        self._check_keys("load_dict", 2)

    dispatch[pickle.DICT[0]] = load_dict

    def load_additems(self) -> None:
        """Add what is there since the last mark to a set."""
        self._check_keys("load_additems", 1)

    dispatch[pickle.ADDITEMS[0]] = load_additems

    def load_frozenset(self) -> None:
        """Make a frozen set of what is there since the last mark."""
        self._check_keys("load_frozenset", 1)

    dispatch[pickle.FROZENSET[0]] = load_frozenset

    def load_get(self) -> None:
        """Push what was kept."""
        self._push(self.memo[int(self.readline()[:-1])])  # type: ignore[attr-defined]

    dispatch[pickle.GET[0]] = load_get

    def load_binget(self) -> None:
        """Push what was kept."""
        self._push(self.memo[self.read(1)[0]])  # type: ignore[attr-defined]

    dispatch[pickle.BINGET[0]] = load_binget

    def load_long_binget(self) -> None:
        """Push what was kept."""
        place = int.from_bytes(self.read(4), "little")  # type: ignore[attr-defined]
        self._push(self.memo[place])  # type: ignore[attr-defined]

    dispatch[pickle.LONG_BINGET[0]] = load_long_binget

    def load_dup(self) -> None:
        """Push what is on top."""
        self._push(self.stack[-1])  # type: ignore[attr-defined]

    dispatch[pickle.DUP[0]] = load_dup

    def _push(self, value: Any) -> None:
        if type(value) in CONTAINERS:
            self.is_shared = True
        self.append(value)  # type: ignore[attr-defined]

    def _check_size(self, size: int) -> None:
        """Refuse data that is said to be there and is not, before room is made."""
        if size > self._size:
            msg = f"it is cut off: {size} bytes are to follow"
            raise InertError(msg)

    def load_bytearray8(self) -> None:
        """Make a bytearray."""
        size = int.from_bytes(self.read(8), "little")  # type: ignore[attr-defined]
        self._check_size(size)
        self.append(bytearray(self.read(size)))  # type: ignore[attr-defined]

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    def load_long1(self) -> None:
        """Make an int."""
        self._load_int(self.read(1)[0])  # type: ignore[attr-defined]

    dispatch[pickle.LONG1[0]] = load_long1

    def load_long4(self) -> None:
        """Make an int."""
        size = int.from_bytes(self.read(4), "little", signed=True)  # type: ignore[attr-defined]
        self._load_int(size)

    dispatch[pickle.LONG4[0]] = load_long4

    def _load_int(self, size: int) -> None:
        if not 0 <= size <= _LONGEST_INT:
            msg = "it holds an int of more than 4300 digits"
            raise InertError(msg)
        data = self.read(size)  # type: ignore[attr-defined]
        self.append(pickle.decode_long(data))  # type: ignore[attr-defined]

    def load_newobj(self) -> None:
        """Make an object: of a class that was pickled by its code, a stub of a stub."""
        stack: list[Any] = self.stack  # type: ignore[attr-defined]
        args = stack.pop()
        stack[-1] = _new(stack[-1], args, {})

    dispatch[pickle.NEWOBJ[0]] = load_newobj

    def load_newobj_ex(self) -> None:
        """Make an object that takes arguments by name."""
        stack: list[Any] = self.stack  # type: ignore[attr-defined]
        named = stack.pop()
        args = stack.pop()
        stack[-1] = _new(stack[-1], args, named)

    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex

    def load_build(self) -> None:
        """Set a state; then read the array that joblib puts behind its description."""
        stack: list[Any] = self.stack  # type: ignore[attr-defined]
        state, described = stack.pop(), stack[-1]
        if not isinstance(described, (Stub, Array, Dtype)):
            msg = f"it sets a state on {brief(described)}"  # a function of ours, say
            raise InertError(msg)
        described.__setstate__(state)
        if isinstance(described, Stub) and described.path in _ARRAY_WRAPPERS:
            stack[-1] = self._array_behind(described)

    dispatch[pickle.BUILD[0]] = load_build

    def _pickle_behind(self) -> Any:
        """Read the pickle that joblib puts behind the description of objects."""
        inner = type(self)(self._own_file, self._size)
        # One limit on classes for the whole of a file.
        inner._classes = self._classes
        found = inner.load()
        self.is_shared |= inner.is_shared
        return found

    def _array_behind(self, described: Stub) -> Any:
        dtype, shape = described.get("dtype"), described.get("shape")
        if is_opaque(dtype) and dtype.dtype.kind == "O":
            return self._pickle_behind()
        if described.get("numpy_array_alignment_bytes") is not None:
            self._own_file.read(self._own_file.read(1)[0])
        n_bytes = n_bytes_of(dtype, shape)
        data = self._own_file.read(n_bytes)
        return array_of(data, dtype, shape, described.get("order", "C"))


def _new(cls: Any, args: Any, named: Any) -> Any:
    if isinstance(cls, Stub):
        return cls(*args)
    return cls.__new__(cls, *args, **named)


_ARRAY_WRAPPERS = {
    "joblib.numpy_pickle.NumpyArrayWrapper",
    "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper",
}
