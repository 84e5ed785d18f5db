"""A module of PyTorch as an estimator of scikit-learn's; it reports each epoch.

All that scikit-learn's interface asks for is `fit`, `predict` and parameters by name;
with `partial_fit`, one epoch of which is one pass over the rows, there is a curve. One
part is held out, so its score after each epoch is what a trial reports.

hpbridge run examples/torch_digits.py --backend optuna --trials 20
hpbridge show torch-digits-optuna-tpe-0 0    # a trial, with what it reported
"""

from __future__ import annotations

import sys

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import hpbridge as hpb

try:
    import torch
except ImportError:
    sys.exit("this example needs PyTorch: pip install torch")


class Network(ClassifierMixin, BaseEstimator):
    """A network of one hidden layer.

    Args:
        hidden: Its neurons.
        lr: The learning rate.
        dropout: The share of neurons that an update leaves out.
        batch_size: Rows of an update.
        max_epochs: Passes over the rows.
        random_state: Seed of weights and batches.
    """

    def __init__(
        self,
        hidden=32,
        lr=0.01,
        dropout=0.0,
        batch_size=128,
        max_epochs=8,
        random_state=None,
    ):
        self.hidden = hidden
        self.lr = lr
        self.dropout = dropout
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.random_state = random_state

    def fit(self, X, y):
        """Learn from the beginning."""
        self.__dict__.pop("module_", None)
        for _ in range(self.max_epochs):
            self.partial_fit(X, y, classes=np.unique(y))
        return self

    def partial_fit(self, X, y, classes=None):
        """Learn for an epoch more."""
        if not hasattr(self, "module_"):
            self._begin(X, np.unique(y) if classes is None else np.asarray(classes))
        X = torch.as_tensor(np.asarray(X), dtype=torch.float32)
        y = torch.as_tensor(np.searchsorted(self.classes_, y))
        self.module_.train()
        with torch.random.fork_rng():
            torch.set_rng_state(self.rng_)
            for rows in torch.randperm(len(X)).split(self.batch_size):
                self.optimizer_.zero_grad()
                said = self.module_(X[rows])
                torch.nn.functional.cross_entropy(said, y[rows]).backward()
                self.optimizer_.step()
            self.rng_ = torch.get_rng_state()
        return self

    def _begin(self, X, classes):
        self.classes_ = classes
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state or 0)
            self.module_ = torch.nn.Sequential(
                torch.nn.Linear(np.shape(X)[1], self.hidden),
                torch.nn.ReLU(),
                torch.nn.Dropout(self.dropout),
                torch.nn.Linear(self.hidden, len(classes)),
            )
            self.rng_ = torch.get_rng_state()
        self.optimizer_ = torch.optim.Adam(self.module_.parameters(), lr=self.lr)

    def predict_proba(self, X):
        """Return the chances of each class."""
        self.module_.eval()
        with torch.no_grad():
            said = self.module_(torch.as_tensor(np.asarray(X), dtype=torch.float32))
        return said.softmax(dim=1).numpy()

    def predict(self, X):
        """Return the likeliest class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


torch.set_num_threads(1)  # it is small: threads would wait for each other
X, y = load_digits(return_X_y=True)

evaluation = hpb.Evaluation(
    make_pipeline(MinMaxScaler(), Network()),
    X,
    y,
    name="torch-digits",
    space={
        "network__hidden": hpb.Int(8, 128, log=True),
        "network__lr": hpb.Float(1e-4, 1e-1, log=True),
        "network__dropout": hpb.Float(0.0, 0.5),
    },
    procedure=hpb.HoldOut(validation=0.25),
    metrics=["accuracy", "neg_log_loss"],
    curve=True,
)
