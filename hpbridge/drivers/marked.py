"""Processes that a worker's objective has started, wherever they went.

A process that called `setsid`, or whose parent has ended, is in nobody's group and
nobody's child. What it keeps is the environment that it began with: each worker has a
mark of its own in it. Only Linux shows the environments of other processes; elsewhere
what leaves the worker's process group lives on.

Workers import this before their first trial, so it imports little.
"""

from __future__ import annotations

import contextlib
import os

from hpbridge.drivers.system import KILL

NAME = "HPBRIDGE_WORKER"
"""The variable that holds the mark."""

# What is ended may start further processes until it is.
_MOST_ROUNDS = 10


def end_marked(mark: str) -> None:
    """End all processes that began with a mark in their environment, but for this."""
    for _ in range(_MOST_ROUNDS):
        found = _find(mark)
        if not found:
            return
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, KILL)


def _find(mark: str) -> list[int]:
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - no pathlib
    except OSError:
        return []
    wanted = f"{NAME}={mark}".encode()
    own = str(os.getpid())
    others = (name for name in names if name.isdecimal() and name != own)
    return [int(name) for name in others if wanted in _environment(name)]


def _environment(name: str) -> list[bytes]:
    """Return the variables of a process; none of one that has ended, or of others."""
    try:
        with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123 - no pathlib
            return file.read().split(b"\0")
    except OSError:
        return []
