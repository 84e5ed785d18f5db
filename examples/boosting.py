r"""Boosting by rounds: trials that look bad end after some of them.

The callback reports the validation loss of each round; the pruner, which is chosen with
the study, answers. Nothing is decided in the first 20 rounds, since slow learners look
bad there.

hpbridge run examples/boosting.py --backend optuna --trials 40 --pruner median \
    --pruner-option n_warmup_steps=20
hpbridge show boosting-optuna-tpe-0    # what stopping early bought
"""

from __future__ import annotations

import sys

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import hpbridge as hpb

try:
    import lightgbm
except ImportError:
    sys.exit("this example needs LightGBM: pip install lightgbm")

X, y = load_breast_cancer(return_X_y=True)
X, X_valid, y, y_valid = train_test_split(X, y, random_state=0, stratify=y)


def train(trial):
    """Boost for 81 rounds, and return the last loss."""
    rows = lightgbm.Dataset(X, y)
    valid = rows.create_valid(X_valid, y_valid)
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    losses = {}
    lightgbm.train(
        {**settings, **trial, "seed": trial.seed % 2**31},
        rows,
        num_boost_round=81,
        valid_sets=[valid],
        callbacks=[
            lightgbm.record_evaluation(losses),
            hpb.callbacks.LightGBM(trial, "binary_logloss"),
        ],
    )
    return losses["valid_0"]["binary_logloss"][-1]


experiment = hpb.Experiment(
    name="boosting",
    objective=train,
    space={
        "learning_rate": hpb.Float(0.01, 1.0, log=True),
        "num_leaves": hpb.Int(2, 64, log=True),
        "min_data_in_leaf": hpb.Int(1, 100, log=True),
        "feature_fraction": hpb.Float(0.2, 1.0),
    },
)
