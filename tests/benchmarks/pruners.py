"""Measure what a pruner's answer costs, with thousands of trials in the study.

    uv run python tests/benchmarks/pruners.py

Every pruner of ours knows 10,000 trials of 30 steps, and is then asked by 60 trials
that report 30 times; so is Optuna's own, in a study in memory that has 1,000. The bar
is 0.05 ms a report, of the processor's time.
"""

from __future__ import annotations

import random
import sys
import time
import warnings

import optuna

from hpbridge.contract.pruning import Watched
from hpbridge.contract.registry import registry
from hpbridge.pruners.choosing import chosen_pruner, make_pruner
from hpbridge.trial import State

OURS, THEIRS = 10_000, 1_000
N_STEPS, N_ASKING = 30, 60
BAR_MS = 0.05

P = optuna.pruners
GIVEN = {
    "percentile": {"percentile": 25.0},
    "threshold": {"upper": 1e9},
    "patient": {"patience": 5, "wrapped": "median"},
}
OPTUNA = {
    "median": P.MedianPruner,
    "percentile": lambda: P.PercentilePruner(25.0),
    "threshold": lambda: P.ThresholdPruner(upper=1e9),
    "patient": lambda: P.PatientPruner(P.MedianPruner(), 5),
    "wilcoxon": P.WilcoxonPruner,
    "sha": P.SuccessiveHalvingPruner,
    "asha:optuna": P.SuccessiveHalvingPruner,
    "hyperband": P.HyperbandPruner,
}


def curve(rng: random.Random) -> list[float]:
    """Return what a trial reports: noise around its own level, falling."""
    level = rng.random()
    return [level + 1 / (step + 1) + rng.gauss(0, 0.1) for step in range(N_STEPS)]


def of_ours(name: str) -> float:
    """Return the milliseconds a report."""
    rng = random.Random(0)
    watched = Watched("bench", maximizes=False)
    pruner = make_pruner(chosen_pruner((name, GIVEN.get(name, {}))), watched)
    for number in range(OURS):
        values = curve(rng)
        pruner.know(number, enumerate(values), State.COMPLETE, values[-1])
    asking = [curve(rng) for _ in range(N_ASKING)]
    started = time.process_time()
    for step in range(N_STEPS):
        for number, values in enumerate(asking, OURS):
            pruner.report(number, step, values[step])
    return (time.process_time() - started) / N_STEPS / N_ASKING * 1e3


def of_optuna(name: str) -> float:
    """Return the milliseconds a report of Optuna's own, one in ten trials asked."""
    rng = random.Random(0)
    study = optuna.create_study(study_name="bench", pruner=OPTUNA[name]())
    for _ in range(THEIRS):
        values = curve(rng)
        rungs = {f"completed_rung_{k}": values[4**k] for k in range(3)}
        study.add_trial(
            optuna.trial.create_trial(
                value=values[-1],
                intermediate_values=dict(enumerate(values)),
                system_attrs=rungs,
            )
        )
    asking = [(study.ask(), curve(rng)) for _ in range(N_ASKING // 10)]
    started = time.process_time()
    for step in range(N_STEPS):
        for trial, values in asking:
            trial.report(values[step], step)
            trial.should_prune()
    return (time.process_time() - started) / N_STEPS / len(asking) * 1e3


def main() -> int:
    """Print the table."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(f"| pruner | ms a report, {OURS:,} trials | Optuna's own, {THEIRS:,} |")
    print("| --- | --- | --- |")
    holds = True
    for name in registry().pruners:
        ours = min(of_ours(name) for _ in range(2))
        theirs = f"{of_optuna(name):.2f}" if name in OPTUNA else ""
        print(f"| {name} | {ours:.4f} | {theirs} |", flush=True)
        holds = holds and ours <= BAR_MS
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
