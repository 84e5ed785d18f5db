"""What a report says, and what it opens."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import hpbridge as hpb
from hpbridge.errors import ExperimentError


def evaluation_of(**settings):
    X, y = load_iris(return_X_y=True)
    known = {"space": {"C": hpb.Float(0.01, 10)}, "procedure": hpb.KFold(3)}
    estimator = LogisticRegression(max_iter=300)
    return hpb.Evaluation(estimator, X, y, **{**known, **settings})


def study_of(evaluation, n_trials: int = 4, store=":memory:", **settings):
    return hpb.run(
        evaluation, "random", n_trials=n_trials, seed=0, store=store, **settings
    )


@pytest.fixture(scope="module")
def evaluation():
    return evaluation_of()


@pytest.fixture(scope="module")
def study(evaluation):
    return study_of(evaluation)


def test_the_record_alone_gives_a_report_that_opens_nothing(study):
    report = hpb.report(study)
    assert "the sealed test is sealed still" in report.missing
    assert "over the folds" in report.sentence
    found = {(row["metric"], row["model"]): row for row in report.table()}
    assert found["f1_macro", "best"]["low"] < found["f1_macro", "best"]["validation"]
    assert found["f1_macro", "dummy"]["test"] is None
    data = {row["data"]: row for row in report.data_table()}
    assert data["sealed test"]["rows"] == 30
    assert "nobody" in data["sealed test"]["seen_by"]
    assert data["sealed test"]["classes"] == {0: 10, 1: 10, 2: 10}
    assert data["all but the test"]["classes"] == {0: 40, 1: 40, 2: 40}
    assert report.sentence in str(report)


def test_the_test_is_opened_once_and_the_opening_is_recorded(tmp_path):
    evaluation, store = evaluation_of(), tmp_path / "s.db"
    study = study_of(evaluation, store=store)
    first = evaluation.report(study)
    assert "30 rows" in first.sentence
    again = evaluation.report(hpb.load_study(study.name, store))
    assert again.sentence == first.sentence
    # A study that was read before tells of it, too.
    assert hpb.report(study).sentence == first.sentence
    (opening,) = hpb.load_study(study.name, store).attributes["openings"]
    assert opening["at"] == first.evaluated.opening["at"]
    assert opening["trial"] == study.best_trial.number
    assert set(opening["models"]) == {"dummy", "defaults", "best"}


def test_a_study_of_other_data_is_refused(study):
    other = evaluation_of(seed=1)
    with pytest.raises(ExperimentError, match="seed are not those of the study"):
        other.report(study)
    assert "openings" not in study.attributes
