"""Nested cross-validation on wine: what a search is worth, and not its luckiest trial.

python examples/wine_nested.py                  # three outer folds, a search in each
hpbridge run examples/wine_nested.py --backend optuna --trials 20

The best of many trials looks better than it is, since it is the best. In each outer
fold a search of its own runs on the rest, and its winner is scored on the fold.
"""

from __future__ import annotations

from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import hpbridge as hpb

X, y = load_wine(return_X_y=True, as_frame=True)

evaluation = hpb.Evaluation(
    make_pipeline(StandardScaler(), SVC()),
    X,
    y,
    name="wine-nested",
    space={
        "svc__C": hpb.Float(1e-2, 1e3, log=True),
        "svc__gamma": hpb.Float(1e-4, 1.0, log=True),
    },
    metrics=["f1_macro", "accuracy"],
)

if __name__ == "__main__":
    nested = evaluation.nested("optuna", n_trials=10, outer=3, seed=0)
    print(nested.sentence)
    for row in nested.table():
        print(row)
