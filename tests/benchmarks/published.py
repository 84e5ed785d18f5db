"""Run what others published through hpbridge, and put ours beside theirs.

    uv run python tests/benchmarks/published.py [--parts bbob,random] [--jobs 2]

About 20 minutes of one processor. What is measured goes into ``data/published.json``,
part by part, with the versions; the README's table is made of that file.

- ``bbob``: OptunaHub's table of BBOB, regret of TPE over that of random search.
- ``bayesmark``: the random search of the challenge of NeurIPS 2020, on eight problems.
- ``hyperopt``: the values that TPE must reach in Hyperopt's own tests.
- ``random``: what theory says of random search on Branin and Hartmann6.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import hpbridge as hpb
from hpbridge.analysis.statistics.scores import expected_min
from hpbridge.bench.running import bench
from hpbridge.contract.registry import registry
from hpbridge.native import read_native

DATA = Path(__file__).parent / "data" / "published.json"
PACKAGES = ("hyperopt", "ioh", "numpy", "optuna", "scikit-learn", "scikit-optimize")

TPE = {"multivariate": False, "constant_liar": False}
"""As Optuna 4.7's defaults, with which the table was made; 5.0 has others."""

BBOB_PUBLISHED = 0.2463
"""Source: optuna/optunahub-registry, samplers/cma_es_refinement/README, commit ee68019:
24 functions in 5 dimensions, 200 trials, 10 seeds; mean of the ratios."""

MEDIANS = {
    "kNN_breast_acc": {5: -0.93407, 15: -0.93626},
    "kNN_diabetes_mse": {5: 3090.270, 15: 3069.504},
    "SVM_breast_acc": {5: -0.94066, 15: -0.94286},
    "SVM_diabetes_mse": {5: 6281.862, 15: 6225.234},
    "SVM_wine_acc": {5: -0.80320, 15: -0.82414},
    "DT_breast_acc": {5: -0.89451, 15: -0.90110},
    "DT_diabetes_mse": {5: 4131.369, 15: 3714.735},
    "lasso_wine_acc": {5: -0.96478, 15: -0.96502},
}
"""Median loss of the best of so many random trials.

Source: the starter kit of the challenge, input/baseline-15-1.json, commit afc1781."""

POOL = 200

TRIALS, SEEDS = 200, 20
RANDOM = ("optuna:random", "hyperopt:random", "skopt:random", "random:random")


def bbob(store: Path, jobs: int) -> dict[str, Any]:
    """Return the mean ratio over the functions, and its standard error over seeds."""
    names = "optuna:tpe", "optuna:random"
    comparison = bench(
        "bbob",
        [*names],
        problems=["bbob_f*_i01_d05"],
        options={"optuna:tpe": TPE},
        n_trials=TRIALS,
        seeds=10,
        store=store / "bbob.db",
        jobs=jobs,
        resume=True,
    )
    optima = {p.name: p.optimum for p in registry().suite("bbob").problems()}
    regrets: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    for study in comparison.studies:
        regret = study.best_trial.metrics["value"] - optima[study.experiment]
        regrets[study.optimizer].setdefault(study.experiment, []).append(regret)
    ratios, errors = [], []
    for problem, runs in regrets[names[0]].items():
        others = regrets[names[1]][problem]
        ratio = float(np.mean(runs) / np.mean(others))
        ratios.append(ratio)
        spread = [np.var(v, ddof=1) / len(v) / np.mean(v) ** 2 for v in (runs, others)]
        errors.append(ratio * math.sqrt(sum(spread)))
    error = math.sqrt(sum(each**2 for each in errors)) / len(errors)
    return {"ratio": float(np.mean(ratios)), "error": error, "functions": len(ratios)}


def bayesmark(store: Path, jobs: int) -> dict[str, Any]:
    """Return medians of the best of 5 and of 15, of a pool of random trials."""
    del jobs
    problems = {p.name: p for p in registry().suite("bayesmark").problems()}
    found = {}
    rng = np.random.default_rng(0)
    for name, published in MEDIANS.items():
        study = hpb.run(
            problems[name].make(),
            "optuna:random",
            n_trials=POOL,
            seed=0,
            store=store / "bayesmark.db",
        )
        pool = np.array([trial.metrics["loss"] for trial in study.trials])
        again = pool[rng.integers(POOL, size=(2000, POOL))]
        found[name] = {}
        for m in published:
            # The best of m is below a value with probability 1 - (1 - F)^m.
            share = 1 - 0.5 ** (1 / m)
            median = float(np.quantile(pool, share))
            low, high = np.quantile(np.quantile(again, share, axis=1), [0.025, 0.975])
            found[name][m] = [median, float(low), float(high)]
    return found


def read(space: dict[str, Any], objective: Any) -> hpb.Experiment:
    """Return an experiment over a space of Hyperopt's."""
    return hpb.Experiment(objective=objective, space=read_native(space).space)


def noise(trial: hpb.Trial) -> float:
    """Return a standard normal number of the trial's own."""
    return float(np.random.default_rng(trial.seed).normal())


