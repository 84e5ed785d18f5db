"""fastai, with and without the callback.

It needs torchvision, whose wheels want the PyTorch that they were built with: beside
the CPU build of another there is no `torchvision::nms`, and fastai cannot be imported.
"""

from __future__ import annotations

import warnings

import pytest

torch = pytest.importorskip("torch", reason="fastai needs PyTorch, by pip")
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        import fastai.basics  # noqa: F401 - gives learners their methods
        from fastai.data.core import DataLoaders
        from fastai.data.load import DataLoader
        from fastai.learner import Learner
        from fastai.metrics import accuracy
except (ImportError, RuntimeError) as error:
    pytest.skip(f"fastai cannot be imported: {error}", allow_module_level=True)

from callback_studies import (  # noqa: E402 - after what may be missing
    OF_TORCH,
    TRAIN,
    VALID,
    check_refused,
    check_stopped,
)
from fastai.callback.tracker import EarlyStoppingCallback  # noqa: E402

import hpbridge as hpb  # noqa: E402

EPOCHS = 4
pytestmark = pytest.mark.filterwarnings("ignore")


def learner(lr):
    torch.manual_seed(0)
    sets = [
        torch.utils.data.TensorDataset(torch.as_tensor(x), torch.as_tensor(y))
        for x, y in (TRAIN, VALID)
    ]
    loaders = DataLoaders(*(DataLoader(rows, bs=20) for rows in sets))
    layers = torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)
    network, loss = torch.nn.Sequential(*layers), torch.nn.CrossEntropyLoss()
    return Learner(loaders, network, loss_func=loss, metrics=accuracy, lr=lr)


def train(lr, *callbacks, n=EPOCHS):
    made = learner(lr)
    with made.no_bar(), made.no_logging():
        made.fit(n, cbs=[*callbacks])
    names = list(made.recorder.metric_names)[1:]
    return {
        name: [line[index] for line in made.recorder.values]
        for index, name in enumerate(names[:3])
    }


def objective(trial):
    found = train(trial["lr"], hpb.callbacks.FastAI(trial, "valid_loss"))
    return found["valid_loss"][-1]


@pytest.mark.parametrize(("optimizer", "workers"), OF_TORCH)
def test_an_obeyed_stop(optimizer, workers):
    def history(lr):
        return train(lr)["valid_loss"]

    check_stopped(objective, history, optimizer, workers, direction="minimize")


def test_without_a_pruner_training_is_what_it_is():
    trial = hpb.Trial({}, number=0, seed=1)
    found = train(0.1, hpb.callbacks.FastAI(trial, "accuracy"))
    assert found == train(0.1)
    assert trial.reports == [*enumerate(found["accuracy"], start=1)]


def test_early_stopping_of_its_own():
    def early():
        return EarlyStoppingCallback("accuracy", patience=1)

    trial = hpb.Trial({}, number=0, seed=1)
    found = train(0.1, early(), hpb.callbacks.FastAI(trial, "accuracy"), n=30)
    assert found == train(0.1, early(), n=30)
    assert trial.reports == [*enumerate(found["accuracy"], start=1)]
    assert len(trial.reports) < 30


def test_a_second_fit_goes_on_counting():
    trial, made = hpb.Trial({}, number=0, seed=1), learner(0.1)
    made.add_cb(hpb.callbacks.FastAI(trial, "accuracy"))
    with made.no_bar(), made.no_logging():
        made.fit(2)
        made.get_preds()
        made.fit(2)
    assert [step for step, _ in trial.reports] == [1, 2, 3, 4]


def wrong(metric):
    def objective(trial):
        train(trial["lr"], hpb.callbacks.FastAI(trial, metric))

    return objective


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("acuracy", ["'acuracy'; did you mean 'accuracy'?"]),
        (None, ["several metrics", "'accuracy', 'train_loss', 'valid_loss'"]),
        ("valid_loss", ["'valid_loss' is better when it is less"]),
    ],
)
def test_what_cannot_be_reported_ends_the_study(metric, words):
    check_refused(wrong(metric), ["FastAI", *words])
