"""An experiment run by `BridgeSearchCV`, with any optimizer inside."""

from __future__ import annotations

import math
import warnings

from sklearn.base import BaseEstimator

from hpbridge.contract.builtin import HOSTS
from hpbridge.sklearn import BridgeSearchCV
from hpbridge.testing.hosted import Hosted, Recorder

(_HOST,) = HOSTS


class _Objective(BaseEstimator):
    """An estimator that is fitted by running an experiment's objective."""

    def __init__(self, recorder):
        self.recorder = recorder

    def __sklearn_clone__(self):
        return _Objective(self.recorder)

    def set_params(self, **values):
        self.values = values
        return self

    def fit(self, X, y=None):  # noqa: N803
        recorder = self.recorder
        point = recorder.experiment.space.canonical(self.values)
        result = recorder.run(point)
        if math.isnan(recorder.value(result)) and not result.metrics:
            raise RuntimeError(result.error or "pruned")
        self.score_ = -recorder.loss(result)
        return self

    def score(self, X, y=None):  # noqa: N803
        return self.score_


def run(optimizer, experiment, n_trials, seed):
    """Run an experiment by `BridgeSearchCV.fit`."""
    recorder = Recorder(experiment, seed)
    search = BridgeSearchCV(
        _Objective(recorder),
        experiment.space,
        backend=optimizer,
        n_iter=n_trials,
        random_state=seed,
        cv=[([0], [1])],
        refit=False,
    )
    with warnings.catch_warnings():
        # Of scores that are not finite, and of fits that failed, if any did.
        for text in (
            "One or more of the test scores",
            r"\s*\d+ fits failed",
            "invalid value encountered",
        ):
            warnings.filterwarnings("ignore", text)
        search.fit([[0.0], [1.0]])
    return recorder.trials


HOSTED = Hosted(_HOST, run)
