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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    Attempt,
    describe_error,
    pack_experiment,
    unpack_experiment,
)
from hpbridge_ray.driver.last_words import LastWords, why_died
from hpbridge_ray.driver.output import Output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.plugin import Checkpoint, Experiment, Point, Run

    Ran = tuple[Run, Checkpoint | None, bytes]


def pack(experiment: Experiment, words: str = "") -> bytes:
    """Return what a `Runner` is made of.

    Args:
        experiment: That it runs.
        words: The folder for its `LastWords`, if it is to leave any.

    Raises:
        ExperimentError: If the experiment cannot be sent.
    """
    packed = pack_experiment(experiment.by_value())
    return pickle.dumps((packed, sys.path, str(Path.cwd()), words))


class Runner:
    """An experiment, ready to run trials.

    Args:
        packed: What `pack` made.
        desk: The actor that answers reports; None where each trial brings its own.

    Attributes:
        problem: Why the experiment cannot be loaded; None when it is.
    """

    def __init__(self, packed: bytes, desk: Any = None) -> None:
        self._desk = desk
        experiment, path, directory, words = pickle.loads(packed)
        sys.path[:] = [*path, *(entry for entry in sys.path if entry not in path)]
        with contextlib.suppress(OSError):  # another machine need not have it
            os.chdir(directory)
        self._words = LastWords(words) if words else None
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

    def run(
        self,
        point: Point,
        timeout: float | None = None,
        log: str | None = None,
        attempt: Attempt | None = None,
    ) -> Ran:
        """Run one trial.

        The process ends when the trial takes longer than `timeout` seconds.

        Returns:
            What it came to; where it goes on from if it has paused; and what is still
            to be written to its log, which is a file of the machine of the study.
        """
        attempt = attempt or Attempt()
        is_here = self._words is not None and self._words.are_read
        if self._words is not None:
            self._words.forget()
        output = Output(log, is_here=is_here)
        with _limited(timeout), output.led():
            worker = str(os.getpid())
            run = attempt.run(self._experiment, point, worker)
        return run, attempt.pause(run), output.sent

    def run_job(self, packed: bytes) -> bytes:
        """Run one trial whose reports are answered; see `run`.

        Both ways it is bytes, which Ray hands on as they are: it takes longer than a
        short trial to look into several arguments and a result.

        Args:
            packed: The job's number at the desk, the study, where the trial goes on
                from, what it is, and its time and log, as of `run`.
        """
        job, study, checkpoint, point, timeout, log = pickle.loads(packed)
        from hpbridge_ray.driver.desk import asking

        answer = asking(self._desk, job, (study, point.number))
        ran = self.run(point, timeout, log, Attempt(answer, checkpoint))
        try:
            return pickle.dumps(ran)
        except Exception:  # noqa: BLE001 - of what may be defined in the experiment
            import cloudpickle

            return bytes(cloudpickle.dumps(ran))


@contextlib.contextmanager
def _limited(timeout: float | None) -> Iterator[None]:
    if timeout is None:
        yield
        return
    # A thread of its own below Python: also an objective that never returns to the
    # interpreter is ended.
    with Path(os.devnull).open("w") as nothing:
        faulthandler.dump_traceback_later(timeout, exit=True, file=nothing)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def why_lost(
    seconds: float,
    timeout: float | None,
    error: BaseException | None,
    words: str,
    actor: str | None = None,
) -> str:
    """Return why a trial is lost whose actor died after so many seconds.

    Args:
        seconds: That it ran.
        timeout: That it may.
        error: Ray's.
        words: The folder of `LastWords`.
        actor: Its id, where the error does not have it.
    """
    if timeout is not None and seconds >= timeout:
        return f"took longer than {timeout:g} seconds; ended"
    actor = getattr(error, "actor_id", None) or actor
    return f"the Ray actor died ({why_died(error, actor, words)})"
