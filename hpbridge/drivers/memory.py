"""The memory of worker processes: how much they hold, and an end to those of too much.

What counts is what a process really holds and nobody could take from it without a loss:
its own pages and shared ones, in memory or swapped out. Address space that a library
only reserves (torch, CUDA, the stacks of threads) and files that it maps do not count,
so that no limit on them could serve here.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Between two looks: what is written meanwhile, a trial may have beyond its limit.
_SECONDS = 0.05

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {f"{unit}i": 1024**k for k, unit in enumerate("kmgt", start=1)}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kmgt]?i?)b?", re.IGNORECASE)

_COUNTED = (b"RssAnon:", b"RssShmem:", b"VmSwap:")


def size_of(text: str | int) -> int | None:
    """Return a number of bytes, as in 4000000 or "4GiB"; None for anything else.

    Example:
        >>> size_of("4GiB"), size_of("1.5 MB"), size_of(7), size_of("much")
        (4294967296, 1500000, 7, None)
    """
    if isinstance(text, bool) or not isinstance(text, (str, int)):
        return None
    found = _SIZE.fullmatch(str(text).strip())
    size = int(float(found[1]) * _UNITS.get(found[2].lower(), 0)) if found else 0
    return size or None


def in_words(n_bytes: float) -> str:
    """Return a size in memory in the unit that suits it.

    Example:
        >>> in_words(8_589_934_592), in_words(3_000_000)
        ('8 GiB', '2.86 MiB')
    """
    for unit, power in (("GiB", 3), ("MiB", 2), ("KiB", 1)):
        if n_bytes >= 1024**power:
            return f"{n_bytes / 1024**power:.3g} {unit}"
    return f"{n_bytes:.0f} bytes"


def held_by(pid: int) -> int | None:
    """Return the bytes that a process holds; None where the system does not tell."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123 - no pathlib
            lines = [line.split() for line in file if line.startswith(_COUNTED)]
    except OSError:
        return None
    return 1024 * sum(int(line[1]) for line in lines) if lines else None


def n_ended_by_kernel() -> int:
    """Return how many processes the kernel has ended for want of memory."""
    try:
        with open("/proc/vmstat", "rb") as file:  # noqa: PTH123 - no pathlib
            return next((int(n) for n in _ends(file.read())), 0)
    except (OSError, ValueError):
        return 0


def _ends(vmstat: bytes) -> Iterator[bytes]:
    pairs = (line.split() for line in vmstat.splitlines())
    return (pair[1] for pair in pairs if pair[:1] == [b"oom_kill"])


def is_of_memory(error: str | None) -> bool:
    """Say whether the error of a trial is a `MemoryError`."""
    first = (error or "").partition(":")[0]
    return first.rpartition(".")[2].lstrip("_").endswith("MemoryError") and (
        "OutOf" not in first  # torch's is of a graphics card
    )


@dataclass(slots=True)
class Use:
    """What a trial has used.

    Attributes:
        before: Bytes that its process held when it began.
        most: Bytes by which it has grown since, at most.
        is_over: Whether its process was ended for that.
    """

    before: int
    most: int = 0
    is_over: bool = False


class MemoryWatch:
    """Ends processes whose trials use more memory than they may; in a thread.

    Args:
        limit: Bytes by which a process may grow during a trial.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._uses: dict[int, Use] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def begin(self, pid: int, before: int | None = None) -> None:
        """Watch a trial that begins in a process, which is not waited for yet."""
        held = held_by(pid) if before is None else before
        if held is not None:
            with self._lock:
                self._uses[pid] = Use(held)

    def end(self, pid: int) -> Use | None:
        """Return what a trial has used, and watch it no more."""
        with self._lock:
            return self._uses.pop(pid, None)

    def close(self) -> None:
        """Watch no more."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(_SECONDS):
            with self._lock:
                for pid, use in self._uses.items():
                    self._look(pid, use)

    def _look(self, pid: int, use: Use) -> None:
        held = held_by(pid)
        if held is None:
            return
        use.most = max(use.most, held - use.before)
        if use.most > self.limit and not use.is_over:
            use.is_over = True
            os.kill(pid, signal.SIGKILL)
