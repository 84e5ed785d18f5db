"""Models that are saved can be read again, and say what they are of."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections import deque

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import hpbridge as hpb
from hpbridge.evaluation.saved import (
    ModelFileError,
    check_model_target,
    model_metadata,
)

X, Y = load_iris(return_X_y=True)


def kept(values, kind):
    """Return some columns: those that a deque names, all of them else."""
    return values[:, list(kind)] if isinstance(kind, deque) else values


def report_of(*steps):
    model = make_pipeline(*steps, LogisticRegression(max_iter=300))
    evaluation = hpb.Evaluation(
        model,
        X,
        Y,
        space={"logisticregression__C": hpb.Float(0.1, 10)},
        procedure=hpb.KFold(2),
        metrics="accuracy",
    )
    study = hpb.run(evaluation, "random", n_trials=2, seed=0, store=":memory:")
    return evaluation.report(study)


@pytest.fixture(scope="module")
def report():
    return report_of(StandardScaler())


@pytest.mark.parametrize("name", ["model.skops", "model.joblib"])
def test_a_model_comes_back_with_what_it_is_of(report, tmp_path, name):
    path = report.save_model(tmp_path / name)
    assert path == tmp_path / name
    load = skops.io.load if path.suffix == ".skops" else joblib.load
    np.testing.assert_array_equal(
        load(path).predict(X), report.best_estimator.predict(X)
    )
    known = model_metadata(path)
    best = report.study.best_by_main_metric()
    assert known["params"] == dict(best.params)
    assert known["trial"] == best.number
    assert known["fingerprint"] == report.study.attributes["evaluation"]["fingerprint"]
    assert known["test"] == report.evaluated.opening["models"]["best"]["metrics"]
    assert {"python", "scikit-learn", "numpy", "hpbridge"} <= set(known["versions"])
    assert known["sentence"] == report.sentence


def test_another_process_loads_it_and_runs_nothing_of_ours(report, tmp_path):
    path = report.save_model(tmp_path / "model.skops")
    source = (
        "import skops.io, sys; model = skops.io.load(sys.argv[1]); "
        "print(model.predict([[5.0, 3.4, 1.5, 0.2]])[0], 'hpbridge' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0 False\n"


def test_no_file_is_replaced_unless_one_says_so(report, tmp_path):
    path = tmp_path / "model.joblib"
    path.with_name("model.joblib.json").write_text("mine")
    with pytest.raises(ModelFileError, match="it exists already"):
        report.save_model(path)
    assert not path.exists()
    report.save_model(path, overwrite=True)
    assert model_metadata(path)["experiment"] == "LogisticRegression"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "model.joblib",
        "model.joblib.json",
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("model.pkl", "neither .skops nor .joblib"),
        ("none/model.skops", "its folder does not exist"),
        ("folder.skops", "it is a folder"),
    ],
)
def test_a_place_where_nothing_can_be_saved_is_refused(tmp_path, name, said):
    (tmp_path / "folder.skops").mkdir()
    with pytest.raises(ModelFileError, match=said):
        check_model_target(tmp_path / name)


def test_what_skops_cannot_hold_is_saved_by_joblib_and_it_is_said(tmp_path):
    report = report_of(FunctionTransformer(lambda values: values))
    with pytest.raises(ModelFileError, match="joblib cannot hold Pipeline"):
        report.save_model(tmp_path / "model.skops")
    assert list(tmp_path.iterdir()) == []

    report = report_of(FunctionTransformer(kept, kw_args={"kind": re.compile("a")}))
    path = report.save_model(tmp_path / "model.skops")
    assert path == tmp_path / "model.joblib"
    assert "by joblib, since skops cannot hold Pipeline" in report.notes[-1]
    assert joblib.load(path).predict(X).shape == (150,)


def test_a_model_that_skops_changes_is_saved_by_joblib(tmp_path):
    # It reads a deque without what is in it.
    report = report_of(FunctionTransformer(kept, kw_args={"kind": deque([0, 1])}))
    path = report.save_model(tmp_path / "model.skops")
    assert path == tmp_path / "model.joblib"
    assert "skops cannot hold Pipeline" in report.notes[-1]
    found = joblib.load(path).predict(X)
    np.testing.assert_array_equal(found, report.best_estimator.predict(X))


def test_a_file_of_somebody_else_says_nothing_of_its_model(tmp_path):
    joblib.dump({}, tmp_path / "model.joblib")
    skops.io.dump(LogisticRegression(), tmp_path / "model.skops")
    for name in ("model.joblib", "model.skops", "none.skops"):
        with pytest.raises(ModelFileError, match="says nothing of its model"):
            model_metadata(tmp_path / name)


def test_skore_reports_of_the_same_models_and_rows(report):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = report.to_skore()
        compared = report.to_skore(compare=True)
        names = list(compared.reports_)
        accuracy = own.metrics.accuracy()
    best = report.evaluated.opening["models"]["best"]["metrics"]["accuracy"]
    assert accuracy == pytest.approx(best)
    assert set(names) == {"dummy", "defaults", "best"}
