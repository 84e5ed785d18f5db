"""Thresholds are chosen on out-of-fold answers, as scikit-learn's where it does so."""

from __future__ import annotations

import json

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Perceptron, Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    ShuffleSplit,
    TunedThresholdClassifierCV,
    cross_val_predict,
)
from sklearn.neighbors import NearestCentroid
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.errors import ExperimentError
from hpbridge.evaluation.threshold import Threshold, threshold_of


def evaluation(estimator=None, y=None, **settings) -> hpb.Evaluation:
    rows, own = make_classification(
        500, 6, weights=[0.85], flip_y=0.1, class_sep=0.8, random_state=1
    )
    settings = {"metrics": ["f1", "recall", "precision"], "procedure": 4, **settings}
    space = {"C": hpb.Float(0.01, 10, log=True)}
    y = own if y is None else y(own)
    estimator = estimator or LogisticRegression()
    return hpb.Evaluation(estimator, rows, y, space=space, **settings)


def study_of(e, store=":memory:"):
    return hpb.run(e, "random", n_trials=2, seed=0, store=store)


def tuned(e, study, threshold, scoring):
    """Return scikit-learn's own choice, on the same folds and thresholds."""
    seen = e.folds.kept.rows()
    best = e.models.fresh(study.best_trial.values)
    own = TunedThresholdClassifierCV(
        best, scoring=scoring, cv=list(e.folds.folds), thresholds=threshold.tried
    )
    return own.fit(seen.X, seen.y)


@pytest.mark.parametrize("metric", ["f1", "balanced_accuracy", "accuracy"])
def test_with_one_fold_it_is_what_scikit_learn_chooses(metric) -> None:
    e = evaluation(procedure=hpb.HoldOut(0.4))
    study = study_of(e)
    found = e.threshold(study, metric)
    own = tuned(e, study, found, metric)
    assert found.value == own.best_threshold_
    assert found.score == pytest.approx(own.best_score_)
    assert found.score >= found.default_score


def test_a_mean_over_rows_is_what_scikit_learn_averages_over_folds() -> None:
    e = evaluation(test=0.2)  # 4 folds of 100 rows
    study = study_of(e)
    found = e.threshold(study, "accuracy")
    own = tuned(e, study, found, "accuracy")
    assert found.value == own.best_threshold_
    assert found.score == pytest.approx(own.best_score_)


def test_other_metrics_are_of_all_answers_together() -> None:
    e = evaluation()
    study = study_of(e)
    found = e.threshold(study, "f1")
    seen = e.folds.kept.rows()
    best = e.models.fresh(study.best_trial.values)
    chances = cross_val_predict(
        best, seen.X, seen.y, cv=list(e.folds.folds), method="predict_proba"
    )[:, 1]
    assert found.n_answers == len(chances)
    assert found.score == pytest.approx(f1_score(seen.y, chances >= found.value))
    assert found.default_score == pytest.approx(f1_score(seen.y, chances >= 0.5))
    every = [f1_score(seen.y, chances >= each) for each in np.unique(chances)]
    assert found.score == pytest.approx(max(every), abs=0.02)
    assert found.score > found.default_score + 0.01
    assert f"f1 is {found.score:.4g} on {len(chances)} out-of-fold" in found.sentence


def test_a_constraint_is_kept() -> None:
    e = evaluation()
    study = study_of(e)
    found = e.threshold(study, "precision", constraint="recall >= 0.9")
    assert found.constrained >= 0.9 > found.default_constrained
    same = e.threshold(study, "recall >= 0.9")  # best for f1, the first that is not
    assert (same.metric, same.constraint) == ("f1", "recall >= 0.9")
    assert same.constrained >= 0.9
    free = e.threshold(study, "f1")
    assert same.score <= free.score
    with pytest.raises(ExperimentError, match=r"no threshold keeps precision >= 1\.5"):
        e.threshold(study, "f1", constraint="precision >= 1.5")


def test_decisions_have_thresholds_too_and_labels_may_be_text() -> None:
    scorer = make_scorer(f1_score, pos_label="ill")
    e = evaluation(
        SVC(),
        lambda own: np.where(own, "ill", "healthy"),
        metrics={"f1_of_ill": scorer},
    )
    # The positive class is the second one, as scikit-learn sorts them.
    found = e.threshold(study_of(e))
    assert found.response == "decision_function"
    assert found.classes == ("healthy", "ill")
    assert found.default == 0


def test_it_is_applied_as_scikit_learn_does(tmp_path) -> None:
    e = evaluation()
    study = study_of(e, str(tmp_path / "store.db"))
    found = e.threshold(study, "f1")
    seen = e.folds.kept.rows()
    model = e.models.fresh(study.best_trial.values).fit(seen.X, seen.y)
    with_it = found.applied(model)
    assert isinstance(with_it, FixedThresholdClassifier)
    chances = model.predict_proba(seen.X)[:, 1]
    assert list(with_it.predict(seen.X)) == list((chances >= found.value).astype(int))
    again = hpb.load_study(study.name, str(tmp_path / "store.db"))
    assert threshold_of(again, study.best_trial.number) == found
    assert Threshold.from_json(found.to_json()) == found
    assert threshold_of(again, 99) is None


def test_of_many_rows_some_thresholds_are_compared() -> None:
    rows, y = make_classification(3000, 6, weights=[0.9], random_state=0)
    e = hpb.Evaluation(
        LogisticRegression(),
        rows,
        y,
        space={"C": hpb.Float(0.1, 1)},
        metrics="f1",
        procedure=ShuffleSplit(2, test_size=0.4, random_state=0),
    )
    found = e.threshold(study_of(e))
    assert 100 < len(found.tried) <= 302
    assert found.n_answers == 2 * 960


