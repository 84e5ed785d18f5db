"""Lightning, as both packages that it is published as."""

from __future__ import annotations

import importlib

import pytest

torch = pytest.importorskip("torch", reason="Lightning needs PyTorch, by pip")

from callback_studies import (  # noqa: E402 - after what may be missing
    OF_TORCH,
    TRAIN,
    VALID,
    check_refused,
    check_stopped,
    run,
)

import hpbridge as hpb  # noqa: E402

EPOCHS = 5
pytestmark = pytest.mark.filterwarnings("ignore")  # of loaders without workers
HOMES = "lightning.pytorch", "pytorch_lightning"


def lightning(home=HOMES[0]):
    reason = f"{home.partition('.')[0]} is not installed; by pip"
    return pytest.importorskip(home, reason=reason)


def rows(data, batch_size):
    x, y = (torch.as_tensor(part) for part in data)
    pairs = torch.utils.data.TensorDataset(x, y)
    return torch.utils.data.DataLoader(pairs, batch_size=batch_size)


def module(pl, lr):
    class Network(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)
            )
            self.history = []

        def training_step(self, batch, index):
            x, y = batch
            loss = torch.nn.functional.cross_entropy(self.layers(x), y)
            self.log("train_loss", loss, on_epoch=True, on_step=False)
            return loss

        def validation_step(self, batch, index):
            x, y = batch
            said = self.layers(x)
            accuracy = (said.argmax(1) == y).float().mean()
            self.log("val_accuracy", accuracy)
            self.log("val_loss", torch.nn.functional.cross_entropy(said, y))

        def on_validation_epoch_end(self):
            if not self.trainer.sanity_checking:
                self.history.append(float(self.trainer.callback_metrics["val_loss"]))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=lr)

    return Network()


def train(lr, *callbacks, home=HOMES[0], valid=VALID, ckpt_path=None, **options):
    pl = importlib.import_module(home)
    torch.manual_seed(0)
    trained = module(pl, lr)
    trainer = pl.Trainer(
        max_epochs=options.pop("max_epochs", EPOCHS),
        accelerator="cpu",
        devices=options.pop("devices", 1),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[*callbacks],
        **options,
    )
    loaders = [rows(TRAIN, 20)] + ([] if valid is None else [rows(valid, 40)])
    trainer.fit(trained, *loaders, ckpt_path=ckpt_path)
    return trained, trainer


def by(home):
    def objective(trial):
        callback = hpb.callbacks.Lightning(trial, "val_loss")
        return train(trial["lr"], callback, home=home)[0].history[-1]

    return objective


@pytest.mark.parametrize(("optimizer", "workers"), OF_TORCH)
def test_an_obeyed_stop(optimizer, workers):
    lightning()

    def history(lr):
        return train(lr)[0].history

    check_stopped(by(HOMES[0]), history, optimizer, workers, direction="minimize")


@pytest.mark.parametrize("home", HOMES)
def test_without_a_pruner_training_is_what_it_is(home):
    lightning(home)
    trial = hpb.Trial({"lr": 0.3}, number=0, seed=1)
    callback = hpb.callbacks.Lightning(trial, "val_loss")
    found, _ = train(0.3, callback, home=home)
    alone, _ = train(0.3, home=home)
    assert found.history == alone.history
    for one, other in zip(found.parameters(), alone.parameters(), strict=True):
        assert torch.equal(one, other)
    # The check of two batches before training is no step.
    assert trial.reports == [*enumerate(found.history, start=1)]


def test_early_stopping_of_its_own():
    stopping = lightning().callbacks.EarlyStopping

    def early():
        return stopping("val_accuracy", mode="max", patience=1)

    trial = hpb.Trial({"lr": 0.5}, number=0, seed=1)
    callback = hpb.callbacks.Lightning(trial, "val_loss")
    found, _ = train(0.5, early(), callback, max_epochs=40)
    alone, _ = train(0.5, early(), max_epochs=40)
    assert found.history == alone.history
    assert trial.reports == [*enumerate(found.history, start=1)]
    assert len(trial.reports) < 40


def steps(metric="val_loss", **options):
    lightning()
    trial = hpb.Trial({"lr": 0.1}, number=0, seed=1)
    train(0.1, hpb.callbacks.Lightning(trial, metric), **options)
    return [step for step, _ in trial.reports]


def test_the_step_is_the_epoch_or_else_the_validation():
    assert steps(check_val_every_n_epoch=2) == [2, 4]
    assert steps(val_check_interval=0.5, max_epochs=2) == [1, 2, 3, 4]
    assert steps("train_loss", valid=None) == [1, 2, 3, 4, 5]


def test_it_goes_on_from_a_checkpoint(tmp_path):
    lightning()
    half = {"val_check_interval": 0.5}
    trial = hpb.Trial({"lr": 0.1}, number=0, seed=1)
    callback = hpb.callbacks.Lightning(trial, "val_loss")
    _, trainer = train(0.1, callback, max_epochs=1, **half)
    path = tmp_path / "last.ckpt"
    trainer.save_checkpoint(path)
    assert steps(max_epochs=2, ckpt_path=path, **half) == [3, 4]


def wrong(metric, **options):
    def objective(trial):
        return train(trial["lr"], hpb.callbacks.Lightning(trial, metric), **options)

    return objective


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("val_acuracy", ["'val_acuracy'; did you mean 'val_accuracy'?"]),
        (None, ["several metrics", "'val_accuracy', 'val_loss'"]),
    ],
)
def test_what_cannot_be_reported_ends_the_study(metric, words):
    lightning()
    check_refused(wrong(metric), ["Lightning", *words])


def test_the_direction_that_another_callback_says():
    early = lightning().callbacks.EarlyStopping("val_loss")

    def objective(trial):
        train(trial["lr"], early, hpb.callbacks.Lightning(trial, "val_loss"))

    check_refused(objective, ["'val_loss' is better when it is less"])


def test_processes_that_lightning_forks_are_refused():
    lightning()
    study = run(wrong("val_loss", strategy="ddp_fork", devices=2), n_trials=1)
    assert study.trials[0].state is hpb.State.FAILED
    assert "reports from another process" in study.trials[0].error
