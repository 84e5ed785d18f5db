"""scikit-learn's own callbacks, and epochs of `partial_fit`."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from callback_studies import (
    OPTIMIZERS,
    TRAIN,
    VALID,
    check_refused,
    check_stopped,
    reports_of,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.metrics import check_scoring
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.errors import ArgumentError

EPOCHS = 6
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network(lr):
    return MLPClassifier((4,), learning_rate_init=lr, random_state=0, batch_size=20)


def by_epochs(trial, scoring="accuracy"):
    given = {"epochs": EPOCHS, "scoring": scoring}
    model = network(trial["lr"])
    return hpb.callbacks.partial_fit(trial, model, TRAIN, VALID, **given)


def alone(lr, scoring="accuracy"):
    model, score = network(lr), check_scoring(network(lr), scoring)
    found = []
    for _ in range(EPOCHS):
        model.partial_fit(*TRAIN, classes=[0, 1])
        found.append(float(score(model, *VALID)))
    return found


@pytest.mark.parametrize(("optimizer", "workers"), OPTIMIZERS)
def test_an_obeyed_stop_after_an_epoch(optimizer, workers):
    check_stopped(by_epochs, alone, optimizer, workers)


@pytest.mark.parametrize("scoring", ["neg_log_loss", None])
def test_epochs_are_those_of_partial_fit(scoring):
    value, reports = reports_of(functools.partial(by_epochs, scoring=scoring))
    assert reports == alone(0.3, scoring)
    assert value == reports[-1]


def test_of_a_regressor_and_a_function_of_ones_own():
    def error(model, X, y):
        return float(np.mean((model.predict(X) - y) ** 2))

    def objective(trial):
        model = SGDRegressor(random_state=0)
        fit = hpb.callbacks.partial_fit
        return fit(trial, model, TRAIN, VALID, epochs=3, scoring=error)

    value, reports = reports_of(objective)
    assert len(reports) == 3
    assert value == reports[-1] < reports[0]


@pytest.mark.parametrize(
    ("model", "epochs", "words"),
    [
        (SVC(), 3, "SVC has no partial_fit"),
        (make_pipeline(SGDClassifier()), 3, "Pipeline has no partial_fit"),
        (GaussianNB(), 0, "n must be a whole number >= 1, got 0"),
    ],
)
def test_what_cannot_be_fitted_by_epochs(model, epochs, words):
    trial = hpb.Trial({}, number=0, seed=1)
    with pytest.raises(ArgumentError, match=words):
        hpb.callbacks.partial_fit(trial, model, TRAIN, VALID, epochs)


# Its own callbacks, from 1.9 on.


def logistic(lr):
    return LogisticRegression(C=lr, max_iter=6, tol=1e-12)


def by_callback(trial, scoring="neg_log_loss"):
    model = logistic(trial["lr"])
    model.set_callbacks(hpb.callbacks.ScikitLearn(trial, *VALID, scoring))
    model.fit(*TRAIN)
    return float(check_scoring(model, scoring)(model, *VALID))


def curve(lr, scoring="neg_log_loss"):
    """What a fit of so many iterations scores."""
    found = []
    for n in range(1, 7):
        model = logistic(lr).set_params(max_iter=n).fit(*TRAIN)
        found.append(float(check_scoring(model, scoring)(model, *VALID)))
    return found


needs_callbacks = pytest.mark.skipif(
    not hasattr(LogisticRegression, "set_callbacks"),
    reason="scikit-learn has callbacks from 1.9 on",
)


@needs_callbacks
@pytest.mark.parametrize(("optimizer", "workers"), OPTIMIZERS)
def test_an_obeyed_stop_after_an_iteration(optimizer, workers):
    check_stopped(by_callback, curve, optimizer, workers)


@needs_callbacks
def test_without_a_pruner_a_fit_is_what_it_is():
    value, reports = reports_of(by_callback)
    assert reports == curve(0.3)
    assert value == reports[-1]


@needs_callbacks
def test_the_last_step_of_a_pipeline():
    scaler = StandardScaler().fit(TRAIN[0])
    trial = hpb.Trial({}, number=0, seed=1)
    model = logistic(0.3)
    X_valid = scaler.transform(VALID[0])
    model.set_callbacks(hpb.callbacks.ScikitLearn(trial, X_valid, VALID[1]))
    pipeline = make_pipeline(StandardScaler(), model).fit(*TRAIN)
    assert [step for step, _ in trial.reports] == [*range(1, 7)]
    assert trial.reports[-1][1] == pipeline.score(*VALID)


def a_fit(model, *scoring):
    def objective(trial):
        callback = hpb.callbacks.ScikitLearn(trial, *VALID, *scoring)
        model.set_callbacks(callback).fit(*TRAIN)

    return objective


@needs_callbacks
@pytest.mark.parametrize(
    ("objective", "words", "direction"),
    [
        (a_fit(logistic(1), "acuracy"), ["did you mean 'accuracy'?"], "maximize"),
        (
            a_fit(logistic(1), "neg_log_loss"),
            ["'neg_log_loss' is better when it is greater", "minimizes 'value'"],
            "minimize",
        ),
        (
            a_fit(logistic(1)),
            ["'score' is better when it is greater"],
            "minimize",
        ),
        (
            a_fit(StandardScaler(), lambda model, X, y: 0.0),
            ["heard of no iteration while StandardScaler was fitted"],
            "maximize",
        ),
    ],
)
def test_what_cannot_be_reported_ends_the_study(objective, words, direction):
    check_refused(objective, ["ScikitLearn", *words], direction)


@needs_callbacks
def test_an_error_of_the_fit_is_itself():
    trial = hpb.Trial({}, number=0, seed=1)
    model = logistic(1).set_callbacks(hpb.callbacks.ScikitLearn(trial, *VALID))
    with pytest.raises(ValueError, match="at least 2 classes"):
        model.fit(TRAIN[0], np.zeros_like(TRAIN[1]))
