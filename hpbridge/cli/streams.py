"""What a command prints goes where it was asked for, and nothing else goes there.

Results go to standard output. While a command runs, whatever else is written there is
led to standard error: by the objective, its file, libraries and what they start, by
Python, C or another process, and until the process has ended.

No stream fails: what cannot be written is lost, and the command goes on to its end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO, cast

from hpbridge.drivers import outlets
from hpbridge.drivers.outlets import Outlet, encoding_of, flush

if TYPE_CHECKING:
    from collections.abc import Iterator

_OUT, _ERR = 1, 2

LEAST_WIDTH = 40
"""A table has no room for its columns in less."""

_WIDTHS = range(LEAST_WIDTH, 10_000)
_HEIGHTS = range(1, 10_000)
_SIZES = {"COLUMNS": _WIDTHS, "TERMINAL_WIDTH": _WIDTHS, "LINES": _HEIGHTS}


@dataclass
class _Streams:
    """Where a command prints; None for what the process has by that name.

    Attributes:
        is_own: Whether the process is the command's, from its start to its end.
    """

    results: TextIO | None = None
    beside: TextIO | None = None
    is_own: bool = False


_streams = _Streams()


def results() -> TextIO:
    """Return the stream for results: standard output."""
    return _streams.results or sys.stdout


def beside() -> TextIO:
    """Return the stream for what is said beside results: standard error."""
    return _streams.beside or sys.stderr


def say(text: str) -> None:
    """Say something beside results; above the bars, where they are."""
    try:
        sys.stderr.write(text.rstrip() + "\n")
    except Exception:  # noqa: BLE001 - an objective may have put anything there
        beside().write(text.rstrip() + "\n")


def take_over() -> None:
    """Make the streams of this process, which is a command's, such as never fail."""
    outlets.take_over()
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    _streams.beside = sys.stderr
    _streams.is_own = True
    for variable, sensible in _SIZES.items():
        _forget_unless(variable, sensible)


def _forget_unless(variable: str, sensible: range) -> None:
    """Forget a size in the environment that is none."""
    text = os.environ.get(variable)
    if text is None:
        return
    is_number = text.isascii() and text.isdecimal() and len(text) < len("1000000")
    if not is_number or int(text) not in sensible:
        del os.environ[variable]


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Keep results apart from all else that is printed while the body runs.

    In a process of the command's own it stays so afterwards.
    """
    before = sys.stdout, sys.stderr
    flush()
    kept = _leave(_OUT)
    if kept is not None and _number_of(sys.stdout) == _OUT:
        _streams.results = Outlet(kept, encoding_of(sys.stdout))
        sys.stdout = Outlet(_OUT, encoding_of(sys.stdout))
    else:  # somebody has replaced it, and runs the command in a process of theirs
        _streams.results, sys.stdout = sys.stdout, sys.stderr
    during = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout, sys.stderr = during if _streams.is_own else before
        flush()
        if not _streams.is_own:
            _streams.results = None
            _come_back(kept)


def _number_of(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def _leave(number: int) -> int | None:
    """Lead a descriptor to standard error; return another to where it led."""
    try:
        kept = os.dup(number)
        os.dup2(_ERR, number)
    except OSError:  # a host that has no such descriptors
        return None
    return kept


def _come_back(kept: int | None) -> None:
    if kept is not None:
        os.dup2(kept, _OUT)
        os.close(kept)


def lost() -> OSError | None:
    """Return why results could not be written; not where nobody wanted them."""
    flush()
    failure = cast("OSError | None", getattr(results(), "failure", None))
    if failure is None or failure.errno in {errno.EPIPE, errno.EBADF}:
        return None
    return failure
