"""Locks on files, which the system takes away when their process ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from pathlib import Path


def lock(path: Path) -> int | None:
    """Lock a file, made where it is not there; None where another process has it.

    Returns:
        Its number: the lock is given free when it is closed.
    """
    number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
    except OSError:
        os.close(number)
        return None
    return number
