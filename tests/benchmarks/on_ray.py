"""Measure what trials on warm Ray actors cost, and how busy they are.

    uv run python tests/benchmarks/on_ray.py            # all
    uv run python tests/benchmarks/on_ray.py busy data  # those whose name holds a word

The first two bars are this project's; processor times tell more than wall times where
other processes run beside it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import numpy as np

import hpbridge as hpb

SPACE = {"x": hpb.Float(-5, 5)}
WAYS = {"value": "minimize", "cpu": "minimize"}


def bowl(trial):
    return {"value": (trial["x"] - 1) ** 2, "cpu": time.process_time()}


def nap(trial):
    time.sleep(0.5)
    return trial["x"]


def study_of(objective, n_trials, direction="minimize", **settings):
    experiment = hpb.Experiment(objective=objective, space=SPACE, direction=direction)
    with tempfile.TemporaryDirectory() as folder:
        return hpb.run(
            experiment,
            "optuna:random",
            n_trials=n_trials,
            seed=0,
            driver="ray",
            workers=2,
            store=f"{folder}/s.db",
            **settings,
        )


def rate() -> str:
    """10,000 free trials, two actors, the store on disk: at least 300 a second."""
    started, cpu = time.perf_counter(), time.process_time()
    n_trials = 10_000
    trials = study_of(bowl, n_trials, WAYS).trials
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    of_actors = {}
    for trial in trials:
        of_actors.setdefault(trial.worker, []).append(trial.metrics["cpu"])
    actors = sum(max(each) - min(each) for each in of_actors.values())
    return (
        f"{n_trials / seconds:.0f} trials a second; processor time a trial: "
        f"{cpu / n_trials * 1000:.2f} ms here, {actors / n_trials * 1000:.2f} ms there"
    )


def busy() -> str:
    """40 trials that sleep 0.5 s, two actors: busy at least 95 % of the time."""
    trials = study_of(nap, 40).trials
    began = min(trial.started_at for trial in trials)
    ended = max(trial.started_at + trial.run_seconds for trial in trials)
    share = sum(trial.run_seconds for trial in trials) / (ended - began) / 2
    return f"{share:.1%} busy"


def data() -> str:
    """An experiment with 64 MB of data: seconds until two actors have it."""
    values = np.arange(8_000_000.0)

    def objective(trial):
        return trial["x"] + float(values[-1])

    times = []
    for chosen in (bowl, objective):
        started = time.perf_counter()
        way = WAYS if chosen is bowl else "minimize"
        study_of(chosen, 2, way)
        times.append(time.perf_counter() - started)
    return f"{times[1]:.1f} s, and {times[0]:.1f} s without data"


def main() -> None:
    from hpbridge_ray.driver.cluster import ensure_ray

    ensure_ray(2)
    study_of(bowl, 2, WAYS)  # warm
    for measure in (rate, busy, data):
        if len(sys.argv) == 1 or measure.__name__ in sys.argv[1:]:
            print(f"{measure.__doc__.splitlines()[0]}\n    {measure()}", flush=True)


if __name__ == "__main__":
    main()
