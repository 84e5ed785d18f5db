"""The local driver: trials in this process, or in worker processes.

In process by default, so that a debugger works. Workers are separate processes: one
that dies, by a segfault or `os._exit`, costs its trial and no more, and one that takes
too long is really ended. There is no barrier: a free worker gets the next trial.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from hpbridge.drivers.interrupts import Interrupts
from hpbridge.drivers.objective import evaluate
from hpbridge.learning.session import Run
from hpbridge.trial import State

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from hpbridge.experiment import Experiment
    from hpbridge.learning.session import Ask, Session
    from hpbridge.store.settings import Settings


def prepare_local(
    experiment: Experiment, settings: Settings
) -> AbstractContextManager[object]:
    """Start workers, if any are wanted, while the optimizer is made."""
    if not _needs_workers(settings):
        return nullcontext()
    from hpbridge.drivers.workers import prepare_workers

    return prepare_workers(experiment, settings)


def _needs_workers(settings: Settings) -> bool:
    return settings.workers > 1 or settings.timeout_trial is not None


def run_local(session: Session, settings: Settings) -> None:
    """Run a session to its end, here or in worker processes.

    Raises:
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    if _needs_workers(settings):
        from hpbridge.drivers.workers import run_in_workers

        run_in_workers(session, settings)
        return
    with Interrupts(session) as interrupts:
        while _run_next(session, settings, interrupts):
            pass


def _run_next(session: Session, settings: Settings, interrupts: Interrupts) -> bool:
    """Run one trial; say whether there was one."""
    ended: list[tuple[Ask, Run]] = []
    try:
        with interrupts.allowed():
            ask = session.next()
            if ask is None:
                return False
            ended.append((ask, run_here(session, ask, settings.retries)))
    finally:
        # Also when a signal came between the objective's end and here.
        for each, run in ended:
            session.finish(each, run)
    return True


def run_here(session: Session, ask: Ask, retries: int) -> Run:
    """Run one trial in this process, again as often as it fails and may."""
    attempts = 0
    while True:
        attempts += 1
        started_at, started = time.time(), time.perf_counter()
        result = evaluate(session.experiment, ask.params, ask.number, ask.seed)
        seconds = time.perf_counter() - started
        if result.state is not State.FAILED or attempts > retries:
            return Run(result, started_at, seconds, attempts=attempts)
