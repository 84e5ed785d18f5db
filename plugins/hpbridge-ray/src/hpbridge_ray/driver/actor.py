"""On a Ray actor: load the experiment, run one trial after the other.

What is imported here is what an actor waits for before its first trial, so Ray Tune is
not.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.plugin import (
    Run,
    describe_error,
    evaluate,
    failed,
    pack_experiment,
    unpack_experiment,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Experiment, Label


def pack(experiment: Experiment, timeout: float | None = None) -> bytes:
    """Return what a `Runner` is made of: the timeout of a trial is in seconds.

    Raises:
        ExperimentError: If the experiment cannot be sent.
    """
    packed = pack_experiment(experiment)
    return pickle.dumps((packed, sys.path, str(Path.cwd()), timeout))


class Runner:
    """An experiment, ready to run trials.

    Attributes:
        problem: Why the experiment cannot be loaded; None when it is.
    """

    def __init__(self, packed: bytes) -> None:
        experiment, path, directory, self._timeout = pickle.loads(packed)
        sys.path[:] = [*path, *(entry for entry in sys.path if entry not in path)]
        with contextlib.suppress(OSError):  # another machine need not have it
            os.chdir(directory)
        self.problem: str | None = None
        try:
            self._experiment = unpack_experiment(experiment)
        except BaseException as error:  # noqa: BLE001 - what is imported may do anything
            self.problem = (
                f"it cannot be loaded on a Ray actor: {describe_error(error)}"
            )

    def check(self) -> str | None:
        """Return why no trial can run here; None when they can."""
        return self.problem

    def run(self, params: Mapping[str, Label], number: int, seed: int) -> Run:
        """Run one trial. The process ends when the trial takes too long."""
        started_at, started = time.time(), time.perf_counter()
        with self._limited():
            result = evaluate(self._experiment, params, number, seed)
        seconds = time.perf_counter() - started
        return Run(result, started_at, seconds, str(os.getpid()))

    @contextlib.contextmanager
    def _limited(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
        if self._timeout is None:
            yield
            return
        # A thread of its own below Python: also an objective that never returns to
        # the interpreter is ended.
        with Path(os.devnull).open("w") as nothing:
            faulthandler.dump_traceback_later(self._timeout, exit=True, file=nothing)
            try:
                yield
            finally:
                faulthandler.cancel_dump_traceback_later()


def lost(started_at: float, seconds: float, timeout: float | None) -> Run:
    """Return the run of a trial whose actor has died."""
    error = "the Ray actor died"
    if timeout is not None and seconds >= timeout:
        error = f"took longer than {timeout:g} seconds; ended"
    return failed(error, started_at, run_seconds=seconds, worker="lost")
