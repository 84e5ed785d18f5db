"""What workers on MongoDB run in tests; it is pickled by value."""

from __future__ import annotations

from functools import partial


def square(x):
    return x * x


def not_finite(x):
    loss = {0: float("inf"), 1: float("nan"), 2: x * x}[int(abs(x) * 1e6) % 3]
    return {"loss": loss, "status": "ok", "at": [float("-inf"), 1.0]}


def kills_itself(x):
    import os
    import signal

    if x < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def raises(x):
    if x < 0:
        msg = "low"
        raise ValueError(msg)
    return x * x


def _meets(folder, x):
    import os
    import pathlib
    import time

    pathlib.Path(folder, str(os.getpid())).touch()
    while len([*pathlib.Path(folder).iterdir()]) < 2:
        time.sleep(0.01)
    return x * x


def meets_another(folder):
    """Return what ends when two processes have begun it."""
    return partial(_meets, str(folder))


def says_where(x):
    import pathlib

    if x < 0:
        msg = "low"
        raise ValueError(msg)
    return {"status": "ok", "loss": x * x, "where": str(pathlib.Path.cwd())}


def _hangs(mark, x):
    import pathlib
    import time

    path = pathlib.Path(mark)
    if not path.exists():
        path.touch()
        time.sleep(600)
    return x * x


def hangs_once(mark):
    return partial(_hangs, str(mark))
