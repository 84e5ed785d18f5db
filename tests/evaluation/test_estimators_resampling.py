"""Resampling of a minority happens inside the folds: imbalanced-learn's pipelines."""

from __future__ import annotations

import numpy as np
import pytest
from evaluated_data import evaluated, is_as_expected, opened
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

import hpbridge as hpb

imblearn = pytest.importorskip("imblearn", reason="imbalanced-learn is not installed")
pipeline = pytest.importorskip("imblearn.pipeline")
over_sampling = pytest.importorskip("imblearn.over_sampling")

X, Y = make_classification(200, 5, weights=[0.85], random_state=0)

fitted_on: list[tuple[int, int]] = []
answered: list[np.ndarray] = []


class Watches(ClassifierMixin, BaseEstimator):
    """Notes which rows it is fitted on, and which it answers to."""

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        fitted_on.append((int(np.sum(y == 0)), int(np.sum(y == 1))))
        return self

    def predict(self, X):
        answered.append(np.array(X))
        return np.asarray(X[:, 0] > self.shift, dtype=int)


@pytest.fixture(autouse=True)
def watched():
    fitted_on.clear()
    answered.clear()


def test_rows_of_validation_and_test_are_never_resampled():
    model = pipeline.make_pipeline(over_sampling.RandomOverSampler(), Watches())
    evaluation = hpb.Evaluation(
        model,
        X,
        Y,
        space={"watches__shift": hpb.Float(-1, 1)},
        procedure=hpb.KFold(4),
        metrics="balanced_accuracy",
    )
    study = hpb.run(evaluation, "random", n_trials=2, seed=0, store=":memory:")
    assert study.failures == []
    assert len(fitted_on) == 8
    assert all(few == many for few, many in fitted_on)  # what it is for
    rows = evaluation.folds.kept.rows().X
    scored = [rows[numbers] for _, numbers in evaluation.folds.folds]
    fits = [rows[numbers] for numbers, _ in evaluation.folds.folds]
    order = evaluation.folds.order
    for place in range(8):
        # scikit-learn scores on the validation part, then on the fitted part.
        fold = order[place % 4]
        assert np.array_equal(answered[2 * place], scored[fold])
        assert np.array_equal(answered[2 * place + 1], fits[fold])
    opened(evaluation, study)
    assert any(np.array_equal(a, evaluation.test_rows.rows().X) for a in answered)


def test_smote_and_its_parameters():
    model = pipeline.make_pipeline(over_sampling.SMOTE(), LogisticRegression())
    space = {
        "smote__k_neighbors": hpb.Int(1, 5),
        "smote__sampling_strategy": hpb.Float(0.5, 1.0),
        "logisticregression__C": hpb.Float(0.1, 10, log=True),
    }
    metrics = ["average_precision", "balanced_accuracy"]
    evaluation, study = evaluated(model, X, Y, space, metrics=metrics)
    assert is_as_expected(evaluation, study)
    assert any("smote__random_state" in note for note in study.notes)
    opened(evaluation, study)


def test_it_may_be_chosen_whether_to_resample():
    sampler = over_sampling.RandomOverSampler(random_state=0)
    steps = [("balance", sampler), ("model", LogisticRegression())]
    model = pipeline.Pipeline(steps)
    space = {"balance": hpb.Categorical({"yes": sampler, "no": "passthrough"})}
    evaluation, study = evaluated(model, X, Y, space, metrics="balanced_accuracy")
    assert is_as_expected(evaluation, study)
