"""CatBoost, with and without the callback, which ends it by a with statement."""

from __future__ import annotations

import pytest

catboost = pytest.importorskip("catboost", reason="CatBoost is not installed")

from callback_studies import (  # noqa: E402 - after what may be missing
    OPTIMIZERS,
    TRAIN,
    VALID,
    check_refused,
    check_stopped,
    run,
)

import hpbridge as hpb  # noqa: E402

ROUNDS = 8


def train(lr, *callbacks, n=ROUNDS, valid=(VALID,), **options):
    given = {"eval_metric": "AUC", "custom_metric": ["Accuracy"], **options}
    model = catboost.CatBoostClassifier(
        iterations=n,
        learning_rate=lr,
        depth=3,
        thread_count=1,
        random_seed=0,
        allow_writing_files=False,
        verbose=False,
        **given,
    )
    return model.fit(*TRAIN, eval_set=[*valid], callbacks=[*callbacks] or None)


def objective(trial):
    with hpb.callbacks.CatBoost(trial, "AUC") as callback:
        model = train(trial["lr"], callback)
    return model.evals_result_["validation"]["AUC"][-1]


@pytest.mark.parametrize(("optimizer", "workers"), OPTIMIZERS)
def test_an_obeyed_stop(optimizer, workers):
    def history(lr):
        return train(lr).evals_result_["validation"]["AUC"]

    check_stopped(objective, history, optimizer, workers)


def with_trial(metric, data=None, lr=0.3, **options):
    trial = hpb.Trial({"lr": lr}, number=0, seed=1)
    with hpb.callbacks.CatBoost(trial, metric, data) as callback:
        model = train(lr, callback, **options)
    return trial, model


def test_without_a_pruner_training_is_what_it_is():
    trial, model = with_trial("Logloss")
    alone = train(0.3)
    assert model.evals_result_ == alone.evals_result_
    assert (model.predict_proba(VALID[0]) == alone.predict_proba(VALID[0])).all()
    history = model.evals_result_["validation"]["Logloss"]
    assert trial.reports == [*enumerate(history, start=1)]


def test_early_stopping_of_its_own():
    given = {"n": 200, "lr": 0.5, "early_stopping_rounds": 2}
    trial, model = with_trial("AUC", **given)
    alone = train(**given)
    assert model.tree_count_ == alone.tree_count_
    assert trial.reports == [*enumerate(alone.evals_result_["validation"]["AUC"], 1)]
    assert len(trial.reports) < 200


def test_what_is_evaluated_every_third_round_is_reported_then():
    trial, model = with_trial("AUC", n=7, metric_period=3)
    history = model.evals_result_["validation"]["AUC"]
    assert [v for _, v in trial.reports] == history[: len(trial.reports)]
    assert [s for s, _ in trial.reports] == [1, 4, 7]


def test_one_of_several_data_sets():
    trial, model = with_trial("AUC", "validation_1", valid=(TRAIN, VALID))
    history = model.evals_result_["validation_1"]["AUC"]
    assert trial.reports == [*enumerate(history, start=1)]


def wrong(metric, **options):
    def objective(trial):
        with hpb.callbacks.CatBoost(trial, metric) as callback:
            train(trial["lr"], callback, **options)

    return objective


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (wrong("AUX"), ["no metric 'AUX'; did you mean 'AUC'?"]),
        (wrong(None), ["several metrics", "'AUC', 'Accuracy', 'Logloss'"]),
        (
            wrong("AUC", valid=(TRAIN, VALID)),
            ["several data sets", "'validation_0', 'validation_1'"],
        ),
        (wrong("Logloss"), ["'Logloss' is better when it is less"]),
    ],
)
def test_what_cannot_be_reported_ends_the_study(objective, words):
    check_refused(objective, ["CatBoost", *words])


def test_without_a_with_statement_it_says_so():
    def objective(trial):
        train(trial["lr"], hpb.callbacks.CatBoost(trial, "AUC"))

    # In workers: CatBoost leaves the exception behind, for whatever runs next.
    study = run(objective, workers=2, trials_per_worker=1)
    for trial in study.trials:
        assert trial.state is hpb.State.FAILED
        assert "CatBoost is not in a with statement" in trial.error


def test_another_error_in_the_statement_is_itself():
    trial = hpb.Trial({"lr": 0.1}, number=0, seed=1)
    with pytest.raises(KeyError), hpb.callbacks.CatBoost(trial, "AUC"):
        raise KeyError
