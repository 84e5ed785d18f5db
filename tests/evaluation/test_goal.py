"""What an evaluation optimizes: one metric, several, a weighted score, under bounds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.errors import ExperimentError

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 3))
Y = (X[:, 0] + 0.7 * rng.normal(size=90) > 0.6).astype(int)
SPACE = {"max_depth": hpb.Int(1, 9), "min_samples_leaf": hpb.Int(1, 20)}
BACKENDS = ["optuna", "hyperopt", "skopt", "bayesopt"]


def evaluation(**settings):
    settings = {"procedure": hpb.KFold(2), **settings}
    return hpb.Evaluation(DecisionTreeClassifier(), X, Y, space=SPACE, **settings)


def run(experiment, backend="random", n_trials=8):
    return hpb.run(experiment, backend, n_trials=n_trials, seed=1, store=":memory:")


def refusal_of(**settings) -> list[str]:
    with pytest.raises(ExperimentError) as caught:
        evaluation(**settings)
    return list(caught.value.problems)


@pytest.mark.parametrize("backend", BACKENDS)
def test_several_metrics_have_a_front_under_every_backend(backend):
    study = run(evaluation(optimize=["balanced_accuracy", "recall"]), backend)
    assert study.metrics == {"balanced_accuracy": "maximize", "recall": "maximize"}
    assert all(trial.error is None for trial in study.trials)
    for one in study.best_trials:
        assert not any(
            other.metrics["balanced_accuracy"] > one.metrics["balanced_accuracy"]
            and other.metrics["recall"] > one.metrics["recall"]
            for other in study.trials
        )
    is_native = backend == "optuna"
    assert is_native != any("takes one value" in note for note in study.notes)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_weighted_score_is_a_metric_like_any_other(backend):
    weights = {"f1": 0.7, "roc_auc": 0.3}
    study = run(evaluation(optimize=weights), backend)
    assert study.metrics == {"weighted_score": "maximize"}
    for trial in study.trials:
        expected = sum(w * trial.metrics[name] for name, w in weights.items())
        assert trial.metrics["weighted_score"] == pytest.approx(expected)
        assert len(trial.attributes["split_test_weighted_score"]) == 2
    noted = study.attributes["evaluation"]
    assert noted["weights"] == weights
    assert "weighted_score" in noted["references"]["dummy"]["metrics"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_bound_on_a_metric_holds_for_the_best_trial(backend):
    bounded = evaluation(
        metrics=["accuracy", "recall"], constraints={"recall": ">= 0.5"}
    )
    study = run(bounded, backend)
    assert study.best_trial.metrics["recall"] >= 0.5
    is_native = backend == "optuna"
    assert is_native != any("takes no constraints" in note for note in study.notes)


def test_what_the_goal_names_is_among_the_metrics_by_default():
    made = evaluation(optimize=["recall"], constraints={"roc_auc": ">= 0.1"})
    assert list(made.scorers) == [
        "recall",
        "roc_auc",
        "f1_macro",
        "accuracy",
        "balanced_accuracy",
    ]


def test_times_and_training_scores_can_be_bounded():
    bounds = {"mean_fit_time": "<= 100", "mean_train_accuracy": "<= 1"}
    study = run(evaluation(constraints=bounds, metrics="accuracy"))
    assert study.n_infeasible == 0


def test_the_metrics_that_are_optimized_come_first():
    made = evaluation(metrics=["accuracy", "f1", "recall"], optimize=["recall", "f1"])
    assert list(made.scorers) == ["recall", "f1", "accuracy"]
    assert made.main_metric == "recall"


def test_a_study_with_other_weights_is_another_one(tmp_path):
    store = tmp_path / "studies.db"
    first = evaluation(optimize={"f1": 0.7, "recall": 0.3})
    hpb.run(first, "random", n_trials=2, seed=0, store=store, name="s")
    other = evaluation(optimize={"f1": 0.5, "recall": 0.5})
    with pytest.raises(ExperimentError, match="weights are not those of the study"):
        hpb.resume("s", other, store=store, n_trials=4)


def test_a_report_of_several_metrics_goes_by_the_first():
    made = evaluation(optimize=["balanced_accuracy", "recall"])
    study = run(made)
    report = made.report(study)
    assert report.evaluated.metric == "balanced_accuracy"
    assert "balanced_accuracy" in report.sentence
    assert report.evaluated.best.trial == study.best_by("balanced_accuracy").number
    assert report.front in str(report)
    assert all(str(trial.number) in report.front for trial in study.best_trials)


def test_shares_and_several_metrics_go_together():
    models = {
        "tree": (DecisionTreeClassifier(), SPACE),
        "line": (LogisticRegression(), {"C": hpb.Float(1e-3, 1e3, log=True)}),
    }
    made = hpb.Evaluation(
        models,
        X,
        Y,
        procedure=hpb.KFold(2),
        optimize=["balanced_accuracy", "recall"],
        constraints={"accuracy": ">= 0.5"},
        shares={"tree": 0.5, "line": 0.5},
    )
    study = run(made, "hyperopt")
    assert [t.params["model"] for t in study.trials].count("tree") == 4
    assert any(note.startswith("tree: hyperopt:tpe takes") for note in study.notes)


def test_a_goal_that_cannot_be_is_refused_all_at_once():
    problems = refusal_of(
        metrics=["f1", "recall"],
        optimize=["f1", "recal", "f1"],
        constraints={"recalll": ">= 0.1"},
    )
    wrong = "which is none of the metrics; did you mean 'recall'?"
    assert problems == [
        "optimize names 'f1' twice",
        f"optimize names 'recal', {wrong}",
        "no trial has the metric 'recalll' of constraints=; did you mean 'recall'?",
    ]
    assert refusal_of(
        metrics=["f1", "recall"], optimize={"f1": 0, "recall": "much"}
    ) == [
        "the weight of 'f1' must be above 0 and finite, got 0",
        "the weight of 'recall' must be above 0 and finite, got 'much'",
    ]
    assert "optimize must be a metric, a list of metrics" in refusal_of(optimize=3)[0]
    assert "optimize must be a metric, a list of metrics" in refusal_of(optimize=[])[0]


def test_a_metric_that_there_is_not_is_said_once():
    (problem,) = refusal_of(metrics=["f1", "recal"], optimize=["f1", "recal"])
    assert problem.startswith("there is no metric 'recal'")
