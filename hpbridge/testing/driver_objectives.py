"""What the driver kit runs: objectives that behave, and objectives that do not.

They go to other processes by their names, so nothing heavy is imported here.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.trial import TrialPruned

if TYPE_CHECKING:
    from hpbridge.trial import Trial

TOO_LONG_SECONDS = 30.0

PATIENCE_SECONDS = 60.0
"""How long anything may take before it counts as never."""


def square(trial: Trial) -> dict[str, float]:
    """Return what the trial's parameters and seed make."""
    drawn = random.Random(trial.seed).random()
    return {"value": trial["x"] ** 2, "drawn": drawn, "number": trial.number}


def tells_threads(trial: Trial) -> dict[str, float]:
    """Return how many threads the libraries in its process are to start."""
    return {"value": trial["x"], "threads": float(os.environ["OMP_NUM_THREADS"])}


def fails_first(folder: str, trial: Trial) -> float:
    """Fail in the first attempt at each trial."""
    mark = Path(folder, str(trial.number))
    if not mark.exists():
        mark.touch()
        msg = "the first attempt"
        raise ValueError(msg)
    return float(trial["x"])


def kills_itself(trial: Trial) -> float:
    """Report thrice; then trial 1 kills its process."""
    for step in (1, 2, 3):
        trial.report(step / 2, step)
    if trial.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return float(trial["x"])


def sleeps(trial: Trial) -> float:
    """Let trial 1 take far too long; not for ever, since a wrong driver waits."""
    if trial.number == 1:
        time.sleep(TOO_LONG_SECONDS)
    return float(trial["x"])


class StubbornError(Exception):
    """It holds what cannot be pickled, and is not made from its message."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")
        self.held = lambda: one


def raises_stubborn(trial: Trial) -> float:
    """Raise in trial 1 what cannot be sent."""
    if trial.number == 1:
        raise StubbornError(1, 2)
    return float(trial["x"])


def exits(trial: Trial) -> float:
    """Call for the end of Python in trial 1, as the `main` of many a script does."""
    if trial.number == 1:
        raise SystemExit(0)
    return float(trial["x"])


def epochs(trial: Trial) -> float:
    """Report five steps, from where it was paused; end early when told to."""
    for step in range(trial.load(0) + 1, 6):
        trial.report(step / 2, step)
        trial.save(step)
        if trial.should_prune():
            raise TrialPruned
    return float(trial["x"])


def waits(folder: str, trial: Trial) -> float:
    """Say which process runs it; report until told to end, or for ever."""
    Path(folder, f"{trial.number}-{os.getpid()}").touch()
    until = time.monotonic() + 2 * PATIENCE_SECONDS  # whoever awaits it gives up first
    step = 0
    while time.monotonic() < until:
        step += 1
        trial.report(0.5, step)
        if trial.should_prune():
            raise TrialPruned
        time.sleep(0.01)
    return 1.0


GO = "go"
"""The file for which trials of `lingers` wait."""


def lingers(folder: str, trial: Trial) -> float:
    """End at once in trials 0 to 3; in others, when a file is there."""
    until = time.monotonic() + 2 * PATIENCE_SECONDS
    while trial.number > 3 and not Path(folder, GO).exists():
        if time.monotonic() > until:
            break
        time.sleep(0.02)
    return float(trial["x"])


LIMIT_BYTES = 64 << 20
"""What a trial of `holds` may use; trial 1 uses four times that."""


def holds(trial: Trial) -> float:
    """Let trial 1 hold far too much memory, until it is ended; not for ever."""
    if trial.number == 1:
        held = b"x" * (4 * LIMIT_BYTES)
        time.sleep(TOO_LONG_SECONDS)
        del held
    return float(trial["x"])


def tells_process(trial: Trial) -> dict[str, float]:
    """Return which process runs it."""
    return {"value": trial["x"], "process": os.getpid()}


def prints(trial: Trial) -> float:
    """Print to both streams, and past Python."""
    sys.stdout.write(f"out {trial.number}\n")
    sys.stderr.write(f"err {trial.number}\n")
    os.write(1, f"raw {trial.number}\n".encode())
    return float(trial["x"])
