"""Measure studies in virtual time, and how many trials a second one coordinator feeds.

    uv run python tests/benchmarks/virtual_time.py pruners      # 100,000 trials each
    uv run python tests/benchmarks/virtual_time.py optimizers   # each as far as it goes
    uv run python tests/benchmarks/virtual_time.py coordinator  # trials a second
    uv run python tests/benchmarks/virtual_time.py real         # beside sleep

Further words name pruners, or optimizers; `--trials N` makes it shorter. Each row is a
process of its own, whose memory is its own; the store is on disk.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter

import hpbridge as hpb
from hpbridge.contract.registry import registry

SPACE = {"x": hpb.Float(-1, 1), "y": hpb.Float(0, 1)}
OPTIONS = {
    "percentile": {"percentile": 50.0},
    "threshold": {"upper": 0.8},
    "patient": {"patience": 2},
}
N_TRIALS, N_WORKERS = 100_000, 1_000
TIME = {"optimizer_time": "free"}


def curve(trial) -> float:
    """Report nine steps of one to two seconds each."""
    value = 0.0
    for step in range(1, 10):
        value = (trial["x"] - 0.3) ** 2 + 1 / step
        trial.report(value, step, seconds=1 + trial["y"])
        if trial.should_prune():
            raise hpb.TrialPruned
    return value


def free(trial) -> float:
    """Take a second or two."""
    trial.took(1 + trial["y"])
    return (trial["x"] - 0.3) ** 2


def measured(backend, objective, n_trials, workers, pruner=None, driver=None) -> str:
    """Return a row's cells: seconds, processor seconds, a trial's, memory, states."""
    tuned = hpb.Experiment(name="virtual", objective=objective, space=SPACE)
    began, busy = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        study = hpb.run(
            tuned,
            backend,
            n_trials=n_trials,
            workers=workers,
            driver=driver or ("simulated", TIME),
            pruner=pruner,
            seed=0,
            store=f"{folder}/bench.db",
        )
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    ends = Counter(str(trial.state) for trial in study.trials)
    early = ends["pruned"] / len(study.trials)
    return (
        f"{seconds:.0f} s | {cpu:.0f} s | {1000 * cpu / n_trials:.2f} ms | "
        f"{peak} MB | {early:.0%} |"
    )


def row_of_pruner(name: str, n_trials: int) -> str:
    if name == "none":
        cells = measured("random", free, n_trials, N_WORKERS)
    else:
        pruner = name, OPTIONS.get(name, {})
        cells = measured("random", curve, n_trials, N_WORKERS, pruner)
    return f"| `{name}` | {n_trials:,} | {cells}"


def row_of_optimizer(name: str, n_trials: int) -> str:
    _, algorithm = registry().algorithm(name)
    most = max(map(int, re.findall(r"\d+", algorithm.recommended_trials)), default=0)
    count = min(most or n_trials, n_trials)
    workers = min(100, max(count // 10, 1))
    return f"| `{name}` | {count:,} | {measured(name, free, count, workers)}"


def row_of_driver(name: str, n_trials: int) -> str:
    """Free trials, as fast as a driver takes them: one here, or two workers."""
    cells = measured("random", free, n_trials, 1 if name == "local" else 2, None, name)
    seconds = int(cells.partition(" s")[0])
    return f"| `{name}` | {n_trials:,} | {n_trials / max(seconds, 1):,.0f} | {cells}"


def sleeping(trial) -> float:
    """Sleep as long as `free` says that it took."""
    time.sleep(1 + trial["y"])
    return (trial["x"] - 0.3) ** 2


def row_of_real(name: str, n_trials: int) -> str:
    """How much longer sleeping trials take in real time than in virtual time."""
    count = min(n_trials, 40)
    spans = []
    for objective, driver in ((sleeping, "threads"), (free, ("simulated", TIME))):
        tuned = hpb.Experiment(name="virtual", objective=objective, space=SPACE)
        study = hpb.run(
            tuned,
            name,
            n_trials=count,
            workers=3,
            driver=driver,
            seed=0,
            store=":memory:",
        )
        begin = min(trial.started_at for trial in study.trials)
        spans.append(max(t.started_at + t.run_seconds for t in study.trials) - begin)
    return f"| `{name}` | {count} | {spans[0] / spans[1]:.3f} |"


ROWS = {
    "pruners": row_of_pruner,
    "real": row_of_real,
    "optimizers": row_of_optimizer,
    "coordinator": row_of_driver,
}


def names_of(kind: str) -> list[str]:
    if kind == "pruners":
        return ["none", *registry().pruners]
    if kind == "real":
        return ["random"]
    if kind == "coordinator":
        return ["local", "processes", "threads"]
    return [
        f"{spec.name}:{algorithm}"
        for spec in registry().libraries.values()
        for algorithm, declared in spec.algorithms.items()
        if not registry().missing(spec, declared)
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=ROWS)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--trials", type=int, default=N_TRIALS)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        print(ROWS[given.kind](given.names[0], given.trials))
        return
    for name in given.names or names_of(given.kind):
        command = [sys.executable, __file__, given.kind, name, "--here"]
        subprocess.run([*command, "--trials", str(given.trials)], check=False)


if __name__ == "__main__":
    main()
