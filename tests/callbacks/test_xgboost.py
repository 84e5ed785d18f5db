"""XGBoost's three ways to train, with and without the callback."""

from __future__ import annotations

import pytest

xgboost = pytest.importorskip("xgboost", reason="XGBoost is not installed")

from callback_studies import (  # noqa: E402 - after what may be missing
    OPTIMIZERS,
    TRAIN,
    VALID,
    check_refused,
    check_stopped,
    reports_of,
)
from sklearn.base import clone  # noqa: E402

import hpbridge as hpb  # noqa: E402
from hpbridge.callbacks.xgboost import XGBoost, _better  # noqa: E402

ROUNDS = 8


def params(lr):
    return {
        "objective": "binary:logistic",
        "learning_rate": lr,
        "eval_metric": ["auc", "logloss"],
        "nthread": 1,
    }


def train(lr, *callbacks, **options):
    rows, valid = xgboost.DMatrix(*TRAIN), xgboost.DMatrix(*VALID)
    found = {}
    given = {
        "num_boost_round": ROUNDS,
        "evals": [(rows, "train"), (valid, "valid")],
        "evals_result": found,
        "verbose_eval": False,
        "callbacks": [*callbacks],
        **options,
    }
    model = xgboost.train(params(lr), rows, **given)
    return found, model


def by_train(trial):
    found, _ = train(trial["lr"], hpb.callbacks.XGBoost(trial, "auc"))
    return found["valid"]["auc"][-1]


def by_fit(trial):
    model = xgboost.XGBClassifier(
        learning_rate=trial["lr"],
        n_estimators=ROUNDS,
        eval_metric="auc",
        n_jobs=1,
        callbacks=[XGBoost(trial)],
    )
    # As scikit-learn's own searches do: the copy reports to the same trial.
    model = clone(model)
    model.fit(*TRAIN, eval_set=[VALID], verbose=False)
    return model.evals_result()["validation_0"]["auc"][-1]


def by_cv(trial):
    found = xgboost.cv(
        params(trial["lr"]),
        xgboost.DMatrix(*TRAIN),
        num_boost_round=ROUNDS,
        nfold=3,
        callbacks=[XGBoost(trial, "auc")],
    )
    assert [v for _, v in trial.reports] == found["test-auc-mean"].tolist()
    return found["test-auc-mean"].iloc[-1]


@pytest.mark.parametrize(("optimizer", "workers"), OPTIMIZERS)
def test_an_obeyed_stop(optimizer, workers):
    def history(lr):
        return train(lr)[0]["valid"]["auc"]

    check_stopped(by_train, history, optimizer, workers)


@pytest.mark.parametrize("objective", [by_fit, by_cv])
def test_other_ways_to_train(objective):
    value, reports = reports_of(objective)
    assert len(reports) == ROUNDS
    assert reports[-1] == value


def test_without_a_pruner_training_is_what_it_is():
    trial = hpb.Trial({"lr": 0.3}, number=0, seed=1)
    found, model = train(0.3, XGBoost(trial, "logloss"))
    alone, other = train(0.3)
    assert model.save_raw() == other.save_raw()
    assert found == alone
    assert [v for _, v in trial.reports] == found["valid"]["logloss"]


@pytest.mark.parametrize("comes", ["before", "after"])
def test_early_stopping_of_its_own(comes):
    def early():
        return xgboost.callback.EarlyStopping(
            rounds=1, metric_name="auc", data_name="valid"
        )

    trial = hpb.Trial({"lr": 0.5}, number=0, seed=1)
    both = [early(), XGBoost(trial, "auc")]
    if comes == "after":
        both.reverse()
    found, model = train(0.5, *both, num_boost_round=100)
    alone, other = train(0.5, early(), num_boost_round=100)
    assert model.best_iteration == other.best_iteration
    assert found == alone
    assert [v for _, v in trial.reports] == found["valid"]["auc"]
    assert len(trial.reports) < 100


def test_rounds_count_on_from_a_model():
    _, model = train(0.3)
    trial = hpb.Trial({"lr": 0.3}, number=0, seed=1)
    train(0.3, XGBoost(trial, "auc"), xgb_model=model)
    assert [s for s, _ in trial.reports] == [*range(ROUNDS + 1, 2 * ROUNDS + 1)]


@pytest.mark.parametrize("metric", ["auc", "aucpr", "map@3", "ndcg", "pre@2"])
def test_what_is_maximized(metric):
    assert _better(metric) == "greater"


@pytest.mark.parametrize("metric", ["mape", "rmse", "logloss", "error@0.3", "merror"])
def test_what_is_minimized(metric):
    assert _better(metric) == "less"


def wrong(*names, **options):
    def objective(trial):
        return train(trial["lr"], XGBoost(trial, *names), **options)

    return objective


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (wrong("auk"), ["no metric 'auk'; did you mean 'auc'?"]),
        (wrong("auc", "vald"), ["no data set 'vald'; did you mean 'valid'?"]),
        (wrong(), ["several metrics", "'auc', 'logloss'"]),
        (wrong("auc", evals=()), ["evaluates nothing", "evals="]),
        (wrong("logloss"), ["'logloss' is better when it is less"]),
    ],
)
def test_what_cannot_be_reported_ends_the_study(objective, words):
    check_refused(objective, ["XGBoost", *words])


def test_the_other_direction():
    check_refused(wrong("auc"), ["better when it is greater"], direction="minimize")
