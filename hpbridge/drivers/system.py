"""What this system offers processes: the one place where a way is chosen.

POSIX systems hand sockets to processes, keep what a process starts in a group, and
wait for many sockets at once. Where any of that is missing, as on Windows, processes
meet by loopback connections (`hpbridge.drivers.loopback`).
"""

from __future__ import annotations

import contextlib
import os
import signal

KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)
"""The signal that ends a process at once; Windows has one that does."""


def hands_over_sockets() -> bool:
    """Say whether processes get their sockets from the one that starts them."""
    import select
    import socket  # workers, which import this module, start faster without

    needed = {
        os: ("killpg", "setsid"),
        select: ("poll",),
        socket: ("send_fds", "recv_fds", "MSG_DONTWAIT"),
    }
    return all(hasattr(module, name) for module in needed for name in needed[module])


def end_tree(pid: int) -> None:
    """End a process, and what it has started where the system can tell.

    There are no groups where this is for: Windows' `taskkill` follows the parents.
    """
    import shutil
    import subprocess

    program = shutil.which("taskkill")
    if program is not None:
        with contextlib.suppress(OSError):
            subprocess.run(
                [program, "/T", "/F", "/PID", str(pid)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
    with contextlib.suppress(OSError):
        os.kill(pid, KILL)