def wave(trial: hpb.Trial) -> float:
    """Hyperopt's gauss_wave."""
    t = trial["x"] + math.pi * trial["curve"]
    return -(math.sin(t) + 2 * math.exp(-((t / 5) ** 2)))


def noisy_wave(trial: hpb.Trial) -> float:
    """Hyperopt's gauss_wave2."""
    x = trial["x"]
    bell = 0.1 * noise(trial) + 2 * math.exp(-((x / 5) ** 2))
    return -(bell + trial["hf"] * math.sin(x) * trial["amp"])


def distractor(trial: hpb.Trial) -> float:
    """Hyperopt's distractor."""
    x = trial["x"]
    return -1 / (1 + math.exp(-x)) - 2 * math.exp(-((x + 10) ** 2))


def branin(trial: hpb.Trial) -> float:
    """Branin, 0.397887 at its three optima."""
    return float(branin_of(trial["x"], trial["y"]))


def branin_of(x: Any, y: Any) -> Any:
    """Return Branin of numbers or arrays."""
    bowl = (y - 5.1 / (4 * math.pi**2) * x * x + 5 * x / math.pi - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * math.pi)) * np.cos(x) + 10


LIMITS: dict[str, tuple[float, int, dict[str, Any]]] = {
    "quadratic1": (1e-5, 1000, {"n_EI_candidates": 5}),
    "q1_lognormal": (0.01, 250, {}),
    "n_arms": (-2.5, 50, {}),
    "distractor": (
        -1.96,
        100,
        {"gamma": 0.05, "prior_weight": 0.01, "n_EI_candidates": 15},
    ),
    "gauss_wave": (-2.0, 50, {}),
    "gauss_wave2": (-2.0, 75, {}),
    "many_dists": (0.0005, 200, {}),
    "branin": (0.7, 200, {}),
}
"""What TPE must be below, after how many trials, with which options.

Source: hyperopt 0.3.0, tests/unit/test_tpe.py: TestOpt."""


def domains() -> dict[str, hpb.Experiment]:
    """Return the experiments. Source: hyperopt 0.3.0, tests/unit/test_domains.py."""
    from hyperopt import hp

    line = {"x": hp.uniform("x", -20, 20)}
    many = {
        "a": hp.choice("a", [0, 1, 2]),
        "b": hp.randint("b", 10),
        "bb": hp.randint("bb", 12, 25),
        "c": hp.uniform("c", 4, 7),
        "d": hp.loguniform("d", -2, 0),
        "e": hp.quniform("e", 0, 10, 3),
        "f": hp.qloguniform("f", 0, 3, 2),
        "g": hp.normal("g", 4, 7),
        "h": hp.lognormal("h", -2, 2),
        "i": hp.qnormal("i", 0, 10, 2),
        "j": hp.qlognormal("j", 0, 2, 1),
        "k": hp.pchoice("k", [(0.1, 0), (0.9, 1)]),
    }
    plane = {"x": hp.uniform("x", -5.0, 10.0), "y": hp.uniform("y", 0.0, 15.0)}
    hf = {"amp": hp.uniform("amp", 0, 1), "hf": hp.choice("hf", [0, 1])}
    return {
        "quadratic1": read({"x": hp.uniform("x", -5, 5)}, lambda t: (t["x"] - 3) ** 2),
        "q1_lognormal": read(
            {"x": hp.lognormal("x", 0, 2)}, lambda t: min(0.1 * (t["x"] - 10) ** 2, 10)
        ),
        "n_arms": read(
            {"x": hp.choice("x", [0, 1])}, lambda t: -(t["x"] == 0) + noise(t)
        ),
        "distractor": read({"x": hp.uniform("x", -15, 15)}, distractor),
        "gauss_wave": read({**line, "curve": hp.choice("curve", [0, 1])}, wave),
        "gauss_wave2": read({**line, **hf}, noisy_wave),
        "many_dists": read(many, lambda t: math.log(1e-12 + sum(t.values()) ** 2)),
        "branin": read(plane, branin),
    }


def hyperopt(store: Path, jobs: int) -> dict[str, Any]:
    """Return the best values that TPE finds, seed by seed."""
    del jobs
    found = {}
    for name, experiment in domains().items():
        limit, n_trials, options = LIMITS[name]
        best = [
            hpb.run(
                experiment,
                "hyperopt:tpe",
                n_trials=n_trials,
                seed=seed,
                options=options,
                store=store / "hyperopt.db",
            ).best_trial.metrics["value"]
            for seed in range(3)
        ]
        found[name] = {"below": limit, "trials": n_trials, "best": best}
    return found


def hartmann6_of(x: Any) -> Any:
    """Return Hartmann6 of points, shape (n, 6)."""
    a = np.array(
        [
            [10, 3, 17, 3.5, 1.7, 8],
            [0.05, 10, 17, 0.1, 8, 14],
            [3, 3.5, 1.7, 10, 17, 8],
            [17, 8, 0.05, 10, 0.1, 14],
        ]
    )
    p = 1e-4 * np.array(
        [
            [1312, 1696, 5569, 124, 8283, 5886],
            [2329, 4135, 8307, 3736, 1004, 9991],
            [2348, 1451, 3522, 2883, 3047, 6650],
            [4047, 8828, 8732, 5743, 1091, 381],
        ]
    )
    exponents = (a * (x[:, None, :] - p) ** 2).sum(axis=2)
    return -(np.array([1.0, 1.2, 3.0, 3.2]) * np.exp(-exponents)).sum(axis=1)


