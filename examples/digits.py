"""Tune a small neural network on the digits data set that scikit-learn ships.

hpbridge run examples/digits.py --backend optuna --trials 20
hpbridge compare examples/digits.py --backends all --trials 20
"""

from __future__ import annotations

import time
import warnings

import hpbridge as hpb


def train(trial: hpb.Trial) -> dict[str, float]:
    """Return the cross-validated accuracy and the time of fitting, in seconds."""
    from sklearn.datasets import load_digits
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import cross_val_score
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, target = load_digits(return_X_y=True)
    network = MLPClassifier(
        hidden_layer_sizes=trial["hidden"],
        learning_rate_init=trial["lr"],
        batch_size=trial["batch"],
        solver=trial["solver"],
        momentum=trial.get("momentum", 0.9),
        max_iter=trial["max_iter"],
        random_state=trial.seed,
    )
    started = time.perf_counter()
    with warnings.catch_warnings():
        # A few epochs are enough to compare; that they do not converge is no news.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = make_pipeline(StandardScaler(), network)
        scores = cross_val_score(model, features, target, cv=3)
    return {"accuracy": scores.mean(), "fit_seconds": time.perf_counter() - started}


experiment = hpb.Experiment(
    name="digits",
    objective=train,
    direction={"accuracy": "maximize"},
    space={
        "hidden": hpb.Categorical({"small": (16,), "wide": (64,), "deep": (32, 32)}),
        "lr": hpb.Float(1e-4, 1e-1, log=True),
        "batch": hpb.Int(32, 256, log=True),
        "solver": hpb.Categorical(["adam", "sgd"]),
        "momentum": hpb.Float(0.0, 0.99, when={"solver": "sgd"}),
        "max_iter": 12,
    },
)
