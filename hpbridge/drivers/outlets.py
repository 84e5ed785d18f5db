"""Standard output and error that never fail whoever writes to them.

A terminal that is closed, a reader that left, a full disk: what an objective prints is
lost then, and nothing else is. So is what a command prints of a study that runs.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

_STDOUT, _STDERR = 1, 2

_AGAIN = b"\n--- the trial runs again ---\n"
"""Between the attempts at a trial, in its log."""

# Nobody will ever read: the descriptor is given to the null device, or a child that
# writes there too would be ended by a signal.
_GONE = frozenset({errno.EPIPE, errno.EBADF, errno.EIO, errno.ECONNRESET})


class _Descriptor(io.FileIO):
    """A descriptor as a file that takes everything.

    Attributes:
        failure: Why something of it is lost; None while all was written.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number, "wb", closefd=False)
        self.failure: OSError | None = None

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        try:
            while (n_written := super().write(data)) is None:
                select.select([], [self.fileno()], [])  # somebody let it not block
        except OSError as error:
            self.failure = self.failure or error
            if error.errno in _GONE:
                _write_no_more(self.fileno())
            return len(data)
        return n_written


class Outlet(io.TextIOWrapper):
    """A descriptor as a text stream: open for good, and it takes any text.

    What its encoding lacks is written with backslashes. A line is written at once: the
    process may die in the next moment.

    Args:
        number: The descriptor's.
        encoding: As of `open`.
    """

    def __init__(self, number: int, encoding: str | None = None) -> None:
        try:
            self._descriptor = _Descriptor(number)
        except OSError:  # it is closed, or a folder
            write_nowhere(number)
            self._descriptor = _Descriptor(number)
        super().__init__(
            io.BufferedWriter(self._descriptor),  # type: ignore[type-var]
            encoding=encoding,
            errors="backslashreplace",
            line_buffering=True,
        )
        self.mode = "w"  # type: ignore[misc]

    @property
    def failure(self) -> OSError | None:
        """Why something that was written is lost, if anything is."""
        return self._descriptor.failure

    def close(self) -> None:
        """Write what waits. A library that closes standard output closes nothing."""
        with contextlib.suppress(ValueError):
            self.flush()


def open_missing() -> None:
    """Let descriptors of standard streams that are closed be the null device.

    A socket or a database would get their numbers, and what anybody prints.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(number, True)
    os.close(number)


def take_over() -> None:
    """Make standard output and error of this process such as never fail."""
    open_missing()
    sys.stdout = Outlet(_STDOUT, encoding_of(sys.stdout))
    sys.stderr = Outlet(_STDERR, encoding_of(sys.stderr))
    # Who writes there on purpose is led elsewhere too, and not to fail by that either.
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc]


def encoding_of(stream: TextIO | None) -> str:
    """Return in which encoding to write where a stream has written."""
    return getattr(stream, "encoding", None) or "utf-8"


@contextlib.contextmanager
def led_to(path: str | None) -> Iterator[None]:
    """Lead standard output and error of this process to the end of a file.

    Of Python, of C, and of what is started meanwhile. Where that fails, they stay
    where they are.

    Args:
        path: Of the file, made where it is not there; None to do nothing.
    """
    number = None if path is None else _opened(path)
    if number is None:
        yield
        return
    flush()
    kept = [(os.dup(each), each) for each in (_STDOUT, _STDERR)]
    before = sys.stdout, sys.stderr
    for _, each in kept:
        os.dup2(number, each)
    os.close(number)
    sys.stdout, sys.stderr = Outlet(_STDOUT, "utf-8"), Outlet(_STDERR, "utf-8")
    try:
        yield
    finally:
        flush()
        sys.stdout, sys.stderr = before
        for saved, each in kept:
            os.dup2(saved, each)
            os.close(saved)


def _opened(path: str) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        open_missing()
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        if os.fstat(number).st_size:
            os.write(number, _AGAIN)
        return number
    return None


def append(path: str, data: bytes) -> None:
    """Write to the end of a file what was printed where it is not.

    Apart from what an earlier attempt printed. Where that fails, it is lost.

    Args:
        path: Of the file, made where it is not there.
        data: What was printed.
    """
    number = _opened(path)
    if number is not None:
        with contextlib.suppress(OSError), open(number, "wb") as file:  # noqa: PTH123
            file.write(data)


def write_nowhere(number: int) -> None:
    """Let a descriptor be the null device."""
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing == number:
        os.set_inheritable(number, True)
        return
    os.dup2(nothing, number)
    os.close(nothing)


def _write_no_more(number: int) -> None:
    """Let a descriptor, and standard output and error that lead there, be nothing."""
    with contextlib.suppress(OSError):
        twins = [each for each in (1, 2) if _are_one(each, number)]
        for each in {number, *twins}:
            write_nowhere(each)


def _are_one(first: int, second: int) -> bool:
    try:
        return os.path.sameopenfile(first, second)
    except OSError:
        return False


def flush() -> None:
    """Write what waits in standard output and error, of C's library too."""
    for stream in (sys.stdout, sys.stderr):
        # None, closed or replaced by whatever an objective may put there.
        with contextlib.suppress(Exception):  # what an objective put there
            stream.flush()
    if "ctypes" in sys.modules:  # otherwise hardly anything has written from C
        import ctypes

        with contextlib.suppress(Exception):  # what an objective put there
            ctypes.CDLL(None).fflush(None)
