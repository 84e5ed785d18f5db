"""Checks of what happens to a driver: its nodes are lost, its study's process dies."""

from __future__ import annotations

import json
import os
import pickle
import secrets
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cloudpickle

from hpbridge.contract.execution import Ended, Lost
from hpbridge.errors import StoreError
from hpbridge.store import open_store
from hpbridge.testing import driver_objectives as objectives
from hpbridge.testing.checks import NotApplicable, require
from hpbridge.testing.driver_case import ends, folder, hear, is_gone, process_in
from hpbridge.testing.driver_checks import DRIVERS
from hpbridge.testing.driver_objectives import PATIENCE_SECONDS
from hpbridge.testing.driver_process import N_TRIALS
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.contract.execution import Message
    from hpbridge.testing.driver_case import DriverCase

check = DRIVERS.check

_MARK = "HPBRIDGE_KIT"
"""The variable by which the processes of a study are known that was killed."""


@check(3)
def check_lost_node(case: DriverCase) -> None:
    """A node that is lost costs the trial that ran there, and others run."""
    case.needs_isolation()
    lose_node = case.lose_node
    if lose_node is None:
        reason = "no way to lose a node is given"
        raise NotApplicable(reason)
    with folder() as path:
        life = case.life(partial(objectives.waits, path))
        with case.opened(life) as executor:
            executor.start(job := case.job(life))
            heard: list[Message] = []
            while not any(Path(path).iterdir()):
                heard += hear(executor, bool, "a trial that begins")
            process = process_in(path)
            lose_node(process)
            heard += hear(executor, lambda m: bool(ends(m)), "the end of its trial")
            require(is_gone(process), "no process of the lost node", process)
            other = case.life(objectives.square)
            executor.start(case.job(other, 1))
            heard += hear(executor, lambda m: bool(ends(m)), "the next job's end")
    first, *others = ends(heard)
    why = first.why if isinstance(first, Lost) else ""
    if isinstance(first, Ended) and first.run.result.state is State.FAILED:
        why = first.run.result.error or ""
    require(first.job is job and bool(why), "the trial lost, with a word why", first)
    seen = [(m.job.number, m.run.result.state) for m in others if isinstance(m, Ended)]
    expected = [(1, State.COMPLETE)]
    require(seen == expected, "the next job complete, once", others)


@check(5)
def check_killed_study(case: DriverCase) -> None:
    """A study whose process is killed leaves no process, and goes on from its store."""
    case.needs(sys.platform == "linux", "only Linux tells what a process has started")
    with folder() as path, folder() as signs:
        store, mark = str(Path(path, "kit.db")), secrets.token_hex(16)
        process = _started(case, path, (signs, store), mark)
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while _n_trials(store) < 2:  # the others wait
                seen = f"{_n_trials(store)}, and it ended with {process.poll()}"
                is_in_time = time.monotonic() < deadline and process.poll() is None
                require(is_in_time, "2 trials of a study in another process", seen)
                time.sleep(0.02)
        finally:
            process.kill()  # with no word to anybody
            process.wait()
        Path(signs, objectives.GO).touch()  # who ends after its trial may do so
        try:
            _see_all_gone(mark, case.end_seconds)
        finally:
            for pid, _ in _marked(mark):
                os.kill(pid, 9)
        life = case.resumed(partial(objectives.lingers, signs), store)
        study = case.run(life)
    alone = case.life(objectives.square, N_TRIALS)
    expected = [(t.number, t.params) for t in case.run(alone).trials]
    states = [trial.state.value for trial in study.trials]
    require(states == ["complete"] * N_TRIALS, f"{N_TRIALS} complete trials", states)
    found = [(t.number, t.params) for t in study.trials]
    require(found == expected, "the trials of a study that nobody killed", found)


def _started(
    case: DriverCase, path: str, what: tuple[str, str], mark: str
) -> subprocess.Popen[bytes]:
    """Start a study in a process of its own."""
    file = Path(path, "kit.pickle")
    try:
        packed = cloudpickle.dumps((case.spec, *what))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        reason = f"it cannot be handed to another process: {error}"
        raise NotApplicable(reason) from error
    places = [entry for entry in sys.path if isinstance(entry, str)]
    file.write_bytes(json.dumps(places).encode() + b"\n" + packed)
    return subprocess.Popen(
        [sys.executable, "-m", "hpbridge.testing.driver_process", str(file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, _MARK: mark},
    )


def _n_trials(store: str) -> int:
    if not Path(store).exists():
        return 0
    try:
        return sum(open_store(store).count_trials().values())
    except StoreError:  # it is being made
        return 0


def _see_all_gone(mark: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while left := list(_marked(mark)):
        is_in_time = time.monotonic() < deadline
        require(is_in_time, "no process that outlives the study's", left)
        time.sleep(0.05)


def _marked(mark: str) -> Iterator[tuple[int, str]]:
    """Return the processes that began with a mark in their environment."""
    wanted = f"{_MARK}={mark}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                yield int(entry.name), command.decode(errors="replace")[-200:]
        except OSError:
            continue
