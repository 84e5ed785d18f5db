"""Measure what the bridge costs. Ratios within one run, medians of alternating pairs.

    uv run python tests/benchmarks/speed.py            # all rows
    uv run python tests/benchmarks/speed.py optuna ray # rows whose name holds a word

Each row runs the library alone and through hpbridge in turn, A B A B, in this process,
with every library imported and warm, and prints the median of each and of the ratios.
"""

from __future__ import annotations

import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hpbridge as hpb

if TYPE_CHECKING:
    from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

BOWL = {"x": hpb.Float(-5, 5), "y": hpb.Float(-5, 5)}


def bowl(params) -> float:
    return (params["x"] - 1) ** 2 + (params["y"] + 2) ** 2


EXPERIMENT = hpb.Experiment(name="bowl", objective=bowl, space=BOWL)


@dataclass
class Row:
    """One line of the table."""

    name: str
    bar: str
    measured: str
    holds: bool


def seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def pairs(
    ours: Callable[[], object], theirs: Callable[[], object], n: int
) -> tuple[float, float, float]:
    """Return the medians of ours, of theirs, and of the ratios ours / theirs."""
    ours(), theirs()  # warm
    times = []
    for k in range(n):
        first, second = (ours, theirs) if k % 2 else (theirs, ours)
        a, b = seconds(first), seconds(second)
        times.append((a, b) if k % 2 else (b, a))
    ratios = [a / b for a, b in times]
    return (
        statistics.median(a for a, _ in times),
        statistics.median(b for _, b in times),
        statistics.median(ratios),
    )


