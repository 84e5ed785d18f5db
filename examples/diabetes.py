"""A regression: boosted trees on the diabetes data, scored while they grow.

hpbridge run examples/diabetes.py --backend optuna --trials 30
hpbridge evaluate examples/diabetes.py --trials 30 --save-model diabetes.skops
"""

from __future__ import annotations

from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor

import hpbridge as hpb

X, y = load_diabetes(return_X_y=True, as_frame=True)

evaluation = hpb.Evaluation(
    GradientBoostingRegressor(),
    X,
    y,
    name="diabetes",
    space={
        "n_estimators": hpb.Int(20, 200, log=True),
        "learning_rate": hpb.Float(0.01, 0.3, log=True),
        "max_depth": hpb.Int(1, 5),
        "subsample": hpb.Float(0.4, 1.0),
    },
    procedure=hpb.KFold(5, repeats=2),
    metrics=["neg_mean_absolute_error", "r2", "neg_root_mean_squared_error"],
    curve=hpb.Curve(steps=10),
)
