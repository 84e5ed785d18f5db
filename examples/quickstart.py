"""The smallest whole example: a function of five parameters, no library needed.

hpbridge run examples/quickstart.py --backend optuna:tpe --trials 50
"""

from __future__ import annotations

import math

import hpbridge as hpb


def train(trial: hpb.Trial) -> dict[str, float]:
    """Return the made-up accuracy of a model, best with adam, lr=0.003 and 3 layers."""
    loss = abs(math.log10(trial["lr"]) + 2.5) + 0.3 * abs(trial["n_layers"] - 3)
    if trial["solver"] == "sgd":
        loss += 0.2 + abs(trial["momentum"] - 0.9)
    loss += 0.1 * len(trial["hidden"])
    return {"accuracy": 1 / (1 + loss)}


experiment = hpb.Experiment(
    name="quickstart",
    objective=train,
    direction={"accuracy": "maximize"},
    space={
        "solver": hpb.Categorical(["adam", "sgd"]),
        "lr": hpb.Float(1e-5, 1e-1, log=True),
        "momentum": hpb.Float(0.0, 0.99, when={"solver": "sgd"}),
        "n_layers": hpb.Int(1, 4),
        "hidden": hpb.Categorical({"narrow": (32,), "wide": (128,), "deep": (64, 64)}),
    },
)
