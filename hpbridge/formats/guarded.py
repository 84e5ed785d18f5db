"""Read what anybody may have written: in bounds, every failure in a sentence."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hpbridge.contract.bounds import TRUST_HINT, TooLargeError, within
from hpbridge.errors import FormatError, HpbridgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    T = TypeVar("T")

_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///(?:file:)?([^?]+)")
_HINT = "give it as its tool wrote it; where that reads it whole, please report it"
_MOST_FILES = 100_000


def guarded(
    source: object, work: Callable[[], T], form: str | None, *, trust_size: bool
) -> T:
    """Do some work on a source; where it is a file, in the bounds of its size.

    Args:
        source: A file, a folder, a URL, or a live object.
        work: What reads it.
        form: Its format, for the error.
        trust_size: Whether the user lifts the bounds.

    Raises:
        FormatError: If it takes more than that, or fails in any way on a file.
        Exception: What the work raises on something else.
    """
    file = _file_of(source)
    if file is None:
        return work()
    try:
        return within(_size_of(file), work, is_trusted=trust_size)
    except HpbridgeError:
        raise
    except TooLargeError as error:
        said = str(error)
        raise FormatError.unreadable(form, source, [said], TRUST_HINT) from error
    except Exception as error:  # a reader of a damaged file may raise it
        text = " ".join(str(error).split())
        said = f"reading it ended in {type(error).__name__}: {text:.120}"
        raise FormatError.unreadable(form, source, [said], _HINT) from error


def _file_of(source: object) -> Path | None:
    if isinstance(source, str) and (match := _SQLITE.match(source)):
        return Path(match[1])
    return Path(source) if isinstance(source, os.PathLike) else None


def _size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    try:
        if not path.is_dir():
            return path.stat().st_size
        return sum(each.stat().st_size for each in _files(path))
    except OSError:
        return 0  # who reads it says so


def _files(folder: Path) -> Iterator[Path]:
    left = _MOST_FILES
    for here, _, names in os.walk(folder):
        for name in names[:left]:
            if (path := Path(here, name)).is_file():
                yield path
        left -= len(names)
        if left <= 0:
            return
