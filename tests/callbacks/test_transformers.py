"""Hugging Face's `Trainer` on a module of a few weights, nothing downloaded."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="transformers needs PyTorch, by pip")
pytest.importorskip("accelerate", reason="the Trainer needs accelerate, by pip")
transformers = pytest.importorskip("transformers", reason="not installed; by pip")

from callback_studies import (  # noqa: E402 - after what may be missing
    OF_TORCH,
    TRAIN,
    VALID,
    check_refused,
    check_stopped,
)

import hpbridge as hpb  # noqa: E402

EPOCHS = 4
pytestmark = pytest.mark.filterwarnings("ignore")  # of pinned memory, and the like


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 2)

    def forward(self, x, labels):
        logits = self.layer(x)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        return {"loss": loss, "logits": logits}


def rows(data):
    return [{"x": x, "labels": int(y)} for x, y in zip(*data, strict=True)]


def accuracy(said):
    return {"accuracy": float((said.predictions.argmax(1) == said.label_ids).mean())}


def trainer(lr, folder, *callbacks, valid=VALID, **options):
    given = {
        "num_train_epochs": EPOCHS,
        "per_device_train_batch_size": 20,
        "learning_rate": lr,
        "eval_strategy": "epoch",
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": [],
        "use_cpu": True,
        "disable_tqdm": True,
        "seed": 0,
        **options,
    }
    sets = (
        {name: rows(valid[name]) for name in valid}
        if isinstance(valid, dict)
        else (rows(valid))
    )
    torch.manual_seed(0)
    made = transformers.Trainer(
        model=Network(),
        args=transformers.TrainingArguments(output_dir=str(folder), **given),
        train_dataset=rows(TRAIN),
        eval_dataset=sets,
        compute_metrics=accuracy,
        callbacks=[*callbacks],
    )
    made.remove_callback(transformers.PrinterCallback)
    return made


def history_of(trained, metric="eval_loss"):
    return [line[metric] for line in trained.state.log_history if metric in line]


@pytest.mark.parametrize(("optimizer", "workers"), OF_TORCH)
def test_an_obeyed_stop(optimizer, workers, tmp_path):
    folder = str(tmp_path)

    def objective(trial):
        callback = hpb.callbacks.Transformers(trial, "eval_loss")
        trained = trainer(trial["lr"], folder, callback)
        trained.train()
        return trained.evaluate()["eval_loss"]

    def history(lr):
        trained = trainer(lr, folder)
        trained.train()
        return history_of(trained)

    check_stopped(objective, history, optimizer, workers, direction="minimize")


def test_without_a_pruner_training_is_what_it_is(tmp_path):
    trial = hpb.Trial({}, number=0, seed=1)
    trained = trainer(0.1, tmp_path, hpb.callbacks.Transformers(trial, "accuracy"))
    trained.train()
    trained.evaluate(rows(VALID), metric_key_prefix="test")  # none of the training
    alone = trainer(0.1, tmp_path)
    alone.train()
    weights = trained.model.layer.weight, alone.model.layer.weight
    assert torch.equal(*weights)
    found = history_of(trained, "eval_accuracy")
    assert found == history_of(alone, "eval_accuracy")
    assert trial.reports == [*enumerate(found, start=1)]


def test_early_stopping_of_its_own(tmp_path):
    given = {
        "num_train_epochs": 30,
        "metric_for_best_model": "accuracy",
        "load_best_model_at_end": True,
        "save_strategy": "epoch",
    }

    def early():
        return transformers.EarlyStoppingCallback(1)

    trial = hpb.Trial({}, number=0, seed=1)
    callback = hpb.callbacks.Transformers(trial, "accuracy")
    trained = trainer(0.1, tmp_path / "a", early(), callback, **given)
    alone = trainer(0.1, tmp_path / "b", early(), **given)
    trained.train()
    alone.train()
    found = history_of(alone, "eval_accuracy")
    assert trial.reports == [*enumerate(found, start=1)]
    assert len(found) < 30


def steps(folder, metric="loss", *, resume=None, **options):
    trial = hpb.Trial({}, number=0, seed=1)
    trained = trainer(0.1, folder, hpb.callbacks.Transformers(trial, metric), **options)
    trained.train(resume_from_checkpoint=resume)
    return [step for step, _ in trial.reports]


def test_the_step_is_the_evaluation(tmp_path):
    # 80 rows in batches of 20, twice.
    often = {"eval_strategy": "steps", "eval_steps": 2, "num_train_epochs": 2}
    assert steps(tmp_path, **often, eval_on_start=True) == [1, 2, 3, 4]


def test_it_goes_on_from_a_checkpoint(tmp_path):
    saving = {"save_strategy": "epoch"}
    assert steps(tmp_path, num_train_epochs=2, **saving) == [1, 2]
    assert steps(tmp_path, resume=True, **saving) == [3, 4]


def test_one_of_several_data_sets(tmp_path):
    two = {"train": TRAIN, "valid": VALID}
    assert steps(tmp_path, "valid_loss", valid=two) == [1, 2, 3, 4]


def wrong(folder, metric, **options):
    def objective(trial):
        callback = hpb.callbacks.Transformers(trial, metric)
        trainer(trial["lr"], folder, callback, **options).train()

    return objective


@pytest.mark.parametrize(
    ("metric", "options", "words"),
    [
        ("acuracy", {}, ["'acuracy'; did you mean 'accuracy'?"]),
        ("eval_lose", {}, ["'lose'; did you mean 'loss'?"]),
        ("loss", {}, ["'loss' is better when it is less"]),
        ("valid_los", {"valid": {"valid": VALID}}, ["did you mean 'valid_loss'?"]),
        (
            "accuracy",
            {"metric_for_best_model": "accuracy", "greater_is_better": False},
            ["'accuracy' is better when it is less"],
        ),
    ],
)
def test_what_cannot_be_reported_ends_the_study(metric, options, words, tmp_path):
    check_refused(wrong(tmp_path, metric, **options), ["Transformers", *words])
