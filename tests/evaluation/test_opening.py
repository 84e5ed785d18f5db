"""The sealed test is opened once for each best trial, and every opening is known."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.drivers.packing import pack_experiment
from hpbridge.errors import ArgumentError, ExperimentError
from hpbridge.store.record import Status

X, Y = load_iris(return_X_y=True)


def evaluation_of(estimator=None, **settings):
    known = {
        "space": {"max_depth": hpb.Int(1, 6)},
        "procedure": hpb.KFold(3),
        "metrics": ["accuracy", "f1_macro"],
    }
    made = DecisionTreeClassifier() if estimator is None else estimator
    return hpb.Evaluation(made, X, Y, **{**known, **settings})


def study_of(evaluation, store=":memory:", n_trials=3, **settings):
    return hpb.run(
        evaluation, "random", n_trials=n_trials, seed=0, store=store, **settings
    )


def openings_in(study):
    return study.home.study(study.id).attributes.get("openings", [])


def test_best_is_fitted_on_all_but_the_test_and_scored_on_it():
    evaluation = evaluation_of()
    study = study_of(evaluation)
    report = evaluation.report(study)
    seen, hidden = evaluation.folds.kept.rows(), evaluation.test_rows.rows()
    depth = study.best_by_main_metric().params["max_depth"]
    own = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(seen.X, seen.y)
    opening = report.evaluated.opening
    expected = accuracy_score(hidden.y, own.predict(hidden.X))
    assert opening["models"]["best"]["metrics"]["accuracy"] == expected
    np.testing.assert_array_equal(
        report.best_estimator.predict(hidden.X), own.predict(hidden.X)
    )
    low, high = opening["models"]["best"]["intervals"]["f1_macro"]
    assert low <= opening["models"]["best"]["metrics"]["f1_macro"] <= high
    assert np.sum(opening["models"]["best"]["confusion"]) == len(hidden)
    assert opening["n_rows"] == len(hidden)
    assert time.time() - 600 < opening["at"] <= time.time()


def test_a_model_in_use_is_compared_with_and_is_an_opening_of_its_own():
    evaluation = evaluation_of()
    study = study_of(evaluation)
    poor = DummyClassifier().fit(X, Y)
    good = DecisionTreeClassifier(random_state=0).fit(X, Y)
    first = evaluation.report(study, incumbent=poor)
    assert "of the model in use" in first.sentence
    assert first.verdicts[0].advice == "use it"
    assert [v.against for v in first.verdicts] == ["incumbent", "defaults"]
    assert evaluation.report(study, incumbent=poor).sentence == first.sentence
    assert evaluation.report(study).verdicts[0].against == "incumbent"
    assert len(openings_in(study)) == 1

    second = evaluation.report(study, incumbent=good)
    assert second.verdicts[0].advice != "use it"
    assert "The test was opened 2 times" in second.sentence
    assert len(openings_in(study)) == 2
    # That of the first one is found again among them.
    again = evaluation.report(study, incumbent=poor)
    assert len(openings_in(study)) == 2
    assert again.verdicts[0].gain == first.verdicts[0].gain


class Odd:
    """Answers, but not to what is asked."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, rows):
        return self.answer(rows)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (DecisionTreeClassifier(), "is not fitted yet"),
        (DecisionTreeClassifier, "must be a fitted model"),
        (DecisionTreeClassifier().fit(X[:, :2], Y), "expecting 2 features"),
        (Odd(lambda rows: ["a"] * len(rows)), "predicts 'a', and the classes are"),
        (Odd(lambda rows: [0, 1]), r"predicts \(2,\) for rows"),
        (42, "must be a fitted model"),
    ],
)
def test_a_model_that_cannot_answer_is_refused_while_the_test_is_sealed(model, said):
    evaluation = evaluation_of()
    study = study_of(evaluation)
    with pytest.raises(ExperimentError, match=said):
        evaluation.report(study, incumbent=model)
    assert openings_in(study) == []


def test_a_model_that_cannot_answer_is_refused_before_the_first_fit():
    with pytest.raises(ExperimentError, match="is not fitted yet"):
        evaluation_of(incumbent=DecisionTreeClassifier())
    good = DecisionTreeClassifier().fit(X, Y)
    evaluation = evaluation_of(incumbent=good)
    assert evaluation.report(study_of(evaluation)).verdicts[0].against == "incumbent"


