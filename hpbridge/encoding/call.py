"""A call of a library's class or function: to be made, or to be printed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTH = 87  # with the comma behind it as long as our own lines
_STEP = 4


@dataclass(frozen=True)
class Name:
    """A name that stands in a call, as in ``(1, 9, int)``.

    Attributes:
        name: Looked up where the call is made, and printed as it is.
    """

    name: str


@dataclass(frozen=True)
class Call:
    """What is made in a library's own words, said once for making and for printing.

    Attributes:
        name: As the library's documentation writes it, dotted if it does.
        args: Plain values, names or calls; or lists, tuples and dicts of them.
        kwargs: The same by name.

    Example:
        >>> Call("Real", (0.1, 1.0), {"prior": "log-uniform"}).source()
        "Real(0.1, 1.0, prior='log-uniform')"
        >>> Call("max", (Call("abs", (-3,)), 2)).make({"max": max, "abs": abs})
        3
        >>> Call("sorted", ([3, -4],), {"key": Name("abs")}).source()
        'sorted([3, -4], key=abs)'
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def make(self, names: Mapping[str, Any]) -> Any:
        """Return what the call returns, of the callable of this name among `names`."""
        kwargs = {key: _made(value, names) for key, value in self.kwargs.items()}
        return names[self.name](*(_made(arg, names) for arg in self.args), **kwargs)

    def source(self) -> str:
        """Return the call as Python source, in one line."""
        return source_of(self)

    def wrapped(self, before: str = "") -> str:
        """Return the same, with an argument a line where one line is too long.

        Args:
            before: What the first line begins with, as in ``"optimizer = "``.
        """
        return _wrapped(before, self, 0)


def _made(value: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(value, Call):
        return value.make(names)
    if isinstance(value, Name):
        return names[value.name]
    if type(value) in {list, tuple}:
        return type(value)(_made(each, names) for each in value)
    if type(value) is dict:
        return {key: _made(each, names) for key, each in value.items()}
    return value


def source_of(value: Any) -> str:
    """Return what a call may hold as Python source, in one line.

    Example:
        >>> source_of({"x": (1, 9, Name("int"))})
        "{'x': (1, 9, int)}"
    """
    opened, parts, closed = _parts(value)
    if type(value) is tuple and len(parts) == 1:
        closed = f",{closed}"
    inside = ", ".join(f"{before}{source_of(part)}" for before, part in parts)
    return f"{opened}{inside}{closed}"


def _wrapped(before: str, value: Any, indent: int) -> str:
    margin, line = " " * indent, source_of(value)
    opened, parts, closed = _parts(value)
    if not parts or len(margin + before + line) <= _WIDTH:
        return f"{margin}{before}{line}"
    inner = [f"{_wrapped(*part, indent + _STEP)}," for part in parts]
    return "\n".join([f"{margin}{before}{opened}", *inner, f"{margin}{closed}"])


def _parts(value: Any) -> tuple[str, list[tuple[str, Any]], str]:
    """Return what a value opens with, its parts after their keys, and its end."""
    if isinstance(value, Call):
        named = [(f"{key}=", part) for key, part in value.kwargs.items()]
        return f"{value.name}(", [*(("", arg) for arg in value.args), *named], ")"
    if type(value) is dict:
        return "{", [(f"{key!r}: ", part) for key, part in value.items()], "}"
    if type(value) in {list, tuple}:
        opened, closed = "[]" if type(value) is list else "()"
        return opened, [("", part) for part in value], closed
    return _word(value), [], ""


def _word(value: Any) -> str:
    if isinstance(value, Name):
        return value.name
    if isinstance(value, float) and not math.isfinite(value):
        return "math.nan" if math.isnan(value) else repr(value).replace("i", "math.i")
    return repr(value)
