"""A rare class, where accuracy misleads: which digits are an eight?

Who never says "eight" is right in nine of ten cases. The dummy of the report shows it,
and so does a check at the end of a run that optimizes accuracy. Average precision asks
how well the eights are found; and the pipeline of imbalanced-learn draws more of them
inside each fold, so that no row that is scored on was ever drawn.

hpbridge run examples/rare_digit.py --backend optuna --trials 20
hpbridge evaluate examples/rare_digit.py --trials 20
"""

from __future__ import annotations

from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import Pipeline
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MinMaxScaler

import hpbridge as hpb

X, digit = load_digits(return_X_y=True)

evaluation = hpb.Evaluation(
    Pipeline(
        [
            ("scale", MinMaxScaler()),
            ("balance", RandomOverSampler()),
            ("model", LogisticRegression(max_iter=200)),
        ]
    ),
    X,
    digit == 8,
    name="rare-digit",
    space={
        "balance__sampling_strategy": hpb.Float(0.2, 1.0),
        "model__C": hpb.Float(1e-3, 1e2, log=True),
    },
    procedure=hpb.KFold(3),
    metrics=["average_precision", "recall", "precision", "accuracy"],
)