def bridge(backend: str, n_trials: int, **settings) -> Callable[[], object]:
    """Return a run with its store on disk, in a folder of its own."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            hpb.run(
                EXPERIMENT,
                backend,
                n_trials=n_trials,
                seed=0,
                store=f"{folder}/bench.db",
                **settings,
            )

    return run


def optuna_alone(n_trials: int, storage: bool = False) -> Callable[[], object]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial):
        return bowl({k: trial.suggest_float(k, -5, 5) for k in ("x", "y")})

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/optuna.db" if storage else None
            sampler = optuna.samplers.TPESampler(seed=0)
            study = optuna.create_study(sampler=sampler, storage=url)
            study.optimize(objective, n_trials=n_trials)

    return run


def compare_row(
    name: str,
    bar: float,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    n: int = 5,
) -> Row:
    a, b, ratio = pairs(ours, theirs, n)
    text = f"{ratio:.2f} times ({a:.2f} s against {b:.2f} s, {n} pairs)"
    return Row(name, f"at most {bar:.2f} times", text, ratio <= bar)


def faster_row(
    name: str,
    bar: float,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    n: int = 3,
) -> Row:
    a, b, ratio = pairs(ours, theirs, n)
    text = f"{1 / ratio:.1f} times faster ({a:.2f} s against {b:.2f} s)"
    return Row(name, f"at least {bar:g} times faster", text, 1 / ratio >= bar)


def row_optuna_memory() -> Row:
    name = "Optuna TPE, 300 trials, store on disk / `Study.optimize` in memory"
    return compare_row(name, 1.10, bridge("optuna:tpe", 300), optuna_alone(300), 15)


def row_optuna_sqlite() -> Row:
    name = "Optuna TPE, 300 trials, store on disk / Optuna on its SQLite storage"
    ours, theirs = bridge("optuna:tpe", 300), optuna_alone(300, storage=True)
    return faster_row(name, 15, ours, theirs, 5)


def row_hyperopt() -> Row:
    import numpy as np
    from hyperopt import Trials, fmin, hp, tpe

    def theirs() -> None:
        space = {k: hp.uniform(k, -5, 5) for k in ("x", "y")}
        fmin(
            bowl,
            space,
            algo=tpe.suggest,
            max_evals=300,
            trials=Trials(),
            rstate=np.random.default_rng(0),
            show_progressbar=False,
        )

    name = "Hyperopt TPE, 300 trials, store on disk / `fmin` in memory"
    return compare_row(name, 1.00, bridge("hyperopt:tpe", 300), theirs, 15)


def row_skopt() -> Row:
    from skopt import gp_minimize

    def theirs() -> None:
        dimensions = [(-5.0, 5.0), (-5.0, 5.0)]
        gp_minimize(
            lambda x: bowl({"x": x[0], "y": x[1]}),
            dimensions,
            n_calls=30,
            random_state=0,
        )

    name = "skopt `gp`, 30 trials / `gp_minimize`"
    return compare_row(name, 1.03, bridge("skopt:gp", 30), theirs, 3)


def row_bayesopt() -> Row:
    from bayes_opt import BayesianOptimization

    def theirs() -> None:
        optimizer = BayesianOptimization(
            lambda x, y: -bowl({"x": x, "y": y}),
            {"x": (-5, 5), "y": (-5, 5)},
            random_state=0,
            verbose=0,
        )
        optimizer.maximize(init_points=5, n_iter=25)

    name = "bayesopt `ucb`, 30 trials / `maximize`"
    return compare_row(name, 1.03, bridge("bayesopt:ucb", 30), theirs, 15)


def row_cost() -> Row:
    """Cost of space, driver and store: a free objective and a free optimizer."""
    costs = {}
    for n_trials in (100, 1000, 10_000):
        bridge("random", n_trials)()
        times = [seconds(bridge("random", n_trials)) for _ in range(3)]
        costs[n_trials] = statistics.median(times) / n_trials * 1000
    text = ", ".join(f"{ms:.3f} ms at {n}" for n, ms in costs.items())
    name = "cost added per trial, at 100, 1,000 and 10,000 trials"
    return Row(name, "at most 0.3 ms, flat", text, max(costs.values()) <= 0.3)


def row_bench() -> Row:
    """What a bench adds to the same studies, a free objective and random search."""
    n_trials, seeds, n_pairs = 2000, 3, 7

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            hpb.bench(
                [EXPERIMENT],
                ["random"],
                n_trials=n_trials,
                seeds=seeds,
                reference=False,
                store=f"{folder}/bench.db",
            )

    def alone() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(seeds):
                settings = {"n_trials": n_trials, "seed": seed}
                hpb.run(EXPERIMENT, "random", store=f"{folder}/bench.db", **settings)

    a, b, ratio = pairs(ours, alone, n_pairs)
    n = n_trials * seeds
    added = (ratio - 1) * b / n * 1000
    text = f"{added:+.3f} ms ({a / n * 1000:.3f} against {b / n * 1000:.3f} ms)"
    name = "a bench / the same studies by `run`, 3 of 2,000 trials: added per trial"
    return Row(name, "at most 0.25 ms", f"{text}, {n_pairs} pairs", added <= 0.25)


def nap(_params) -> float:
    time.sleep(0.1)
    return 0.0


def row_workers() -> Row:
    experiment = hpb.Experiment(name="nap", objective=nap, space=BOWL)

    def run(workers: int) -> Callable[[], object]:
        return lambda: hpb.run(
            experiment, "random", n_trials=40, seed=0, store=":memory:", workers=workers
        )

    name = "2 workers / 1, 40 trials that sleep 0.1 s"
    return faster_row(name, 1.85, run(2), run(1))


def row_ray() -> Row:
    import ray
    from ray import tune

    if not ray.is_initialized():
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )

    def theirs() -> None:
        with tempfile.TemporaryDirectory() as folder:
            tune.Tuner(
                lambda config: {"value": bowl(config)},
                param_space={k: tune.uniform(-5, 5) for k in ("x", "y")},
                tune_config=tune.TuneConfig(metric="value", mode="min", num_samples=30),
                run_config=tune.RunConfig(verbose=0, storage_path=folder),
            ).fit()

    name = "Ray, 30 trials of a free objective / `Tuner.fit`, function trainables"
    ours = bridge("ray:random", 30, driver="ray")
    row = faster_row(name, 20, ours, theirs, 1)
    ray.shutdown()
    return row


def process(*words: str) -> Callable[[], object]:
    """Return a whole process of this interpreter."""
    command = (sys.executable, *words)
    return lambda: subprocess.run(command, check=True, capture_output=True)


BARE = process("-c", "pass")


def row_import() -> Row:
    name = "`import hpbridge` / a bare interpreter"
    return compare_row(name, 3, process("-c", "import hpbridge"), BARE, 15)


def optuna_file(path: Path, n_trials: int) -> None:
    """Make an SQLite study: a hundred trials by Optuna, the others copies in SQL."""
    import sqlite3

    import optuna

    def objective(trial):
        rate = trial.suggest_float("rate", 1e-5, 1, log=True)
        n = trial.suggest_int("n", 1, 100) + trial.suggest_float("step", 0, 1, step=0.1)
        trial.suggest_categorical("kind", ["x", "y", "z"])
        trial.report(rate, 0)
        trial.set_user_attr("n", n)
        return rate * n + trial.suggest_float("x", 0, 1)

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(
        storage=f"sqlite:///{path}", sampler=sampler, study_name="s"
    )
    study.optimize(objective, n_trials=100)
    keys = {
        "trials": "study_id, state, datetime_start, datetime_complete",
        "trial_params": "param_name, param_value, distribution_json",
        "trial_values": "objective, value, value_type",
        "trial_intermediate_values": "step, intermediate_value, "
        "intermediate_value_type",
        "trial_user_attributes": "key, value_json",
    }
    last = n_trials // 100 - 1
    count = f"SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < {last}"
    series = f"WITH RECURSIVE k(i) AS ({count})"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for table, columns in keys.items():
            ids, shifted = "trial_id", "trial_id + 100 * i"
            if table == "trials":
                ids, shifted = "trial_id, number", f"{shifted}, number + 100 * i"
            connection.execute(
                f"INSERT INTO {table} ({ids}, {columns}) "
                f"{series} SELECT {shifted}, {columns} FROM {table}, k"
            )
        connection.commit()


def row_read_optuna() -> Row:
    import optuna

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.db"
        optuna_file(path, 10_000)

        def theirs() -> None:
            study = optuna.load_study(storage=f"sqlite:///{path}", study_name="s")
            assert len(study.trials) == 10_000

        def ours() -> None:
            assert len(hpb.read_study(path).trials) == 10_000

        name = "read an Optuna SQLite study of 10,000 trials / `load_study(...).trials`"
        return faster_row(name, 3, ours, theirs)


def optuna_host(bridged: bool) -> Callable[[], object]:
    """Return a run of 200 trials by TPE in Optuna's own loop."""
    import optuna

    from hpbridge_optuna import BridgeSampler

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial):
        return bowl({k: trial.suggest_float(k, -5, 5) for k in ("x", "y")})

    def run() -> None:
        own = optuna.samplers.TPESampler
        sampler = BridgeSampler("optuna:tpe", seed=0) if bridged else own(seed=0)
        optuna.create_study(sampler=sampler).optimize(objective, n_trials=200)

    return run


def row_host_optuna() -> Row:
    name = "`BridgeSampler` / `TPESampler` in `Study.optimize`, 200 trials"
    return compare_row(name, 1.05, optuna_host(True), optuna_host(False), 15)


ROWS = (
    row_import,
    row_optuna_memory,
    row_optuna_sqlite,
    row_hyperopt,
    row_skopt,
    row_bayesopt,
    row_cost,
    row_bench,
    row_workers,
    row_ray,
    row_read_optuna,
    row_host_optuna,
)


def main() -> int:
    words = sys.argv[1:]
    chosen = [r for r in ROWS if not words or any(w in r.__name__ for w in words)]
    # What the interpreter would cache on first use; fair to every row of processes.
    compiled = [sys.executable, "-m", "compileall", "-q", *sys.path[-1:]]
    subprocess.run([*compiled, str(Path(hpb.__file__).parent)], check=False)
    print("| what | bar | measured | holds |\n| --- | --- | --- | --- |")
    holds = True
    for measure in chosen:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            row = measure()
        verdict = "yes" if row.holds else "no"
        print(f"| {row.name} | {row.bar} | {row.measured} | {verdict} |", flush=True)
        holds = holds and row.holds
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
