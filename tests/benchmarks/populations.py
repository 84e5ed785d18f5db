"""What a population trains, beside a fixed schedule that is good: on a real network.

``uv run python tests/benchmarks/populations.py [SEEDS]`` prints the README's numbers.

A network of 64-64-10 units learns scikit-learn's digits from 400 of them, 60 epochs of
SGD with momentum; 400 others say which member is better, and 997 are the test. All
three have the same epochs: 10 members of 60, or 10 whole trainings of which the best by
the 400 is taken. The fixed schedule is a cosine from the rate that was best of a grid,
under other seeds, with the momentum, weight decay and dropout that were best with it.
"""

from __future__ import annotations

import itertools
import math
import statistics
import sys
from typing import Any

import numpy as np

import hpbridge as hpb

EPOCHS, MEMBERS, INTERVAL, BATCH = 60, 10, 4, 20
UNITS = 64
SPACE = {
    "rate": hpb.Float(1e-3, 1.0, log=True),
    "momentum": hpb.Float(0.0, 0.98),
    "decay": hpb.Float(1e-6, 1e-1, log=True),
    "dropout": hpb.Float(0.0, 0.8),
}
GRID = {
    "rate": (0.03, 0.1, 0.3),
    "momentum": (0.0, 0.9),
    "decay": (1e-5, 1e-3),
    "dropout": (0.0, 0.3, 0.6),
}


