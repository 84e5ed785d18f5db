"""Keras 3 on the backend of PyTorch, with and without the callback."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("torch", reason="Keras needs a backend: PyTorch, by pip")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed; by pip")

from callback_studies import (  # noqa: E402 - after what may be missing
    OF_TORCH,
    TRAIN,
    VALID,
    check_refused,
    check_stopped,
)

import hpbridge as hpb  # noqa: E402

EPOCHS = 5
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")


def network(lr):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential([layers.Dense(4, "relu"), layers.Dense(1, "sigmoid")])
    optimizer = keras.optimizers.SGD(lr)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    return model


def train(lr, *callbacks, **options):
    given = {
        "epochs": EPOCHS,
        "batch_size": 20,
        "verbose": 0,
        "validation_data": VALID,
        "callbacks": [*callbacks],
        **options,
    }
    return network(lr).fit(*TRAIN, **given).history


def objective(trial):
    found = train(trial["lr"], hpb.callbacks.Keras(trial, "val_accuracy"))
    return found["val_accuracy"][-1]


@pytest.mark.parametrize(("optimizer", "workers"), OF_TORCH)
def test_an_obeyed_stop(optimizer, workers):
    def history(lr):
        return train(lr)["val_accuracy"]

    check_stopped(objective, history, optimizer, workers)


def with_trial(metric, lr=0.3, **options):
    trial = hpb.Trial({"lr": lr}, number=0, seed=1)
    return trial, train(lr, hpb.callbacks.Keras(trial, metric), **options)


def test_without_a_pruner_training_is_what_it_is():
    trial, found = with_trial("val_loss")
    assert found == train(0.3)
    assert trial.reports == [*enumerate(found["val_loss"], start=1)]


def test_early_stopping_of_its_own():
    def early():
        return keras.callbacks.EarlyStopping("val_accuracy", patience=1)

    trial = hpb.Trial({"lr": 0.5}, number=0, seed=1)
    found = train(0.5, early(), hpb.callbacks.Keras(trial, "val_accuracy"), epochs=50)
    assert found == train(0.5, early(), epochs=50)
    assert trial.reports == [*enumerate(found["val_accuracy"], start=1)]
    assert len(trial.reports) < 50


def test_every_second_epoch_is_reported_where_it_is_validated():
    trial, found = with_trial("val_loss", validation_freq=2)
    assert trial.reports == [*zip([2, 4], found["val_loss"], strict=True)]


@pytest.mark.parametrize(("initial", "steps"), [(0, [1, 2, 3, 4]), (2, [1, 2, 3, 4])])
def test_epochs_go_on_counting(initial, steps):
    trial, model = hpb.Trial({}, number=0, seed=1), network(0.1)
    callback = hpb.callbacks.Keras(trial, "loss")
    for begin in (0, initial):
        given = {"initial_epoch": begin, "epochs": begin + 2}
        model.fit(*TRAIN, verbose=0, callbacks=[callback], **given)
    assert [step for step, _ in trial.reports] == steps


def wrong(metric, **options):
    def objective(trial):
        return train(trial["lr"], hpb.callbacks.Keras(trial, metric), **options)

    return objective


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (wrong("val_acuracy"), ["'val_acuracy'; did you mean 'val_accuracy'?"]),
        (wrong(None), ["several metrics", "'loss', 'val_accuracy', 'val_loss'"]),
        (wrong("val_loss"), ["'val_loss' is better when it is less"]),
        (wrong("val_accuracy", validation_data=None), ["no metric 'val_accuracy'"]),
    ],
)
def test_what_cannot_be_reported_ends_the_study(objective, words):
    check_refused(objective, ["Keras", *words])
