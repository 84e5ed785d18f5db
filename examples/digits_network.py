"""Evaluate a network on digits: layers, neurons, learning rate and momentum.

It learns by epochs, so each trial has its curves, fold by fold; the report says what
tuning bought over the network as scikit-learn makes it.

hpbridge run examples/digits_network.py --backend optuna --trials 20
hpbridge evaluate examples/digits_network.py --trials 20 --report digits.html
"""

from __future__ import annotations

from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import hpbridge as hpb

X, y = load_digits(return_X_y=True)
network = MLPClassifier(hidden_layer_sizes=(32,), solver="sgd", max_iter=15)
layers = {
    f"{count} of {neurons}": (neurons,) * count
    for count in (1, 2, 3)
    for neurons in (16, 64)
}

evaluation = hpb.Evaluation(
    make_pipeline(MinMaxScaler(), network),
    X,
    y,
    name="digits-network",
    space={
        "mlpclassifier__hidden_layer_sizes": hpb.Categorical(layers),
        "mlpclassifier__learning_rate_init": hpb.Float(1e-3, 0.5, log=True),
        "mlpclassifier__momentum": hpb.Float(0.0, 0.99),
    },
    procedure=hpb.KFold(3),
    metrics=["accuracy", "f1_macro"],
    curve=hpb.Curve(steps=5),
)
