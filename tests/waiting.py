"""Tests wait for what must happen, not for so many seconds."""

from __future__ import annotations

import time
from pathlib import Path

PATIENCE = 120
"""Seconds after which it has not happened, on the busiest machine."""


def wait_until(happened) -> None:
    """Return when a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, happened
        time.sleep(0.001)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and was not waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
