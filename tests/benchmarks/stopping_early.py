"""Measure what `asha` costs and saves under each optimizer, on real training.

    uv run python tests/benchmarks/stopping_early.py [--seeds 10] [--only skopt ...]

Three tasks were trained once at every point of a grid (`stopping/recorded.py`), and are
replayed by `hpbridge.run`: 60 trials in full, and 60 with ``asha``, of the same seed.
The regret is by how much the best complete trial of the second is worse than that of
the first, of the distance from the median point of the grid (what random search finds
with one trial) to its best: 0 % is as good, below it is better.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from scipy import stats
from stopping.recorded import BOOSTING, DIGITS, NETWORK, Replay, Task

import hpbridge as hpb

N_TRIALS = 60
OPTIMIZERS = ("random", "optuna", "hyperopt", "ray", "bayesopt", "skopt")
ASHA: Mapping[str, dict[str, Any]] = {
    # The first rung at a ninth of the steps: before that, a low rate looks bad.
    NETWORK.name: {"min_resource": 3, "reduction_factor": 3},
    BOOSTING.name: {"min_resource": 9, "reduction_factor": 3},
    DIGITS.name: {"min_resource": 1, "reduction_factor": 4},
}
HEAD = (
    "| task | optimizer | regret against its own trials in full | steps |\n"
    "| --- | --- | --- | --- |\n"
)


@dataclass(frozen=True)
class Stopped:
    """What a study with a pruner came to, beside the same in full."""

    regret: float
    steps: float


def stopped(task: Task, optimizer: str, seed: int) -> Stopped:
    """Run a study in full, and one with ``asha``."""
    full, n_full = found(task, optimizer, seed, None)
    early, n_early = found(task, optimizer, seed, ("asha", ASHA[task.name]))
    finals = Replay(task, seed).finals()
    is_loss = task.direction == "minimize"
    best = finals.min() if is_loss else finals.max()
    span = abs(float(np.median(finals)) - float(best))
    worse_by = early - full if is_loss else full - early
    return Stopped(worse_by / span, n_early / n_full)


def found(task: Task, optimizer: str, seed: int, pruner: Any) -> tuple[float, int]:
    """Return what the best trial of a study came to, and how many steps all ran."""
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
        driver="local",
        store=":memory:",
    )
    return replay.value(study.best_trial.params), replay.n_steps


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of a mean, by Student's t."""
    mean, n = statistics.fmean(values), len(values)
    if n == 1:
        return -math.inf, math.inf
    half = float(stats.t.ppf(0.975, n - 1)) * statistics.stdev(values) / math.sqrt(n)
    return mean - half, mean + half


def rows(optimizers: Sequence[str], n_seeds: int) -> Iterator[str]:
    """Yield a line of the table for each optimizer and task."""
    for optimizer in optimizers:
        for task in (NETWORK, BOOSTING, DIGITS):
            done = [stopped(task, optimizer, seed) for seed in range(n_seeds)]
            regrets = [each.regret for each in done]
            mean, (low, high) = statistics.fmean(regrets), interval(regrets)
            steps = statistics.fmean(each.steps for each in done)
            missed = "" if mean <= 0.01 and steps <= 1 / 3 else ", **missed**"
            yield (
                f"| {task.title} | `{optimizer}` "
                f"| {mean:+.2%} ({low:+.2%} to {high:+.2%}) | {steps:.0%}{missed} |\n"
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="*", default=OPTIMIZERS, help="optimizers")
    given = parser.parse_args()
    started = time.perf_counter()
    sys.stdout.write(HEAD)
    for row in rows(given.only, given.seeds):
        sys.stdout.write(row)
        sys.stdout.flush()
    seconds = time.perf_counter() - started
    sys.stdout.write(f"\n{given.seeds} seeds, {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
