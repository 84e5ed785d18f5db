"""What every process that runs tests is given, whichever of them it runs."""

from __future__ import annotations

import gc
import os
import signal
import sys


def prepare() -> None:
    """Settle what is inherited; to be called before NumPy and Ray are loaded."""
    # Tests run on every core already.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Under ``uv run``, as the README's command has it, Ray would build the environment
    # anew for each of its workers. They yield to everything else: to the tests on the
    # other cores, too.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")
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
