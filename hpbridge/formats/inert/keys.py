"""Values that take long in one step of Python's: to hash, to tell apart, to show."""

from __future__ import annotations

import reprlib
from typing import Any

_MOST_IN_A_KEY = 1_000
_MOST_ALIKE = 16
_OWN_HASH = 2**60
"""Whole numbers below have a hash of their own."""
_SHOWN = 40


class InertError(ValueError):
    """The file cannot be read this way; the message is one phrase."""


class Keys:
    """The keys of dicts and sets: none may take long to hash, or to be told apart.

    Tuples of tuples that are all the same take for ever to hash; of many numbers with
    one hash, each is compared with all that came before.
    """

    def __init__(self) -> None:
        self._alike: dict[int, list[Any]] = {}

    def check(self, key: Any) -> Any:
        """Return a key that is none of these.

        Raises:
            InertError: If it is one.
            TypeError: If it has no hash.
        """
        kind = type(key)
        if kind is str or (kind is int and -_OWN_HASH < key < _OWN_HASH):
            return key
        _limit_key(key)
        alike = self._alike.setdefault(hash(key), [])
        if key not in alike:
            alike.append(key)
        if len(alike) > _MOST_ALIKE:
            msg = f"it holds more than {_MOST_ALIKE} keys that have one hash"
            raise InertError(msg)
        return key


def _limit_key(key: Any) -> None:
    left, todo = _MOST_IN_A_KEY, [key]
    while todo:
        item = todo.pop()
        left -= 1
        if left < 0:
            msg = f"it holds a key of more than {_MOST_IN_A_KEY} values"
            raise InertError(msg)
        if isinstance(item, (tuple, frozenset)):
            todo += list(item)[: left + 1]


class _Brief(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3

    def repr_bytes(self, value: bytes, _: int) -> str:
        return repr(value[:_SHOWN])

    repr_bytearray = repr_bytes


_BRIEF = _Brief()


def brief(value: object) -> str:
    """Return what stands for a value in a message, however large or deep that is.

    Example:
        >>> brief("x" * 10**6), brief([[[["x"]]]])
        ("'xxxxxxxxxxxx...xxxxxxxxxxxxx'", '[[[...]]]')
    """
    try:
        return f"{_BRIEF.repr(value):.{_SHOWN}}"
    except (ValueError, RecursionError):  # an int of too many digits
        return f"a {type(value).__name__} too long to show"
