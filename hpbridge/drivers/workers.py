"""Trials in worker processes, by pebble's pool.

Source:
    pebble 5, `ProcessPool`: a task that exceeds its timeout has its process killed, a
    process that dies fails its own task only, and both are replaced.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import pickle
import queue
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import cloudpickle
from pebble import ProcessExpired, ProcessPool

from hpbridge.drivers.interrupts import Interrupts
from hpbridge.errors import ExperimentError
from hpbridge.evaluate import describe_error, evaluate
from hpbridge.session import Run, failed
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.experiment import Experiment
    from hpbridge.parameters import Label
    from hpbridge.session import Ask, Session, Settings

# In a worker: the experiment, once per process.
_experiment: Experiment | None = None


def pack_experiment(experiment: Experiment) -> bytes:
    """Return an experiment as bytes that another process can read.

    Functions of importable modules go by name, all others by value (cloudpickle).

    Raises:
        ExperimentError: If it holds something that cannot be sent.
    """
    if experiment.reference:
        return pickle.dumps(experiment.reference)
    try:
        return cast("bytes", cloudpickle.dumps(experiment))
    except Exception as error:
        problem = f"it cannot be sent to a worker process: {describe_error(error)}"
        raise ExperimentError.invalid(experiment.name, [problem]) from error


def unpack_experiment(data: bytes) -> Experiment:
    """Return the experiment that `pack_experiment` packed."""
    loaded = pickle.loads(data)
    if isinstance(loaded, str):
        from hpbridge.loading import load_experiment

        return load_experiment(loaded)
    return cast("Experiment", loaded)


def _start_worker(data: bytes) -> None:
    # Ctrl-C goes to the whole process group; the parent decides what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    global _experiment
    _experiment = unpack_experiment(data)


def _run_in_worker(
    params: Mapping[str, Label], number: int, seed: int
) -> tuple[Any, float, float, int]:
    started_at, started = time.time(), time.perf_counter()
    result = evaluate(cast("Experiment", _experiment), params, number, seed)
    return result, started_at, time.perf_counter() - started, os.getpid()


class _Pool:
    """Worker processes that run one session's trials."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session, self._settings = session, settings
        self._done: queue.SimpleQueue[tuple[Ask, Any]] = queue.SimpleQueue()
        self._any_done = threading.Event()
        self._attempts: dict[int, int] = {}
        self._started: dict[int, float] = {}
        self._pool = ProcessPool(
            max_workers=settings.workers,
            # Not fork: the optimizer's threads (OpenMP, Ray) do not survive one.
            context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=[pack_experiment(session.experiment)],
        )

    def start(self, ask: Ask) -> None:
        """Hand a trial to the next free worker."""
        self._attempts[ask.number] = self._attempts.get(ask.number, 0) + 1
        self._started[ask.number] = time.time()
        future = self._pool.schedule(
            _run_in_worker,
            args=[ask.params, ask.number, ask.seed],
            timeout=self._settings.timeout_trial,
        )
        future.add_done_callback(lambda done: self._note_done(ask, done))

    def _note_done(self, ask: Ask, future: concurrent.futures.Future[Any]) -> None:
        self._done.put((ask, future))
        self._any_done.set()

    def wait(self) -> None:
        """Wait until a trial has ended. Takes none, so it may be interrupted."""
        self._any_done.wait()

    def drain(self) -> list[tuple[Ask, Run]]:
        """Return the trials that have ended since the last call."""
        self._any_done.clear()
        found = []
        while not self._done.empty():
            found.append(self._read(*self._done.get()))
        return found

    def _read(
        self, ask: Ask, future: concurrent.futures.Future[Any]
    ) -> tuple[Ask, Run]:
        started_at = self._started[ask.number]
        times: dict[str, Any] = {
            "run_seconds": time.time() - started_at,
            "worker": "lost",
            "attempts": self._attempts[ask.number],
        }
        try:
            result, began, seconds, pid = future.result()
        except concurrent.futures.TimeoutError:
            error = f"took longer than {self._settings.timeout_trial:g} seconds; ended"
            return ask, failed(error, started_at, **times)
        except ProcessExpired as death:
            code = death.exitcode
            how = f"signal {-code}" if code and code < 0 else f"exit code {code}"
            return ask, failed(f"the worker process died ({how})", started_at, **times)
        except Exception as error:
            return ask, failed(describe_error(error), started_at, **times)
        return ask, Run(result, began, seconds, str(pid), times["attempts"])

    def may_retry(self, ask: Ask, run: Run) -> bool:
        """Say whether a trial failed and has tries left."""
        if run.result.state is not State.FAILED:
            return False
        return self._attempts[ask.number] <= self._settings.retries

    def close(self) -> None:
        """End every worker, running ones too."""
        self._pool.stop()
        self._pool.join()


def run_in_workers(session: Session, settings: Settings) -> None:
    """Run a session to its end in worker processes.

    Raises:
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    pool = _Pool(session, settings)
    try:
        with Interrupts(session) as interrupts:
            _loop(session, settings, pool, interrupts)
    finally:
        pool.close()


def _loop(
    session: Session, settings: Settings, pool: _Pool, interrupts: Interrupts
) -> None:
    try:
        while True:
            with interrupts.allowed():
                _start_all(session, settings, pool)
                if session.n_running == 0:
                    return
                pool.wait()
            _take_ended(session, pool)
    except KeyboardInterrupt:
        _take_ended(session, pool)
        raise


def _start_all(session: Session, settings: Settings, pool: _Pool) -> None:
    while session.n_running < settings.workers:
        ask = session.next()
        if ask is None:
            return
        pool.start(ask)


def _take_ended(session: Session, pool: _Pool) -> None:
    for ask, run in pool.drain():
        if pool.may_retry(ask, run) and session.stop_reason is None:
            pool.start(ask)
        else:
            session.finish(ask, run)