def test_weights_are_the_fits_as_in_every_trial() -> None:
    weights = np.random.default_rng(0).uniform(0.1, 5, 500)
    e = evaluation(sample_weight=weights, procedure=hpb.HoldOut(0.5))
    study = study_of(e)
    found = e.threshold(study, "f1")
    seen = e.folds.kept.rows()
    ((fitted, scored),) = e.folds.folds
    model = e.models.fresh(study.best_trial.values).fit(
        seen.X[fitted], seen.y[fitted], seen.params["sample_weight"][fitted]
    )
    own = TunedThresholdClassifierCV(
        model, scoring="f1", cv="prefit", refit=False, thresholds=found.tried
    ).fit(seen.X[scored], seen.y[scored])
    assert found.value == own.best_threshold_


def refused(call) -> str:
    with pytest.raises(ExperimentError) as error:
        call()
    return "\n".join(error.value.problems)


def test_what_has_no_threshold_is_said_before_any_fit() -> None:
    e = evaluation(metrics=["roc_auc"])
    study = study_of(e)
    said = refused(lambda: e.threshold(study))
    assert "name the metric: no other of 'roc_auc'" in said
    said = refused(lambda: e.threshold(study, "roc_auc"))
    assert "'roc_auc' does not depend on a threshold" in said
    assert "there is no metric 'f2'" in refused(lambda: e.threshold(study, "f2"))
    said = refused(lambda: e.threshold(study, "f1", constraint="much recall"))
    assert "constraint must be as in 'recall >= 0.95', got 'much recall'" in said
    assert "one metric" in refused(lambda: e.threshold(study, ["f1", "recall"]))
    said = refused(lambda: e.threshold(study, "f1", constraint="recall >= lots"))
    assert "constraint on 'recall' must be" in said
    other = evaluation(metrics=["f1"], seed=3)
    assert "its seed are not those" in refused(lambda: other.threshold(study, "f1"))


def test_targets_of_more_classes_or_numbers_have_none() -> None:
    rows, y = load_iris(return_X_y=True)
    forest, space = RandomForestClassifier(n_estimators=3), {"max_depth": hpb.Int(1, 3)}
    e = hpb.Evaluation(forest, rows, y, space=space)
    study = study_of(e)
    assert "a target of 3 classes" in refused(lambda: e.threshold(study, "accuracy"))
    rows, y = make_regression(60, 3, random_state=0)
    e = hpb.Evaluation(Ridge(), rows, y, space={"alpha": hpb.Float(0.1, 1)})
    study = study_of(e)
    assert "a target of numbers" in refused(lambda: e.threshold(study, "r2"))


def test_a_model_without_scores_has_none() -> None:
    rows, y = make_classification(60, random_state=0)
    space = {"shrink_threshold": hpb.Float(0.1, 1)}

    class Silent(NearestCentroid):
        decision_function = predict_proba = property()

    e = hpb.Evaluation(Silent(), rows, y, space=space, metrics="f1")
    said = refused(lambda: e.threshold(study_of(e)))
    assert "Silent has neither predict_proba nor decision_function" in said
    e = hpb.Evaluation(
        Perceptron(), rows, y, space={"alpha": hpb.Float(1e-5, 1)}, metrics="f1"
    )
    assert e.threshold(study_of(e)).response == "decision_function"


def test_the_test_takes_no_part() -> None:
    e = evaluation()
    study = study_of(e)
    found = e.threshold(study, "f1")
    assert found.n_answers == e.n_rows == 400


def test_the_report_opens_the_test_with_the_threshold_and_without(tmp_path) -> None:
    e = evaluation()
    study = study_of(e, str(tmp_path / "store.db"))
    found = e.threshold(study, "f1")
    report = e.report(study)
    rows = {row["model"]: row for row in report.table() if row["metric"] == "f1"}
    test = e.test_rows.rows()
    seen = e.folds.kept.rows()
    model = e.models.fresh(study.best_trial.values).fit(seen.X, seen.y)
    chances = model.predict_proba(test.X)[:, 1]
    assert rows["best"]["test"] == pytest.approx(f1_score(test.y, chances >= 0.5))
    with_it = f1_score(test.y, chances >= found.value)
    assert rows["best at threshold"]["test"] == pytest.approx(with_it)
    assert f"Threshold: {found.sentence}." in str(report)
    report.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "Tuned, at its threshold" in page
    # What is saved predicts with it.
    place = report.save_model(tmp_path / "model.joblib")
    saved = joblib.load(place)
    assert isinstance(saved, FixedThresholdClassifier)
    assert list(saved.predict(test.X)) == list((chances >= found.value).astype(int))
    known = json.loads((tmp_path / "model.joblib.json").read_text())
    assert known["threshold"] == found.value
    assert known["test"]["f1"] == pytest.approx(with_it)
    # Once is enough; another threshold is another opening, and is recorded.
    again = hpb.load_study(study.name, str(tmp_path / "store.db"))
    assert len(e.report(again).evaluated.openings) == 1
    e.threshold(again, "recall >= 0.95")
    assert len(e.report(again).evaluated.openings) == 2


def test_what_is_no_study_is_refused() -> None:
    e = evaluation()
    said = "study must be a Study of the evaluation, got 'mine'"
    assert said in refused(lambda: e.threshold("mine"))  # type: ignore[arg-type]
    assert said in refused(lambda: e.nested("random", study="mine"))  # type: ignore[arg-type]
