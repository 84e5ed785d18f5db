"""Read pickles and joblib files without running anything that is in them.

A pickle is a program. Here its globals never reach Python's own: a few data types are
made by functions that check what they are given, and every other class or function is
an inert `Stub` that keeps what it was called with; so does what dill and cloudpickle
make of functions and classes, out of their code. There is no `getattr`, an array of
objects is a list, and there is a limit on bytes, steps, classes and array sizes, so
that a hostile file ends in a sentence, in bounded memory and time.

Source:
    joblib 1.6.0, `numpy_pickle.NumpyArrayWrapper.read_array` for how arrays follow the
    object that describes them, pickled where they hold objects; Python 3.11,
    `pickle._Unpickler`, which joblib extends in the same way; dill 0.3.5 and 0.4.0,
    `dill._dill._load_type` and `_create_array`.
"""

from __future__ import annotations

import bz2
import io
import lzma
import pickle
import zlib
from typing import TYPE_CHECKING, Any, ClassVar

from hpbridge.formats.inert.data import (
    MAKERS,
    MOST_BYTES,
    MOST_NODES,
    Array,
    InertError,
    Stub,
    array_of,
    is_opaque,
    limit_bytes,
    limit_key,
    n_bytes_of,
    stub_class,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["InertError", "Stub", "head", "load", "loads", "plain", "unpacked"]

MOST_STEPS = 6_000_000
"""Of a pickle's program; a study of 10,000 trials has about two million."""
MOST_CLASSES = 1_000

_CHUNK = 2**20
_ZLIB_HEADS = {b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"}


def load(path: Path) -> Any:
    """Return what a pickle or joblib file holds, unpacked where it is packed.

    Returns:
        Plain data, numpy arrays (within `plain`), and a `Stub` for everything else.

    Raises:
        InertError: If it is no pickle, is damaged, or is larger than the limits.
        OSError: If it cannot be opened.
    """
    try:
        return loads(unpacked(path))
    except InertError:
        raise
    except Exception as error:  # so may an unpacker of damaged data
        raise _unreadable(error) from error


def loads(data: bytes) -> Any:
    """Return what a pickle within another file holds; as `load`.

    Raises:
        InertError: If it is no pickle, is damaged, or is larger than the limits.
    """
    try:
        return _Reader(io.BytesIO(data)).load()
    except InertError:
        raise
    except Exception as error:  # a damaged program may do anything but run code
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> InertError:
    reason = " ".join(str(error).split())
    kind = type(error).__name__
    return InertError(f"it is no readable pickle ({kind}: {reason:.80})")


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
    left = [MOST_NODES]

    def walk(item: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            msg = f"it holds more than {MOST_NODES} values"
            raise InertError(msg)
        if isinstance(item, dict):
            return {walk(k): walk(v) for k, v in item.items()}
        if isinstance(item, (list, tuple)):
            return type(item)([walk(each) for each in item])
        return _unwrapped(item)

    try:
        return walk(value)
    except RecursionError:
        msg = "it is nested too deep"
        raise InertError(msg) from None


def _unwrapped(item: Any) -> Any:
    array = item.array if isinstance(item, Array) else item
    return array.tolist() if hasattr(array, "tolist") else array


def unpacked(path: Path) -> bytes:
    """Return what is in a file, unpacked where it is packed.

    Raises:
        InertError: If it is packed otherwise, or larger than the limit.
        OSError: If it cannot be opened.
    """
    try:
        return _unpacked(path)
    except (EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise error if isinstance(error, InertError) else _damaged(error) from error


def _damaged(error: Exception) -> InertError:
    return InertError(f"it is damaged ({' '.join(str(error).split()):.80})")


def _unpacked(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(6)
        file.seek(0)
        unpacker = _unpacker(head)
        if unpacker is None:
            data = file.read(MOST_BYTES + 1)
            limit_bytes(len(data))
            return data
        parts: list[bytes] = []
        size = 0
        while not unpacker.eof and (chunk := _next_input(unpacker, file)) is not None:
            part = unpacker.decompress(chunk, _CHUNK)
            size += len(part)
            limit_bytes(size)
            parts.append(part)
    return b"".join(parts)


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
        return lzma.LZMADecompressor(memlimit=MOST_BYTES)
    if head[:2] == b"PK" or head[:4] == b"\x04\x22\x4d\x18":
        msg = "it is packed in a way that studies are not (zip or lz4)"
        raise InertError(msg)
    return None


class _Steps(dict[int, Any]):
    """The table of a pickle's steps, which counts those that are taken."""

    left = MOST_STEPS

    def __getitem__(self, key: int) -> Any:
        self.left -= 1
        if self.left < 0:
            msg = f"it takes more than {MOST_STEPS} steps to read"
            raise InertError(msg)
        return super().__getitem__(key)


class _Reader(pickle._Unpickler):
    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, encoding="latin1")
        self._own_file = file
        self._classes: dict[str, type[Stub]] = {}
        self.dispatch = _Steps(type(self).dispatch)  # type: ignore[misc]

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
        msg = f"it refers to something outside the file ({pid!r:.40})"
        raise InertError(msg)

    def _check_keys(self, name: str, step: int) -> None:
        """Refuse keys that take long to hash, then do what the operation does."""
        stack: list[Any] = self.stack  # type: ignore[attr-defined]
        for key in stack[-2 if name == "load_setitem" else 0 :: step]:
            limit_key(key)
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
        super().load_build()  # type: ignore[misc]
        stack: list[Any] = self.stack  # type: ignore[attr-defined]
        described = stack[-1]
        is_array = isinstance(described, Stub) and described.path in _ARRAY_WRAPPERS
        if is_array:
            stack[-1] = self._array_behind(described)

    dispatch[pickle.BUILD[0]] = load_build

    def _pickle_behind(self) -> Any:
        """Read the pickle that joblib puts behind the description of objects."""
        inner = type(self)(self._own_file)
        # One limit on steps and classes for the whole of a file.
        inner.dispatch, inner._classes = self.dispatch, self._classes  # type: ignore[misc]
        return inner.load()

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
