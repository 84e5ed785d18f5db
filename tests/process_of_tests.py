"""What every process that runs tests is given, whichever of them it runs."""

from __future__ import annotations

import gc
import os
import signal
import sys


def prepare() -> None:
    """Settle what is inherited; to be called before NumPy is loaded."""
    # Tests run on every core already.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # They start hundreds of processes, and containers forbid bytecode as a rule: each
    # would compile every library that it imports, which doubles what a command costs.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # A shell that starts pytest in the background lets it, and all that it starts,
    # ignore Ctrl-C, which many tests send.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def freeze() -> None:
    """Let the garbage collector pass by what stays: ten thousand tests, libraries.

    It takes a fifth of all processor time otherwise.
    """
    gc.collect()
    gc.freeze()
