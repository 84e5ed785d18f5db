"""Measure what evaluating through the bridge costs: time, and memory between trials.

    uv run python tests/benchmarks/evaluations.py          # both
    uv run python tests/benchmarks/evaluations.py memory   # or speed

Speed: 30 configurations of an SVC on digits by ``optuna:random``, with the store on
disk, beside `cross_validate` called with the same configurations, splits and metrics;
without the references and the test. Memory: 200 MB of data, 2 workers, 20 trials: what
all processes hold after the last trial (PSS), less the same with 1 MB. The copies of
the folds that are being fitted are scikit-learn's, and gone between trials.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from speed import Row

import hpbridge as hpb

SPACE = {"C": hpb.Float(0.1, 1e3, log=True), "gamma": hpb.Float(1e-4, 1e-2, log=True)}
N_RUNS = 5
METRICS = ["f1_macro", "accuracy", "precision_macro", "recall_macro"]
MEGABYTE = 1_000_000


def row_speed() -> Row:
    data = load_digits(return_X_y=True)
    evaluation = hpb.Evaluation(SVC(), *data, space=SPACE, metrics=METRICS)
    evaluation.baseline_points = ()
    assert evaluation.attributes  # the references, which are not counted
    measured = [seconds_of_both(evaluation) for _ in range(N_RUNS)]
    ours, theirs = (statistics.median(each) for each in zip(*measured, strict=True))
    ratio = statistics.median(a / b for a, b in measured)
    name = "30 configurations of an SVC on digits / `cross_validate`"
    text = f"{ratio:.3f} times ({ours:.2f} s against {theirs:.2f} s, {N_RUNS} runs)"
    return Row(name, "at most 1.02 times", text, ratio <= 1.02)


def seconds_of_both(evaluation: hpb.Evaluation) -> tuple[float, float]:
    """Return the seconds of a run, and of `cross_validate` on its points alone.

    Trial by trial, one after the other: a machine is now slower and now faster, by more
    than what is measured.
    """
    rows, folds = evaluation.folds.kept.rows(), evaluation.folds
    cv = [folds.folds[k] for k in folds.order]
    theirs = []

    def validate(session, trial) -> None:
        began = time.perf_counter()
        cross_validate(
            SVC(**trial.params),
            rows.X,
            rows.y,
            cv=cv,
            scoring=METRICS,
            return_train_score=True,
        )
        theirs.append(time.perf_counter() - began)

    with tempfile.TemporaryDirectory() as folder:
        settings = {"n_trials": 30, "seed": 0, "store": f"{folder}/bench.db"}
        began = time.perf_counter()
        hpb.run(evaluation, "optuna:random", callbacks=[validate], **settings)
        total = time.perf_counter() - began
    return total - sum(theirs), sum(theirs)


def row_memory() -> Row:
    size = 200 * MEGABYTE
    large, small = (held_in_a_run(n) for n in (size, MEGABYTE))
    ratio = (large - small) / size
    text = f"{ratio:.2f} times ({large / 1e6:.0f} MB against {small / 1e6:.0f} MB)"
    name = "held between trials, 200 MB of data, 2 workers, 20 trials / the data"
    return Row(name, "at most 1.1 times", text, ratio <= 1.1)


def held_in_a_run(size: int) -> int:
    """Return the bytes that all processes of a run hold after its last trial."""
    command = [sys.executable, __file__, "hold", str(size)]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def hold(size: int) -> int:
    n_columns = 1000 if size > MEGABYTE else 100
    n_rows = size // 8 // n_columns
    features = np.random.default_rng(0).normal(size=(n_rows, n_columns))
    classes = np.arange(n_rows) % 2
    space = {"var_smoothing": hpb.Float(1e-12, 1e-3, log=True)}
    evaluation = hpb.Evaluation(
        GaussianNB(),
        features,
        classes,
        space=space,
        procedure=hpb.KFold(2),
        metrics="accuracy",
    )
    held = []

    def look(session, trial) -> None:
        held.append(sum(map(proportional, family(os.getpid()))))

    hpb.run(
        evaluation,
        "random",
        n_trials=20,
        seed=0,
        workers=2,
        store=":memory:",
        callbacks=[look],
    )
    assert len(held) == 20
    return held[-1]  # the other worker has nothing to do any more


def family(pid: int) -> list[int]:
    """Return a process and its children, and theirs."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += family(int(child))
    return found


def proportional(pid: int) -> int:
    """Return what a process holds, its share of what others hold, too; in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line[:4] == "Pss:")


ROWS = {"memory": row_memory, "speed": row_speed}


def main() -> int:
    words = sys.argv[1:]
    if words[:1] == ["hold"]:
        print(hold(int(words[1])))
        return 0
    print("| what | bar | measured | holds |\n| --- | --- | --- | --- |")
    holds = True
    for name, measure in ROWS.items():
        if words and name not in words:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = measure()
        verdict = "yes" if row.holds else "no"
        print(f"| {row.name} | {row.bar} | {row.measured} | {verdict} |", flush=True)
        holds = holds and row.holds
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