def theory() -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of the best of `TRIALS` uniform draws."""
    rng = np.random.default_rng(0)
    size = (400_000, 2)
    x, y = (rng.uniform(size=size) * 15 + [-5, 0]).T
    pools = {
        "branin": branin_of(x, y),
        "hartmann6": hartmann6_of(rng.uniform(size=(400_000, 6))),
    }
    return {
        name: (
            float(expected_min(pool, TRIALS)),
            float(pool.reshape(-1, TRIALS).min(axis=1).std(ddof=1)),
        )
        for name, pool in pools.items()
    }


def random(store: Path, jobs: int) -> dict[str, Any]:
    """Return theory, and means over the seeds of every random backend."""
    comparison = bench(
        "full",
        [*RANDOM],
        problems=["branin", "hartmann6"],
        n_trials=TRIALS,
        seeds=SEEDS,
        store=store / "random.db",
        jobs=jobs,
        resume=True,
    )
    best: dict[str, dict[str, list[float]]] = {}
    for study in comparison.studies:
        value = study.best_trial.metrics["value"]
        runs = best.setdefault(study.experiment, {}).setdefault(study.optimizer, [])
        runs.append(value)
    return {
        name: {
            "theory": theory_of,
            "seeds": SEEDS,
            "means": {each: float(np.mean(runs)) for each, runs in best[name].items()},
        }
        for name, theory_of in theory().items()
    }


PARTS = {"bbob": bbob, "bayesmark": bayesmark, "hyperopt": hyperopt, "random": random}


def table() -> str:
    """Return what was measured beside what was published, as Markdown."""
    measured = json.loads(DATA.read_text(encoding="utf-8"))
    rows = [*_rows_of_bbob(measured), *_rows_of_bayesmark(measured)]
    rows += [*_rows_of_hyperopt(measured), *_rows_of_theory(measured)]
    head = "| what | published | ours |\n| --- | --- | --- |\n"
    versions = ", ".join(f"{k} {v}" for k, v in measured["versions"].items())
    lines = "".join(f"| {what} | {theirs} | {ours} |\n" for what, theirs, ours in rows)
    return f"{head}{lines}\nWith {versions}.\n"


Row = tuple[str, str, str]


def _rows_of_bbob(measured: dict[str, Any]) -> list[Row]:
    found = measured["bbob"]
    what = (
        f"OptunaHub, BBOB: {found['functions']} functions, d = 5, 200 trials, 10 "
        "seeds: regret of `optuna:tpe` (options as of Optuna 4.7) over that of random"
    )
    ours = f"{found['ratio']:.3f} ± {found['error']:.3f}"
    return [(what, f"{BBOB_PUBLISHED}", ours)]


def _rows_of_bayesmark(measured: dict[str, Any]) -> list[Row]:
    rows = []
    for name, by_number in measured["bayesmark"].items():
        theirs = ", ".join(f"{MEDIANS[name][int(m)]:.6g}" for m in by_number)
        ours = ", ".join(
            f"{median:.6g} ({low:.6g} to {high:.6g})"
            for median, low, high in by_number.values()
        )
        what = f"bayesmark, `{name}`: median of the best of 5 and of 15 random trials"
        rows.append((what, theirs, ours))
    return rows


def _rows_of_hyperopt(measured: dict[str, Any]) -> list[Row]:
    return [
        (
            f"Hyperopt's own tests, `{name}`: TPE after {found['trials']} trials",
            f"below {found['below']:g}",
            ", ".join(f"{best:.3g}" for best in found["best"]),
        )
        for name, found in measured["hyperopt"].items()
    ]


def _rows_of_theory(measured: dict[str, Any]) -> list[Row]:
    rows = []
    for name, found in measured["random"].items():
        mean, deviation = found["theory"]
        error = deviation / math.sqrt(found["seeds"])
        what = (
            f"theory, `{name}`: mean of the best of 200 random trials, "
            f"± standard error of {found['seeds']} seeds"
        )
        ours = ", ".join(f"`{k}` {v:.3f}" for k, v in found["means"].items())
        rows.append((what, f"{mean:.3f} ± {error:.3f}", ours))
    return rows


def main() -> None:
    """Measure the parts that are asked for, and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--store", type=Path, help="a folder; to go on from")
    given = parser.parse_args()
    measured = json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        store = given.store or Path(folder)
        for part in given.parts.split(","):
            measured[part] = PARTS[part](store, given.jobs)
            measured["versions"] = {
                name: importlib.metadata.version(name) for name in PACKAGES
            }
            DATA.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
            print(part, "is measured")
    print(table() if {*PARTS} <= {*measured} else json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