def test_a_model_that_a_metric_cannot_score_is_refused():
    evaluation = evaluation_of(metrics=["accuracy", "roc_auc_ovr"])
    study = study_of(evaluation)
    model = Odd(lambda rows: np.zeros(len(rows), dtype=int))
    with pytest.raises(ExperimentError, match=r"cannot be scored by.*'roc_auc_ovr'"):
        evaluation.report(study, incumbent=model)
    assert openings_in(study) == []


def test_another_best_trial_opens_the_test_again(tmp_path):
    # Depth 1 cannot tell three classes apart; the defaults are none of the trials.
    store = tmp_path / "s.db"
    evaluation = evaluation_of(
        DecisionTreeClassifier(max_depth=1), space={"max_depth": hpb.Int(1, 6)}
    )
    study = study_of(evaluation, store, n_trials=1)
    assert evaluation.report(study).evaluated.opening["trial"] == 0
    resumed = hpb.resume(study.name, evaluation, store=store, n_trials=6)
    assert resumed.best_by_main_metric().number > 0
    report = evaluation.report(resumed)
    assert [each["trial"] for each in openings_in(study)] == [
        0,
        resumed.best_by_main_metric().number,
    ]
    assert "The test was opened 2 times" in report.sentence
    row = {each["data"]: each for each in report.data_table()}["sealed test"]
    assert "opened 2 times" in row["seen_by"]


def test_what_was_opened_is_seen_from_a_study_that_was_read_before():
    evaluation = evaluation_of()
    early = study_of(evaluation)
    evaluation.report(early)
    assert "openings" not in early.attributes
    evaluation.report(early)
    assert len(openings_in(early)) == 1


