"""Results of contests that never ran, for tests of what is said of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpbridge.analysis.contest.results import (
    DONE,
    FAILED,
    MISSING,
    Facts,
    OnFront,
    Results,
)
from hpbridge.report.contest_record import Record

KINDS = (("continuous",), ("mixed",), ("conditional", "mixed"), ("continuous", "noisy"))


def results(  # noqa: PLR0913 - the axes, and what is known
    n_problems=8,
    n_optimizers=4,
    n_seeds=6,
    n_trials=30,
    *,
    reference=0,
    optimum=0.0,
    seed=0,
):
    """Return runs of random search, at 0, and of better and better ones."""
    rng = np.random.default_rng(seed)
    shape = (n_problems, n_optimizers, n_seeds, n_trials)
    merit = np.arange(n_optimizers)[None, :, None, None] * 0.35
    drawn = rng.lognormal(0, 1, shape) / (1 + merit * np.arange(n_trials) / 10)
    scale = 10.0 ** np.arange(n_problems)[:, None, None, None] % 997
    best = np.minimum.accumulate(drawn * scale, axis=3)
    cost = 0.002 * (1 + np.arange(n_optimizers))[None, :, None, None]
    asked = np.broadcast_to(cost, shape) * (1 + np.arange(n_trials) / n_trials)
    of_optimizer = np.cumsum(asked * rng.uniform(0.8, 1.2, shape), axis=3)
    seconds = of_optimizer + np.cumsum(rng.uniform(0.01, 0.03, shape), axis=3)
    names = ["random", "optuna:tpe", "skopt:gp", "hyperopt:tpe", "bayesopt"]
    names += [f"lib:alg{k}" for k in range(n_optimizers)]
    return Results(
        problems=tuple(
            Facts(
                name=f"problem{p}",
                suite="made up",
                dimension=(2, 5, 10)[p % 3],
                kinds=KINDS[p % len(KINDS)],
                optimum=optimum,
                optimum_of="" if optimum is None else "formula",
                metrics=(("value", "minimize"),),
            )
            for p in range(n_problems)
        ),
        optimizers=tuple(names[:n_optimizers]),
        seeds=tuple(range(n_seeds)),
        best=best,
        seconds=seconds,
        optimizer_seconds=of_optimizer,
        states=np.full(shape[:3], DONE, dtype=np.int8),
        n_told=np.full(shape[:3], n_trials, dtype=np.int32),
        n_trials=np.full(shape[:3], n_trials, dtype=np.int32),
        n_failed=np.zeros(shape[:3], dtype=np.int32),
        reference=reference,
        studies={
            place: number for number, place in enumerate(np.ndindex(shape[:3]), start=1)
        },
    )


def without(found, problem, optimizer, why="it takes no categories"):
    """Return results in which an optimizer was left out of a problem."""
    arrays = {
        name: getattr(found, name).copy()
        for name in ("best", "seconds", "optimizer_seconds", "states", "n_told")
    }
    for name in ("best", "seconds", "optimizer_seconds"):
        arrays[name][problem, optimizer] = np.nan
    arrays["states"][problem, optimizer] = MISSING
    arrays["n_told"][problem, optimizer] = 0
    said = {(problem, optimizer, s): why for s in range(len(found.seeds))}
    return replace(found, **arrays, why={**found.why, **said})


def broken(found, run, n_told=0, why="RuntimeError: no memory"):
    """Return results in which a run broke after some trials."""
    states, told = found.states.copy(), found.n_told.copy()
    best = found.best.copy()
    states[run], told[run] = FAILED, n_told
    best[run][n_told:] = best[run][n_told - 1] if n_told else np.inf
    return replace(
        found, states=states, n_told=told, best=best, why={**found.why, run: why}
    )


def with_fronts(found, n_problems, metrics=("cost", "loss"), n_trials=30):
    """Return results of which the first problems have several metrics, and fronts."""
    n_optimizers, n_seeds = found.best.shape[1:3]
    front = tuple(
        OnFront(
            optimizer=k * n_optimizers // n_trials,
            seed=k % n_seeds,
            number=k,
            values=(float(k), *(1 / (k + j) for j in range(1, len(metrics)))),
        )
        for k in range(n_trials)
    )
    ways = tuple((metric, "minimize") for metric in metrics)
    problems = tuple(
        replace(facts, metrics=ways, reference_point=(99.0,) * len(ways))
        if p < n_problems
        else facts
        for p, facts in enumerate(found.problems)
    )
    return replace(
        found, problems=problems, fronts=dict.fromkeys(range(n_problems), front)
    )


def record(found, **changes):
    """Return how such a contest ran."""
    given = {
        "name": "a bench",
        "n_studies": int((found.states != MISSING).sum()),
        "begin": 1_700_000_000.0,
        "end": 1_700_003_600.0,
        "versions": {"hpbridge": ("1.0",), "optuna": ("5.0.0",)},
        "machines": ("2 cores, Linux on x86_64",),
        "drivers": ("local, 1 at once",),
        "options": dict.fromkeys(found.optimizers, ""),
        "budgets": (),
        "shared": (0,),
        "notes": {},
    }
    return Record(**{**given, **changes})
