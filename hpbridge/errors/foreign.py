"""Somebody else's exceptions and values in words, whatever their own methods do.

What an objective raises or returns is the user's, or a library's: its ``str``, its
``repr`` or its class may raise. Nothing here does, but for Ctrl-C.
"""

from __future__ import annotations

import reprlib
import traceback
from typing import Any

_LONGEST_VALUE = 80
# In bits; Python refuses to write a much longer one.
_LONGEST_INT = 10_000
# What is shown of it is short, and a list may have millions of elements.
_BUILT_IN = (list, tuple, dict, set, frozenset, str, bytes, int)
_SHORT = reprlib.Repr()
_SHORT.maxdict = 12
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = _LONGEST_VALUE


def comes_of_ctrl_c(error: BaseException, handled: BaseException | None = None) -> bool:
    """Say whether Ctrl-C led to an exception.

    Args:
        error: The exception.
        handled: What was handled already when what raised it began, and led to nothing.
    """
    seen: dict[int, BaseException] = {}  # causes may go round in a circle
    found: BaseException | None = error
    while found is not None and id(found) not in seen and found is not handled:
        seen[id(found)] = found
        found = found.__cause__ or found.__context__
    return any(isinstance(each, KeyboardInterrupt) for each in seen.values())


def describe_error(error: BaseException) -> str:
    """Return an exception in one line.

    Example:
        >>> describe_error(KeyError("x")), describe_error(SystemExit(2))
        ("KeyError: 'x'", 'SystemExit: 2 (it called for the end of Python)')
    """
    name = type(error).__name__
    try:
        text = " ".join(str(error).split())
    except KeyboardInterrupt:
        raise
    except BaseException as inner:  # noqa: BLE001 - its own text may do anything
        text = f"its text cannot be had: {type(inner).__name__}"
    line = f"{name}: {text}" if text else name
    is_exit = isinstance(error, SystemExit)
    return f"{line} (it called for the end of Python)" if is_exit else line


def traceback_of(error: BaseException) -> str:
    """Return the traceback of an exception, without the frame that caught it."""
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    try:
        return "".join(traceback.format_exception(type(error), error, frames))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - its notes and its causes may do anything
        lines = traceback.format_tb(frames)
        head = "Traceback (most recent call last):\n"
        return "".join([head, *lines, describe_error(error), "\n"])


def shown(value: Any) -> str:
    """Return a value's `repr`, cut off; its type alone where it has none.

    Example:
        >>> shown("a" * 100)[:3], shown(10**5000)
        ("'aa", '<int of 16610 bits>')
    """
    if type(value) is int and value.bit_length() > _LONGEST_INT:
        return f"<int of {value.bit_length()} bits>"
    try:
        if type(value) in _BUILT_IN:
            return _SHORT.repr(value)
        return f"{value!r:.{_LONGEST_VALUE}}"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - its own text may do anything
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