READ_ONLY = """
import sys
import hpbridge as hpb
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
X, y = load_iris(return_X_y=True)
space = {"max_depth": hpb.Int(1, 6)}
evaluation = hpb.Evaluation(DecisionTreeClassifier(), X, y, space=space)
if sys.argv[2] == "run":
    hpb.run(evaluation, "random", n_trials=2, seed=0, store=sys.argv[1])
else:
    report = evaluation.report(hpb.load_study(1, sys.argv[1]))
    print(*report.notes)
    print(report.evaluated.opening["n_rows"])
"""
# Root may write anything, unless it gives that up.
UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def test_a_store_that_cannot_be_written_is_said_and_the_report_is_made(tmp_path):
    store = tmp_path / "store.db"
    words = [sys.executable, "-c", READ_ONLY, str(store)]
    subprocess.run([*words, "run"], check=True)
    store.chmod(0o444)
    tmp_path.chmod(0o555)
    command = [*(UNPRIVILEGED if os.getuid() == 0 else []), *words, "report"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    tmp_path.chmod(0o755)
    note = "that the test was opened could not be recorded"
    assert done.stdout == f"{note}: The store {store} is read-only\n30\n"


def test_a_study_of_no_store_says_that_its_opening_is_not_recorded(tmp_path):
    evaluation = evaluation_of()
    study_of(evaluation).export(tmp_path / "s.json")
    study = hpb.read_study(tmp_path / "s.json")
    report = evaluation.report(study)
    assert "not recorded" in report.notes[0]
    assert report.evaluated.opening is not None


def test_what_is_no_study_of_it_is_refused():
    evaluation = evaluation_of()
    study = study_of(evaluation)
    with pytest.raises(ArgumentError, match="must be a study"):
        evaluation.report("study")
    other = evaluation_of(space={"max_depth": hpb.Int(1, 7)})
    with pytest.raises(ExperimentError, match="its space is not the one"):
        other.report(study)
    forest = evaluation_of(RandomForestClassifier(n_estimators=2))
    with pytest.raises(ExperimentError, match="its estimators are not those"):
        forest.report(study)
    plain = hpb.minimize(
        lambda p: p["x"], {"x": hpb.Float(0, 1)}, "random", n_trials=1, store=":memory:"
    )
    with pytest.raises(ExperimentError, match="the study is of no evaluation"):
        evaluation.report(plain)
    assert openings_in(study) == []


def test_a_study_that_runs_is_refused():
    from dataclasses import replace

    evaluation = evaluation_of()
    study = replace(study_of(evaluation), status=Status.RUNNING, home=None)
    with pytest.raises(ExperimentError, match="runs still"):
        evaluation.report(study)


def test_a_copy_for_workers_opens_nothing():
    import cloudpickle

    evaluation = evaluation_of()
    study = study_of(evaluation)
    packed = pack_experiment(evaluation)
    assert packed is not None
    copy = cloudpickle.loads(cloudpickle.dumps(evaluation))
    with pytest.raises(ExperimentError, match="a copy without the sealed test"):
        copy.report(study)


def test_without_a_test_the_report_says_so():
    evaluation = evaluation_of(test=None)
    report = evaluation.report(study_of(evaluation))
    assert "no sealed test: the evaluation was made with test=None" in report.missing
    assert report.best_estimator.predict(X).shape == (150,)
    with pytest.raises(ExperimentError, match="skore reports of a test"):
        report.to_skore()


def test_without_a_complete_trial_the_test_stays_sealed():
    evaluation = evaluation_of(constraints={"accuracy": ">= 2"})
    study = study_of(evaluation)
    report = evaluation.report(study)
    assert "no trial is complete and feasible" in report.sentence
    assert openings_in(study) == []


def test_of_numbers():
    X, y = load_diabetes(return_X_y=True)
    evaluation = hpb.Evaluation(Ridge(), X, y, space={"alpha": hpb.Float(1e-3, 10)})
    report = evaluation.report(study_of(evaluation))
    best = report.evaluated.opening["models"]["best"]
    assert len(best["residuals"]["residual"]) == len(evaluation.test_rows.rows())
    assert set(best["intervals"]) == set(evaluation.scorers)
    assert "r2" in report.sentence


def test_of_labels():
    X, y = make_multilabel_classification(n_samples=80, n_classes=3, random_state=0)
    evaluation = hpb.Evaluation(
        RandomForestClassifier(n_estimators=3),
        X,
        y,
        space={"max_depth": hpb.Int(1, 4)},
        procedure=hpb.KFold(2),
    )
    report = evaluation.report(study_of(evaluation))
    best = report.evaluated.opening["models"]["best"]
    assert len(best["per_class"]["f1"]) == 3
    assert set(best["intervals"]) == {"f1_samples", "f1_macro", "accuracy"}


def test_models_that_cannot_be_fitted_on_all_rows_are_named():
    class Picky(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            if len(X) > 100 and self.C == 1:
                msg = "too many rows"
                raise ValueError(msg)
            return super().fit(X, y, sample_weight)

    evaluation = evaluation_of(
        Picky(max_iter=500), space={"C": hpb.Float(5, 10)}, metrics="accuracy"
    )
    report = evaluation.report(study_of(evaluation))
    opening = report.evaluated.opening
    assert opening["errors"] == {"defaults": "ValueError: too many rows"}
    assert "over the folds" in report.sentence


def test_a_metric_that_looks_at_rows_or_model_gets_them():
    def seen(model, rows, y):
        assert rows.shape[1] == 4
        return float(rows[:, 0].mean() - model.get_depth())

    evaluation = evaluation_of(metrics={"seen": seen, "accuracy": "accuracy"})
    report = evaluation.report(study_of(evaluation))
    hidden = evaluation.test_rows.rows()
    best = report.evaluated.opening["models"]["best"]
    assert best["metrics"]["seen"] == seen(report.best_estimator, hidden.X, hidden.y)
    low, high = best["intervals"]["seen"]
    assert low < best["metrics"]["seen"] < high


def test_of_many_classes_the_record_stays_small(monkeypatch):
    monkeypatch.setattr("sys.argv", ["mine.py", "postgresql://me:secret@host/db"])
    y = np.repeat(np.arange(110), 6)
    X = y[:, None] + np.random.default_rng(0).normal(size=(len(y), 2))
    evaluation = hpb.Evaluation(
        DecisionTreeClassifier(),
        X,
        y,
        space={"max_depth": hpb.Int(5, 9)},
        procedure=hpb.HoldOut(0.3),
        metrics="accuracy",
    )
    opening = evaluation.report(study_of(evaluation, n_trials=2)).evaluated.opening
    curves = opening["models"]["best"]["roc"]
    assert len(curves) == 110
    assert max(len(each["x"]) for each in curves) <= 20
    assert opening["command"] == "mine.py 'postgresql://me:***@host/db'"