class Data:
    """The digits in three parts, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        order = np.random.default_rng(seed).permutation(len(x))
        x, y = x[order] / 16 - 0.3, y[order]
        self.train = x[:400], y[:400]
        self.valid = x[400:800], y[400:800]
        self.test = x[800:], y[800:]


def begin(seed: int) -> dict[str, Any]:
    """Return a network that has learned nothing."""
    rng = np.random.default_rng(seed)
    sizes = [(64, UNITS), (UNITS, 10)]
    weights = [rng.normal(0, math.sqrt(2 / a), (a, b)) for a, b in sizes]
    weights += [np.zeros(b) for _, b in sizes]
    return {
        "weights": weights,
        "speed": [np.zeros_like(w) for w in weights],
        "rng": rng,
        "epoch": 0,
    }


def train(net: dict[str, Any], data: Data, given: Any) -> None:
    """Train an epoch."""
    x, y = data.train
    rng, weights, speed = net["rng"], net["weights"], net["speed"]
    keep = 1 - given["dropout"]
    for rows in np.array_split(rng.permutation(len(x)), len(x) // BATCH):
        a, b, c, d = weights
        hidden = np.maximum(x[rows] @ a + c, 0)
        mask = (rng.random(hidden.shape) < keep) / keep
        hidden *= mask
        out = _chances(hidden @ b + d)
        out[np.arange(len(rows)), y[rows]] -= 1
        out /= len(rows)
        back = (out @ b.T) * mask * (hidden > 0)
        slopes = [x[rows].T @ back, hidden.T @ out, back.sum(0), out.sum(0)]
        for k, slope in enumerate(slopes):
            pull = given["decay"] * weights[k] if weights[k].ndim > 1 else 0.0
            speed[k] = given["momentum"] * speed[k] - given["rate"] * (slope + pull)
            weights[k] = weights[k] + speed[k]
    net["epoch"] += 1


def _chances(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def scores(
    net: dict[str, Any], part: tuple[np.ndarray, np.ndarray]
) -> tuple[float, float]:
    """Return log loss and accuracy; what has diverged has a large loss."""
    a, b, c, d = net["weights"]
    x, y = part
    with np.errstate(all="ignore"):
        chances = _chances(np.maximum(x @ a + c, 0) @ b + d)
    if not np.isfinite(chances).all():
        return 100.0, 0.1
    loss = -np.log(np.clip(chances[np.arange(len(y)), y], 1e-12, 1)).mean()
    return float(loss), float((chances.argmax(1) == y).mean())


def whole(data: Data, seed: int, at: Any) -> tuple[float, dict[str, Any]]:
    """Train all the way; return the loss by which it is chosen, and the network."""
    net = begin(seed)
    with np.errstate(all="ignore"):
        for epoch in range(EPOCHS):
            train(net, data, at(epoch))
    return scores(net, data.valid)[0], net


def cosine(given: dict[str, float]) -> Any:
    """Return the schedule that decays a rate along half a cosine."""
    return lambda epoch: {
        **given,
        "rate": given["rate"] * (1 + math.cos(math.pi * epoch / EPOCHS)) / 2,
    }


def best_of_grid() -> dict[str, float]:
    """Return what is best with a cosine, over seeds that are not shown."""
    points = [
        dict(zip(GRID, each, strict=True)) for each in itertools.product(*GRID.values())
    ]
    datas = [Data(1000 + k) for k in range(3)]

    def loss(point: dict[str, float]) -> float:
        runs = [whole(data, 1000 + k, cosine(point)) for k, data in enumerate(datas)]
        return statistics.mean(loss for loss, _ in runs)

    return min(points, key=loss)


def of_population(backend: str, data: Data, seed: int) -> dict[str, Any]:
    """Return the network that a population ends with."""
    nets: dict[int, dict[str, Any]] = {}

    def objective(trial: hpb.Trial) -> float:
        net = trial.load() or begin(trial.seed)
        with np.errstate(all="ignore"):
            while net["epoch"] < trial.budget:
                train(net, data, trial)
        trial.save(net)
        nets[trial.number] = net
        return scores(net, data.valid)[0]

    budget = hpb.Budget(INTERVAL, EPOCHS, name="epochs")
    study = hpb.run(
        hpb.Experiment(objective=objective, space=SPACE, name="digits", budget=budget),
        backend,
        n_trials=MEMBERS * EPOCHS // INTERVAL,
        seed=seed,
        options={"population_size": MEMBERS, "perturbation_interval": INTERVAL},
        store=":memory:",
    )
    assert not study.notes, study.notes
    return nets[study.best_trial.number]


def of_random(data: Data, seed: int) -> dict[str, Any]:
    """Return the best of so many constant schedules, drawn at random."""
    import random

    rng, space = random.Random(seed), hpb.Space(SPACE)
    points = [space.sample(rng) for _ in range(MEMBERS)]
    runs = [whole(data, seed * 100 + k, lambda _, p=p: p) for k, p in enumerate(points)]
    return min(runs, key=lambda run: run[0])[1]


def of_cosine(given: dict[str, float], data: Data, seed: int) -> dict[str, Any]:
    """Return the best of so many trainings with the good schedule."""
    runs = [whole(data, seed * 100 + k, cosine(given)) for k in range(MEMBERS)]
    return min(runs, key=lambda run: run[0])[1]


def main(n_seeds: int) -> None:
    """Print what each comes to, and how much better it is than the others."""
    given = best_of_grid()
    print("cosine:", given, flush=True)
    found: dict[str, list[float]] = {}
    for seed in range(n_seeds):
        data = Data(seed)
        nets = {
            "fixed": of_cosine(given, data, seed),
            "random": of_random(data, seed),
            "pbt": of_population("pbt", data, seed),
            "pb2": of_population("pb2", data, seed),
        }
        tested = {name: scores(net, data.test) for name, net in nets.items()}
        for name, (loss, _) in tested.items():
            found.setdefault(name, []).append(loss)
        print(seed, tested, flush=True)
    for name, losses in found.items():
        print(f"{name}: test loss {statistics.mean(losses):.4f}")
        for other in ("fixed", "random"):
            print(f"  less than {other} by", interval(found[other], losses))


def interval(left: list[float], right: list[float]) -> str:
    """Return the mean of paired differences with its interval of 95 %."""
    from scipy import stats

    gains = [a - b for a, b in zip(left, right, strict=True)]
    mean, count = statistics.mean(gains), len(gains)
    error = statistics.stdev(gains) / math.sqrt(count) * stats.t.ppf(0.975, count - 1)
    return f"{mean:+.4f} [{mean - error:+.4f}, {mean + error:+.4f}]"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
