"""LightGBM's three ways to train, with and without the callback."""

from __future__ import annotations

import functools

import pytest

lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is not installed")

from callback_studies import (  # noqa: E402 - after what may be missing
    OPTIMIZERS,
    TRAIN,
    VALID,
    check_refused,
    check_stopped,
    reports_of,
)

import hpbridge as hpb  # noqa: E402

ROUNDS = 8


def params(lr, **more):
    return {
        "objective": "binary",
        "learning_rate": lr,
        "metric": ["auc", "binary_logloss"],
        "min_data_in_leaf": 5,
        "num_threads": 1,
        "verbosity": -1,
        **more,
    }


def train(lr, *callbacks, **options):
    rows = lightgbm.Dataset(*TRAIN)
    found = {}
    record = lightgbm.record_evaluation(found)
    given = {
        "num_boost_round": ROUNDS,
        "valid_sets": [rows, rows.create_valid(*VALID)],
        "valid_names": ["learned", "valid"],
        "callbacks": [record, *callbacks],
        **options,
    }
    model = lightgbm.train(params(lr), rows, **given)
    return found, model


def by_train(trial):
    found, _ = train(trial["lr"], hpb.callbacks.LightGBM(trial, "auc", "valid"))
    return found["valid"]["auc"][-1]


def by_fit(trial=None, lr=None, **more):
    model = lightgbm.LGBMClassifier(
        learning_rate=lr or trial["lr"],
        n_estimators=ROUNDS,
        min_child_samples=5,
        n_jobs=1,
        verbosity=-1,
        **more,
    )
    callbacks = [] if trial is None else [hpb.callbacks.LightGBM(trial, "auc")]
    rows = {"eval_X": VALID[0], "eval_y": VALID[1], "eval_metric": "auc"}
    model.fit(*TRAIN, **rows, callbacks=callbacks)
    return model.evals_result_["valid_0"]["auc"][-1]


def by_cv(trial=None, lr=None):
    callbacks = [] if trial is None else [hpb.callbacks.LightGBM(trial, "auc")]
    found = lightgbm.cv(
        params(lr or trial["lr"]),
        lightgbm.Dataset(*TRAIN, free_raw_data=False),
        num_boost_round=ROUNDS,
        nfold=3,
        callbacks=callbacks,
        eval_train_metric=True,
    )
    return found["valid auc-mean"] if trial is None else found["valid auc-mean"][-1]


@pytest.mark.parametrize(("optimizer", "workers"), OPTIMIZERS)
def test_an_obeyed_stop(optimizer, workers):
    def history(lr):
        return train(lr)[0]["valid"]["auc"]

    check_stopped(by_train, history, optimizer, workers)


def test_the_mean_over_folds():
    check_stopped(by_cv, functools.partial(by_cv, None), "optuna", 1)


def test_scikit_learns_interface():
    value, reports = reports_of(by_fit)
    assert len(reports) == ROUNDS
    assert reports[-1] == value == by_fit(lr=0.3)


def test_without_a_pruner_training_is_what_it_is():
    trial = hpb.Trial({"lr": 0.3}, number=0, seed=1)
    callback = hpb.callbacks.LightGBM(trial, "binary_logloss", "valid")
    found, model = train(0.3, callback)
    alone, other = train(0.3)
    assert model.model_to_string() == other.model_to_string()
    assert found == alone
    assert [v for _, v in trial.reports] == found["valid"]["binary_logloss"]


def test_early_stopping_of_its_own():
    early = lightgbm.early_stopping(1, first_metric_only=True, verbose=False)
    trial = hpb.Trial({"lr": 0.5}, number=0, seed=1)
    callback = hpb.callbacks.LightGBM(trial, "auc", "valid")
    _, model = train(0.5, early, callback, num_boost_round=100)
    alone, other = train(0.5, early, num_boost_round=100)
    assert model.best_iteration == other.best_iteration
    assert len(trial.reports) == len(alone["valid"]["auc"]) < 100


def test_rounds_count_on_from_a_model():
    _, model = train(0.3)
    trial = hpb.Trial({"lr": 0.3}, number=0, seed=1)
    callback = hpb.callbacks.LightGBM(trial, "auc", "valid")
    train(0.3, callback, init_model=model)
    assert [s for s, _ in trial.reports] == [*range(ROUNDS + 1, 2 * ROUNDS + 1)]


def wrong(*names, **options):
    def objective(trial):
        return train(trial["lr"], hpb.callbacks.LightGBM(trial, *names), **options)

    return objective


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (wrong("auk", "valid"), ["no metric 'auk'; did you mean 'auc'?"]),
        (wrong("auc", "vald"), ["no data set 'vald'; did you mean 'valid'?"]),
        (wrong(), ["several metrics", "'auc', 'binary_logloss'"]),
        (wrong("auc"), ["'auc' on several data sets", "'learned', 'valid'"]),
        (wrong("auc", valid_sets=None), ["evaluates nothing", "valid_sets="]),
        (
            wrong("binary_logloss", "valid"),
            ["'binary_logloss' is better when it is less", "maximizes 'value'"],
        ),
    ],
)
def test_what_cannot_be_reported_ends_the_study(objective, words):
    check_refused(objective, ["LightGBM", *words])


def test_it_is_said_by_workers_too():
    check_refused(wrong("auk", "valid"), ["no metric 'auk'"], workers=2)
