"""The memory of worker processes: how much they hold, and an end to those of too much.

What counts is what a process and its children really hold and nobody could take from
them without a loss: their own pages and shared ones, in memory or swapped out. Address
space that a library only reserves (torch, CUDA, the stacks of threads) and files that
it maps do not count, so that no limit on them could serve here.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.drivers.system import KILL

if TYPE_CHECKING:
    from collections.abc import Iterator

# Between two looks: what is written meanwhile, a trial may have beyond its limit.
_SECONDS = 0.05

_COUNTED = (b"RssAnon:", b"RssShmem:", b"VmSwap:")

# The same as each process's part of it: a child that was forked shares its parent's.
_SHARED = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:")

# Between two looks at children, which take longer.
_CHILDREN_SECONDS = 0.25


def held_by(pid: int) -> int | None:
    """Return the bytes that a process holds; None where the system does not tell."""
    return _sum_of(f"/proc/{pid}/status", _COUNTED)


def _sum_of(path: str, counted: tuple[bytes, ...]) -> int | None:
    """Return the sum of some lines of a file of the system's, in bytes."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - no pathlib
            lines = [line.split() for line in file if line.startswith(counted)]
    except OSError:
        return None
    return 1024 * sum(int(line[1]) for line in lines) if lines else None


def held_with_children(pid: int) -> tuple[int | None, bool]:
    """Return the bytes that a process and its children hold, and if it has some.

    Of a child whose parent has ended, nobody knows whose it was.
    """
    family = list(_family_of(pid))
    if len(family) == 1:
        return held_by(pid), False
    parts = [_sum_of(f"/proc/{each}/smaps_rollup", _SHARED) for each in family]
    if parts[0] is None:  # an older kernel
        parts = [held_by(pid)]
    return sum(part or 0 for part in parts), True


def _family_of(pid: int) -> Iterator[int]:
    """Return a process and all that descend from it."""
    yield pid
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - no pathlib
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:  # noqa: PTH123
                children = file.read().split()
            for child in children:
                yield from _family_of(int(child))
    except OSError:
        return  # it has ended, or the system does not tell


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
        has_children: Whether its children have a part in that.
        is_over: Whether its process was ended for that.
    """

    before: int
    most: int = 0
    has_children: bool = False
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
        held = held_with_children(pid)[0] if before is None else before
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
        looked_at = time.monotonic()
        while not self._closed.wait(_SECONDS):
            now = time.monotonic()
            is_due = now - looked_at >= _CHILDREN_SECONDS
            looked_at = now if is_due else looked_at
            with self._lock:
                for pid, use in self._uses.items():
                    self._look(pid, use, with_children=is_due)

    def _look(self, pid: int, use: Use, *, with_children: bool) -> None:
        found = held_with_children(pid) if with_children else (held_by(pid), False)
        held, has_children = found
        if held is None:
            return
        if held - use.before > use.most:
            use.most, use.has_children = held - use.before, has_children
        if use.most > self.limit and not use.is_over:
            use.is_over = True
            os.kill(pid, KILL)
