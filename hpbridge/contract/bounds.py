"""How long a file may be worked on, and how much memory it may take.

Anybody can write a small file that takes for ever to read. What a reader can count
beforehand it counts (`limit`); the rest the operating system counts: a watcher looks at
the processor time of the thread that reads and at the memory of the process, and ends
the reading where it is, in whatever reader that may be. A user who trusts a file lifts
both.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    T = TypeVar("T")

SECONDS, SECONDS_A_MIB = 10.0, 1.0
"""What a file may take: the former, or by its size where that is more."""
MIB, MIB_A_MIB = 512.0, 50.0
TRUST_HINT = "where you trust it, `--trust-size` reads it; in Python trust_size=True"

_OF_PYTHON = 112
"""MiB of the latter that Python, hpbridge and the libraries that read take."""
_SHARE = 0.8
"""Of the former: what is left is to start, to stop and to say so."""
_EVERY = 0.02
_MIB = 2**20
_A_VALUE = 100
"""Bytes of an object, with its place in a list."""


class TooLargeError(ValueError):
    """Reading it takes more than a file may that nobody trusts; one phrase."""


class _Ended(BaseException):
    """Raised within what reads, wherever that is; nothing in between may catch it."""


@dataclass(frozen=True)
class Bounds:
    """What a file may take.

    Attributes:
        seconds: Of the processor.
        n_bytes: Of memory, beyond what the process had before.

    Example:
        >>> Bounds.of(2**20).seconds, Bounds.of(100 * 2**20).seconds
        (8.0, 80.0)
    """

    seconds: float
    n_bytes: float

    @classmethod
    def of(cls, size: int) -> Bounds:
        """Return those of a file of so many bytes."""
        mib = size / _MIB
        seconds = max(SECONDS, SECONDS_A_MIB * mib) * _SHARE
        memory = (max(MIB, MIB_A_MIB * mib) - _OF_PYTHON) * _MIB
        return cls(seconds, min(memory, _memory_of_machine() / 2))

    @property
    def seconds_said(self) -> str:
        """How messages have it."""
        return f"{self.seconds / _SHARE:.0f} s"

    @property
    def memory_said(self) -> str:
        """How messages have it."""
        return f"{self.n_bytes / _MIB + _OF_PYTHON:.0f} MiB"


NONE = Bounds(math.inf, math.inf)
"""Of a file that is trusted."""

_CURRENT: ContextVar[_Watch | None] = ContextVar("bounds", default=None)


def within(size: int, work: Callable[[], T], *, is_trusted: bool = False) -> T:
    """Do some work on a file within the bounds of its size; return what that returns.

    Within other bounds it is simply done.

    Args:
        size: Of the file, in bytes.
        work: What reads it, in this thread.
        is_trusted: Whether the user lifts the bounds.

    Raises:
        TooLargeError: If it took longer, or more memory.
        Exception: What the work raises.
    """
    if _CURRENT.get() is not None:
        return work()
    watch = _Watch(NONE if is_trusted else Bounds.of(size))
    token = _CURRENT.set(watch)
    try:
        try:
            watch.start()
            return work()
        finally:
            watch.stop()
    except _Ended:
        watch.stop()
        raise TooLargeError(watch.reason) from None
    except Exception as error:  # raised again but at a limit
        # A library that was told to end, or that had no memory left, says so its way;
        # so does a reader to which something was too large.
        reason = watch.reason or watch.refused or watch.exceeded()
        if not reason:
            raise
        raise TooLargeError(reason) from error
    finally:
        _CURRENT.reset(token)


def bounds() -> Bounds:
    """Return those that hold here; without any, those of a small file."""
    watch = _CURRENT.get()
    return Bounds.of(0) if watch is None else watch.bounds


def is_over() -> bool:
    """Say whether the work is to end, for a library that can be told so."""
    watch = _CURRENT.get()
    return watch is not None and bool(watch.exceeded())


def limit_bytes(size: float) -> None:
    """Refuse to hold so many bytes of data, which are there twice for a moment.

    Raises:
        TooLargeError: If they are more than a file may take.
    """
    most = bounds().n_bytes / 2
    if size > most:
        msg = f"it is larger than {most / _MIB:.0f} MiB when unpacked"
        raise too_large(msg)


def limit_values(number: float) -> None:
    """Refuse to make so many objects of Python's: numbers, texts, lists.

    Raises:
        TooLargeError: If they take more memory than a file may.
    """
    most = bounds().n_bytes / _A_VALUE
    if number > most:
        msg = f"it holds more than {most:.0f} values"
        raise too_large(msg)


def too_large(reason: str) -> TooLargeError:
    """Return the error of something that was counted; `within` raises it in the end."""
    if watch := _CURRENT.get():
        watch.refused = reason
    return TooLargeError(reason)


class _Watch:
    """Looks at what a thread takes while it works, and ends it."""

    def __init__(self, held: Bounds) -> None:
        self.bounds = held
        self.reason = self.refused = ""
        self._thread = threading.get_ident()
        self._stopped, self._lock = threading.Event(), threading.Lock()
        self._cpu = _clock_of(self._thread)
        self._from, self._memory = self._cpu(), memory_of_process()

    def start(self) -> None:
        """Begin to look."""
        if self.bounds is not NONE:
            name = "hpbridge-bounds"
            threading.Thread(target=self._look, name=name, daemon=True).start()

    def stop(self) -> None:
        """End looking; nothing is raised in the thread from here on."""
        with self._lock:
            self._stopped.set()
        if self.reason:
            _raise_in(self._thread, None)

    def exceeded(self) -> str:
        """Return which bound is exceeded; "" for none."""
        if self._cpu() - self._from > self.bounds.seconds:
            return f"it takes more than {self.bounds.seconds_said} to read"
        if memory_of_process() - self._memory > self.bounds.n_bytes:
            return f"it takes more than {self.bounds.memory_said} of memory to read"
        return ""

    def _look(self) -> None:
        while not self._stopped.wait(_EVERY):
            try:
                reason = self.exceeded()
            except OSError:
                return  # its thread has ended since, and the clock with it
            with self._lock:
                if reason and not self._stopped.is_set():
                    # Again and again, since a callback of a library may drop it.
                    self.reason = self.reason or reason
                    _raise_in(self._thread, _Ended)


def _clock_of(thread: int) -> Callable[[], float]:
    """Return the clock of a thread's own processor time; else of the wall."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    clock = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(clock)


def memory_of_process() -> int:
    """Return how many bytes of memory the process has; 0 where nothing says so."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            pages = Path("/proc/self/statm").read_bytes().split()[1]
            return int(pages) * os.sysconf("SC_PAGE_SIZE")
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024)


def _memory_of_machine() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # no POSIX system
        return math.inf


def _raise_in(thread: int, kind: type[BaseException] | None) -> None:
    """Let a thread raise something at its next step; None takes that back."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if kind is None else ctypes.py_object(kind)
    )
