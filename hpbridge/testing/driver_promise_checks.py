"""Checks of what a driver need not have: limits of its processes, logs of trials."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.drivers.memory import held_by
from hpbridge.testing import driver_objectives as objectives
from hpbridge.testing.checks import require
from hpbridge.testing.driver_case import ends, folder, hear, only_trial_1_failed
from hpbridge.testing.driver_checks import DRIVERS

if TYPE_CHECKING:
    from hpbridge.testing.driver_case import DriverCase

check = DRIVERS.check


@check(7)
def check_trials_per_worker(case: DriverCase) -> None:
    """Where it declares trials_per_worker, no process runs more of them than that."""
    case.needs(
        "trials_per_worker" in case.spec.limits, "trials_per_worker is not declared"
    )
    for workers in (1, 2):
        life = case.life(
            objectives.tells_process, 5, workers=workers, trials_per_worker=2
        )
        study = case.run(life)
        ran = Counter(trial.metrics.get("process") for trial in study.trials)
        most = max(ran.values())
        require(
            most <= 2 and None not in ran,
            "complete trials, 2 of each process at most",
            f"{most} of one process, with {workers} workers",
            "renew a worker when it has run so many",
        )
        require(os.getpid() not in ran, "trials in other processes", "this process")


@check(7)
def check_memory_trial(case: DriverCase) -> None:
    """Where it declares memory_trial, a trial that uses more fails, and says so."""
    case.needs("memory_trial" in case.spec.limits, "memory_trial is not declared")
    case.needs(held_by(os.getpid()) is not None, "this system tells no memory")
    limit = objectives.LIMIT_BYTES
    life = case.life(objectives.holds, workers=2, memory_trial=limit)
    study = case.run(life)
    only_trial_1_failed(study)
    error = study.trials[1].error or ""
    require("memory" in error, "an error that says memory", error)


@check(7)
def check_threads_per_worker(case: DriverCase) -> None:
    """Where it declares threads_per_worker, libraries in a worker start so many."""
    case.needs(
        "threads_per_worker" in case.spec.limits, "threads_per_worker is not declared"
    )
    for workers in (1, 2):
        life = case.life(
            objectives.tells_threads, 2, workers=workers, threads_per_worker=3
        )
        told = [trial.metrics.get("threads") for trial in case.run(life).trials]
        require(told == [3.0] * 2, "OMP_NUM_THREADS=3 in each process", told)


@check(7)
def check_logs(case: DriverCase) -> None:
    """Where it declares logs, that of a trial has what this trial printed, and all."""
    case.needs(case.spec.logs, "logs are not declared")
    with folder() as path:
        life = case.life(objectives.prints)
        # Nobody has made their folder: most trials print nothing.
        logs = [Path(path, "logs", f"{number}.log") for number in range(2)]
        with case.opened(life) as executor:
            case.needs(executor.slots > 1, "a trial that runs alone has none")
            for number, log in enumerate(logs):
                executor.start(case.job(life, number, str(log)))
            hear(executor, lambda m: len(ends(m)) == len(logs), "the jobs' ends")
        found = [
            sorted(log.read_text(encoding="utf-8").split("\n")) if log.exists() else []
            for log in logs
        ]
    expected = [["", f"err {k}", f"out {k}", f"raw {k}"] for k in range(len(logs))]
    require(
        found == expected,
        "in Job.log of each what it printed: out, err and raw with its number",
        found,
    )
