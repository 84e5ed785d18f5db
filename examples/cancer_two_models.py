"""Two classes of models in one search, each with its space and its share of the trials.

hpbridge run examples/cancer_two_models.py --backend optuna --trials 30
hpbridge evaluate examples/cancer_two_models.py --trials 30
"""

from __future__ import annotations

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import hpbridge as hpb

X, y = load_breast_cancer(return_X_y=True, as_frame=True)

evaluation = hpb.Evaluation(
    {
        "svm": (
            make_pipeline(StandardScaler(), SVC()),
            {
                "svc__C": hpb.Float(1e-2, 1e3, log=True),
                "svc__gamma": hpb.Float(1e-5, 1.0, log=True),
            },
        ),
        "forest": (
            RandomForestClassifier(n_estimators=50),
            {
                "max_depth": hpb.Int(2, 12),
                "max_features": hpb.Float(0.1, 1.0),
                "min_samples_leaf": hpb.Int(1, 20, log=True),
            },
        ),
    },
    X,
    y,
    name="cancer-two-models",
    shares={"svm": 0.6, "forest": 0.4},
    metrics=["roc_auc", "recall", "precision"],
)
