"""Measure what choosing budgets buys, on learning curves of real training.

    uv run python tests/benchmarks/fidelity.py          # the table of the README
    uv run python tests/benchmarks/fidelity.py record   # trains the networks anew

`mlp_digits_81.npz` holds the validation loss of 384 networks (scikit-learn's
`MLPClassifier` on digits) after each of 81 epochs, each trained once. A trial reads the
loss at its budget; it costs the epochs that it goes on from its parent. Random search
trains 50 networks to the end. Counted is when the best loss at the full budget is what
random search came to: with the same seed, and in the median of all seeds. What
optimizers learn of budgets was chosen with other seeds, 100 to 159.
"""

from __future__ import annotations

import itertools
import math
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import hpbridge as hpb

DATA = Path(__file__).parent / "data" / "mlp_digits_81.npz"
N_EPOCHS, N_RANDOM = 81, 50
SEEDS = *range(20), *range(200, 220)
GRID: dict[str, list[Any]] = {
    "rate": [float(10 ** (k / 3 - 4)) for k in range(12)],
    "momentum": [0.0, 0.9],
    "hidden": [8, 16, 32, 64],
    "batch": [16, 64],
    "alpha": [1e-5, 1e-1],
}
_WORST = 10.0  # of the loss; so is one that is no number


def train(**point: Any) -> list[float]:
    """Return the validation loss of a network after each epoch."""
    from sklearn.datasets import load_digits
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    digits = load_digits()
    rows, test_rows, labels, test_labels = train_test_split(
        digits.data / 16.0,
        digits.target,
        test_size=0.5,
        random_state=0,
        stratify=digits.target,
    )
    network = MLPClassifier(
        (point["hidden"],),
        solver="sgd",
        learning_rate_init=point["rate"],
        momentum=point["momentum"],
        nesterovs_momentum=False,
        batch_size=point["batch"],
        alpha=point["alpha"],
        random_state=0,
    )
    losses: list[float] = []
    for _ in range(N_EPOCHS):
        try:
            network.partial_fit(rows, labels, classes=np.arange(10))
            loss = log_loss(test_labels, network.predict_proba(test_rows))
        except ValueError:  # its weights are no numbers any more
            loss = _WORST
        losses.append(min(loss, _WORST))
    return losses


def record() -> None:
    """Train every network of the grid, and keep its curve."""
    warnings.simplefilter("ignore")
    points = [
        dict(zip(GRID, values, strict=True))
        for values in itertools.product(*GRID.values())
    ]
    curves = np.array([train(**point) for point in points], dtype=np.float32)
    DATA.parent.mkdir(exist_ok=True)
    shape = *map(len, GRID.values()), N_EPOCHS
    np.savez_compressed(DATA, curves=curves.reshape(shape))


class Curves:
    """The objective: what was scored at a trial's budget, and the epochs it cost."""

    def __init__(self, curve: Callable[[Mapping[str, Any]], Sequence[float]]) -> None:
        self.curve = curve

    def __call__(self, trial: hpb.Trial) -> float:
        return float(self.curve(trial)[int(trial.budget or N_EPOCHS) - 1])


@dataclass(frozen=True)
class Task:
    """Curves over a space."""

    title: str
    space: Mapping[str, Any]
    curve: Callable[[Mapping[str, Any]], Sequence[float]]


def of_networks() -> Task:
    with np.load(DATA) as file:
        curves = file["curves"]
    space = {name: hpb.Int(0, len(values) - 1) for name, values in GRID.items()}
    return Task(
        "networks on digits (recorded)",
        space,
        lambda p: curves[tuple(p[name] for name in GRID)],
    )


def of_suite() -> Task:
    """`mf_curve` of the public suite: exponential curves that cross."""
    epochs = np.arange(1, N_EPOCHS + 1)

    def curve(params: Mapping[str, Any]) -> Any:
        rate = math.log10(params["lr"])
        final = 0.05 + 0.04 * (rate + 2) ** 2 + 0.15 * (params["drop"] - 0.2) ** 2
        speed = 0.02 * 10 ** (0.45 * (rate + 4))
        return final + (1 - final) * np.exp(-speed * epochs)

    space = {"lr": hpb.Float(1e-5, 1, log=True), "drop": hpb.Float(0, 0.9)}
    return Task("`mf_curve`", space, curve)


def costs_of(study: hpb.Study) -> list[tuple[float, float]]:
    """Return the epochs so far and the best loss at the full budget, by trial."""
    budgets = {trial.number: trial.budget or 0 for trial in study.trials}
    spent, best, found = 0.0, math.inf, []
    for trial in sorted(study.trials, key=lambda each: each.told):
        before = 0 if trial.parent is None else budgets[trial.parent]
        spent += budgets[trial.number] - before
        if trial.budget == N_EPOCHS:
            best = min(best, trial.metrics["value"])
        found.append((spent, best))
    return found


def run(task: Task, seed: int, n_trials: int, **how: Any) -> list[tuple[float, float]]:
    experiment = hpb.Experiment(
        objective=Curves(task.curve),
        space=task.space,
        budget=hpb.Budget(1, N_EPOCHS, name="epochs"),
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store.db"
        study = hpb.run(experiment, n_trials=n_trials, seed=seed, store=store, **how)
    return costs_of(study)


def share_of(found: Sequence[tuple[float, float]], target: float) -> float:
    """Return the share of random search's epochs at which a loss is reached."""
    reached = (spent for spent, best in found if best <= target)
    return next(reached, math.inf) / (N_RANDOM * N_EPOCHS)


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the median and its 95 % interval, by the bootstrap."""
    rng = np.random.default_rng(0)
    capped = np.minimum(values, 1.0)  # what never comes there is no better
    medians = np.median(rng.choice(capped, (10_000, len(capped))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(np.median(capped)), float(low), float(high)


# One round of the brackets: 1,581 epochs, of 4,050 of random search.
ROWS = (
    ("hyperband, optuna:tpe", 206, {"backend": "optuna:tpe", "pruner": "hyperband"}),
    ("hyperband, random", 206, {"backend": "random", "pruner": "hyperband"}),
)


def main() -> None:
    print("| curves | optimizer | final loss of | share of epochs | 95 % | reached |")
    print("|---|---|---|---|---|---|")
    for task in (of_networks(), of_suite()):
        own = [run(task, seed, N_RANDOM, backend="random")[-1][1] for seed in SEEDS]
        targets = {"its seed": own, "the median": [float(np.median(own))] * len(own)}
        for name, n_trials, how in ROWS:
            found = [run(task, seed, n_trials, **how) for seed in SEEDS]
            for title, losses in targets.items():
                shares = [share_of(*each) for each in zip(found, losses, strict=True)]
                median, low, high = interval(shares)
                n_reached = sum(map(math.isfinite, shares))
                print(
                    f"| {task.title} | {name} | {title} | {median:.0%} "
                    f"| {low:.0%} to {high:.0%} | {n_reached} of {len(SEEDS)} |",
                    flush=True,
                )


if __name__ == "__main__":
    if "record" in sys.argv[1:]:
        record()
    else:
        main()
