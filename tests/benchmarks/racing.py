"""Measure whether a race over folds finds the winner of full cross-validation.

    uv run python tests/benchmarks/racing.py [--studies 20] [--optimizers random]

Each study has 30 configurations of a support vector machine on 10 folds, which it goes
through in an order of its own. The fits were made once (`stopping/recorded.py`), and
are replayed by `hpbridge.run`. The winner of a study is compared with the one that full
cross-validation finds among the same 30 configurations: it is the same, or as good, or
its mean is within one standard error of that one's (of its 10 folds).
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from stopping.recorded import CANCER, DIABETES, DIGITS, WINE, Replay, Task

import hpbridge as hpb

N_TRIALS = 30
PRUNERS = ("race", "race:winloss")
HEAD = (
    "| data | optimizer | pruner | as good a winner | within one standard error "
    "| fits |\n"
    "| --- | --- | --- | --- | --- | --- |\n"
)


@dataclass(frozen=True)
class Raced:
    """What a study came to.

    Attributes:
        is_same: Whether its winner is as good as that of full cross-validation.
        is_near: Whether it is within one standard error of that.
        fits: The share of fits that were made.
    """

    is_same: bool
    is_near: bool
    fits: float


def raced(task: Task, optimizer: str, pruner: str, seed: int) -> Raced:
    """Run a study, and compare its winner with that of full cross-validation."""
    replay = Replay(task, seed)
    experiment = hpb.Experiment(
        objective=replay, space=task.space, direction=task.direction
    )
    study = hpb.run(
        experiment,
        optimizer,
        n_trials=N_TRIALS,
        seed=seed,
        pruner=pruner,
        store=":memory:",
    )
    full = max(study.trials, key=lambda trial: replay.value(trial.params))
    folds, best = replay.curve(full.params), replay.value(full.params)
    found = replay.value(study.best_trial.params)
    error = statistics.stdev(folds) / math.sqrt(len(folds))
    share = replay.n_steps / (N_TRIALS * len(folds))
    return Raced(found >= best, found >= best - error, share)


def rows(
    tasks: Sequence[Task], optimizers: Sequence[str], n_studies: int
) -> Iterator[str]:
    """Yield a line of the table for each task, optimizer and pruner."""
    for task in tasks:
        for optimizer in optimizers:
            for pruner in PRUNERS:
                done = [raced(task, optimizer, pruner, s) for s in range(n_studies)]
                same = sum(each.is_same for each in done) / n_studies
                near = sum(each.is_near for each in done) / n_studies
                fits = statistics.fmean(each.fits for each in done)
                missed = "" if near >= 0.95 and fits <= 0.6 else ", **missed**"
                yield (
                    f"| {task.title} | `{optimizer}` | `{pruner}` | {same:.1%} "
                    f"| {near:.1%} | {fits:.0%}{missed} |\n"
                )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--studies", type=int, default=200, help="of each row")
    parser.add_argument("--optimizers", nargs="*", default=["random", "optuna:tpe"])
    given = parser.parse_args()
    started = time.perf_counter()
    sys.stdout.write(HEAD)
    tasks = (DIGITS, CANCER, DIABETES, WINE)
    for row in rows(tasks, given.optimizers, given.studies):
        sys.stdout.write(row)
        sys.stdout.flush()
    seconds = time.perf_counter() - started
    sys.stdout.write(f"\n{given.studies} studies each, {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
