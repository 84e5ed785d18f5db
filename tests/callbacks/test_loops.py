"""Epochs of a loop of one's own, which go on from a checkpoint."""

from __future__ import annotations

import importlib.util

import pytest
from callback_studies import AT_THE_THIRD, STEPS, TRAIN, VALID, run
from sklearn.linear_model import SGDClassifier

import hpbridge as hpb
from hpbridge.callbacks import epochs, partial_fit
from hpbridge.errors import ArgumentError

N = 7


def objective(trial):
    value = 0.0
    for epoch in epochs(trial, N):
        value = trial["lr"] / epoch
        trial.report(value, epoch)
    return value


@pytest.mark.parametrize("workers", [1, 2])
def test_an_obeyed_stop(workers):
    study = run(objective, "optuna", workers=workers, pruner=AT_THE_THIRD)
    for trial in study.trials:
        assert trial.state is hpb.State.PRUNED
        assert [step for step, _ in trial.reports] == STEPS


def test_without_a_pruner_all_epochs_run():
    study = run(objective)
    for trial in study.trials:
        assert trial.state is hpb.State.COMPLETE
        assert len(trial.reports) == N


@pytest.mark.parametrize("n", [0, -1, 2.5, "3", None, True])
def test_epochs_are_a_whole_number(n):
    with pytest.raises(ArgumentError, match="n must be a whole number >= 1"):
        epochs(hpb.Trial({}, number=0, seed=1), n)


def test_what_is_kept_has_a_state():
    with pytest.raises(ArgumentError, match="must have state_dict and load_state_dict"):
        epochs(hpb.Trial({}, number=0, seed=1), 3, {"weights": 1})


class Dies:
    """Raises in one epoch of the first attempt; notes each epoch that is trained."""

    def __init__(self, folder, epoch):
        self.epoch, self.died, self.trained = epoch, folder / "died", []

    def __call__(self, epoch):
        if epoch == self.epoch and not self.died.exists():
            self.died.touch()
            msg = "out of memory"
            raise MemoryError(msg)
        self.trained.append(epoch)


def never(epoch):
    """Of a training that does not die."""


# In an objective, a skip would be a trial that failed.
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None,
    reason="PyTorch is not installed; by pip",
)


def train_torch(trial, before_epoch):
    import torch

    torch.manual_seed(trial.seed)
    layers = torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 2)
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=trial["lr"])
    x, y = (torch.as_tensor(part) for part in TRAIN)
    loss = torch.tensor(0.0)
    for epoch in epochs(trial, N, model, optimizer):
        before_epoch(epoch)
        model.train()
        for rows in torch.randperm(len(x)).split(20):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
        trial.report(loss.detach(), epoch)
    model.eval()
    valid, labels = (torch.as_tensor(part) for part in VALID)
    with torch.no_grad():
        return float(torch.nn.functional.cross_entropy(model(valid), labels))


def train_sklearn(trial, before_epoch):
    class Watched(SGDClassifier):
        def partial_fit(self, X, y, classes=None):
            before_epoch(1 + getattr(self, "t_", 1) // len(X))
            return super().partial_fit(X, y, classes=classes)

    model = Watched(loss="log_loss", random_state=trial.seed)
    return -partial_fit(trial, model, TRAIN, VALID, N, scoring=log_loss)


def log_loss(model, X, y):
    return float(model.decision_function(X).sum())


@pytest.mark.parametrize(
    "train", [pytest.param(train_torch, marks=needs_torch), train_sklearn]
)
def test_a_retried_trial_goes_on_as_if_it_had_never_died(train, tmp_path):
    dies = Dies(tmp_path, 4)
    given = {"n_trials": 1, "retries": 1, "direction": "minimize"}
    store = {"store": tmp_path / "own.db"}
    again = run(lambda trial: train(trial, dies), **given, **store).trials[0]
    whole = run(lambda trial: train(trial, never), **given).trials[0]
    assert (again.state, again.attempts) == (hpb.State.COMPLETE, 2), again.error
    assert dies.trained == [*range(1, N + 1)]  # none twice
    assert again.reports == whole.reports
    assert again.metrics == whole.metrics


@needs_torch
def test_a_promoted_trial_goes_on_as_if_it_had_never_paused():
    trained = {}

    def paused(trial):
        return train_torch(trial, trained.setdefault(trial.number, []).append)

    given = {"n_trials": 8, "direction": "minimize"}
    halving = ("asha:promotion", {"reduction_factor": 2})
    study = run(paused, pruner=halving, **given)
    whole = run(lambda trial: train_torch(trial, never), **given)
    for trial, other in zip(study.trials, whole.trials, strict=True):
        steps = [step for step, _ in trial.reports]
        assert trained[trial.number] == steps == [*range(1, len(steps) + 1)]
        assert trial.reports == other.reports[: len(steps)]
        if trial.state is hpb.State.COMPLETE:
            assert trial.metrics == other.metrics
    assert {1, N} < {len(trial.reports) for trial in study.trials}
