"""Optuna's own callbacks for what people train with, under other optimizers.

Each study runs here under another library's optimizer, and then once more in Optuna's
own study with the same points and pruner: every trial ends at the same step.
"""

from __future__ import annotations

import logging
import os
import warnings

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

import hpbridge as hpb
from hpbridge.contract.native import native_experiment
from hpbridge.trial import State

pytest.importorskip(
    "optuna_integration", reason="optuna-integration holds the callbacks"
)
pytestmark = [
    pytest.mark.usefixtures("silent_optuna"),
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]
STATES = {TrialState.COMPLETE: State.COMPLETE, TrialState.PRUNED: State.PRUNED}
ROUNDS = 8


def data(n_rows: int = 200) -> tuple[np.ndarray, np.ndarray]:
    drawn = np.random.default_rng(0)
    x = drawn.normal(size=(n_rows, 4))
    return x, (x[:, 0] + x[:, 1] ** 2 > drawn.normal(size=n_rows)).astype(int)


def lightgbm_objective(trial):
    import lightgbm
    from optuna_integration import LightGBMPruningCallback

    x, y = data()
    train = lightgbm.Dataset(x[:100], y[:100])
    params = {
        "objective": "binary",
        "metric": "auc",
        "learning_rate": trial.suggest_float("rate", 1e-3, 1, log=True),
        "num_leaves": trial.suggest_int("leaves", 2, 8),
        "verbosity": -1,
        "num_threads": 1,
    }
    model = lightgbm.train(
        params,
        train,
        ROUNDS,
        valid_sets=[lightgbm.Dataset(x[100:], y[100:], reference=train)],
        callbacks=[LightGBMPruningCallback(trial, "auc")],
    )
    return model.best_score["valid_0"]["auc"]


def xgboost_objective(trial):
    import xgboost
    from optuna_integration import XGBoostPruningCallback

    x, y = data()
    train, test = xgboost.DMatrix(x[:100], y[:100]), xgboost.DMatrix(x[100:], y[100:])
    params = {
        "objective": "binary:logistic",
        "eval_metric": "auc",
        "eta": trial.suggest_float("eta", 1e-3, 1, log=True),
        "max_depth": trial.suggest_int("depth", 1, 4),
        "nthread": 1,
    }
    found: dict = {}
    xgboost.train(
        params,
        train,
        ROUNDS,
        evals=[(test, "test")],
        evals_result=found,
        verbose_eval=False,
        callbacks=[XGBoostPruningCallback(trial, "test-auc")],
    )
    return found["test"]["auc"][-1]


def catboost_objective(trial):
    import catboost
    from optuna_integration import CatBoostPruningCallback

    x, y = data()
    model = catboost.CatBoostClassifier(
        iterations=ROUNDS,
        learning_rate=trial.suggest_float("rate", 1e-3, 1, log=True),
        depth=trial.suggest_int("depth", 1, 4),
        eval_metric="AUC",
        thread_count=1,
        random_seed=0,
        verbose=False,
        allow_writing_files=False,
    )
    callback = CatBoostPruningCallback(trial, "AUC")
    model.fit(x[:100], y[:100], eval_set=(x[100:], y[100:]), callbacks=[callback])
    callback.check_pruned()
    return model.get_best_score()["validation"]["AUC"]


def keras_objective(trial):
    import keras
    from optuna_integration import KerasPruningCallback

    keras.utils.set_random_seed(0)
    x, y = (each.astype(np.float32) for each in data())
    model = keras.Sequential(
        [keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, "sigmoid")]
    )
    rate = trial.suggest_float("rate", 1e-4, 1, log=True)
    loss = "binary_crossentropy"
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["auc"])
    done = model.fit(
        x[:100],
        y[:100],
        batch_size=50,
        epochs=ROUNDS,
        verbose=0,
        validation_data=(x[100:], y[100:]),
        callbacks=[KerasPruningCallback(trial, "val_auc")],
    )
    return done.history["val_auc"][-1]


def lightning_objective(trial):
    import lightning.pytorch as pl
    import torch
    from optuna_integration import PyTorchLightningPruningCallback

    class Net(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch, _):
            x, y = batch
            return torch.nn.functional.binary_cross_entropy_with_logits(
                self.layer(x)[:, 0], y
            )

        def validation_step(self, batch, _):
            x, y = batch
            hits = ((self.layer(x)[:, 0] > 0) == (y > 0.5)).float().mean()
            self.log("val_acc", hits)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=rate)

    torch.manual_seed(0)
    x, y = (torch.tensor(each, dtype=torch.float32) for each in data())
    rate = trial.suggest_float("rate", 1e-4, 10, log=True)
    whole = torch.utils.data.TensorDataset(x, y)
    loader = torch.utils.data.DataLoader(whole, batch_size=100)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(
            max_epochs=ROUNDS,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[PyTorchLightningPruningCallback(trial, monitor="val_acc")],
        )
        trainer.fit(Net(), loader, loader)
    return trainer.callback_metrics["val_acc"].item()


CASES = {
    "lightgbm": lightgbm_objective,
    "xgboost": xgboost_objective,
    "catboost": catboost_objective,
    "keras": keras_objective,
    "lightning": lightning_objective,
}
PRUNER = {"n_startup_trials": 2, "n_warmup_steps": 1}


def needs(library: str) -> None:
    os.environ.setdefault("KERAS_BACKEND", "torch")  # read when Keras is imported
    pytest.importorskip(library, reason=f"{library} is not installed")
    if library in {"keras", "lightning"}:
        pytest.importorskip("torch", reason=f"{library} is run on torch")


@pytest.mark.parametrize(
    "library",
    [
        "lightgbm",
        *(pytest.param(each, marks=pytest.mark.slow) for each in [*CASES][1:]),
    ],
)
def test_a_callback_ends_a_trial_where_optuna_ends_it(library):
    needs(library)
    objective = CASES[library]
    experiment = native_experiment(objective, direction="maximize")
    study = hpb.run(
        experiment,
        "skopt:et",
        n_trials=10,
        seed=0,
        store=":memory:",
        pruner=("median", PRUNER),
    )
    assert [t.error for t in study.trials if t.state is State.FAILED] == []
    assert {t.state for t in study.trials} == {State.COMPLETE, State.PRUNED}

    theirs = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.MedianPruner(**PRUNER),
    )
    for trial in study.trials:
        theirs.enqueue_trial(dict(trial.params))
    theirs.optimize(objective, n_trials=len(study.trials))
    for ours, own in zip(study.trials, theirs.trials, strict=True):
        assert (ours.state, dict(ours.reports)) == (
            STATES[own.state],
            own.intermediate_values,
        )


def test_a_callback_ends_trials_in_worker_processes():
    needs("lightgbm")
    space = {"rate": hpb.Float(1e-3, 1, log=True), "leaves": hpb.Int(2, 8)}
    experiment = native_experiment(lightgbm_objective, space, "maximize")
    study = hpb.run(
        experiment,
        "random",
        n_trials=12,
        seed=0,
        store=":memory:",
        workers=2,
        pruner=("median", PRUNER),
    )
    assert {t.state for t in study.trials} == {State.COMPLETE, State.PRUNED}
    for trial in study.trials:
        assert (len(trial.reports) == ROUNDS) or trial.state is State.PRUNED
