"""The report of any study, from its record alone; and the room that is called."""

from __future__ import annotations

import importlib
import json
import pickle
import types

import cloudpickle
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.errors import ArgumentError
from hpbridge.report.rows import Rows
from hpbridge.sklearn import BridgeSearchCV
from tests.report_studies import HOSTILE


def test_the_room_is_called_as_a_function_and_stays_a_module():
    page = importlib.import_module("hpbridge.report.page")
    assert isinstance(hpb.report, types.ModuleType)
    assert hpb.report.page is page
    assert callable(hpb.report)


def test_the_room_goes_to_other_processes_by_its_name():
    # An objective that calls `trial.report` seems to cloudpickle to use the room.
    for dump in (pickle.dumps, cloudpickle.dumps):
        assert pickle.loads(dump(hpb.report)) is hpb.report


def test_a_study_of_a_plain_objective_says_what_it_lacks():
    study = hpb.minimize(
        lambda p: p["x"] ** 2,
        {"x": hpb.Float(-1, 1)},
        "random",
        n_trials=5,
        seed=0,
        store=":memory:",
    )
    report = hpb.report(study)
    assert report.missing == [
        "no sealed test and no references: it is no study of an hpbridge.Evaluation",
        "no scores of folds: its trials have none",
    ]
    assert "nobody evaluated the defaults" in report.sentence
    (row,) = report.table()
    assert (row["model"], row["metric"]) == ("best", "value")
    assert len(report.data_table()) == len(report.models_table()) == 0
    assert "no sealed test" in str(report)
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["n_trials"] == 5


def test_a_search_of_scikit_learn_has_its_folds_and_lacks_the_rest():
    space = {"max_depth": hpb.Int(1, 5)}
    search = BridgeSearchCV(
        DecisionTreeClassifier(random_state=0),
        space,
        backend="random",
        n_iter=5,
        cv=3,
        random_state=0,
        return_train_score=True,
    ).fit(*load_iris(return_X_y=True))
    report = hpb.report(search.study_)
    (row,) = report.table()
    assert row["low"] < row["validation"] < row["high"]
    assert row["train"] > 0.6
    assert "no sealed test" in report.missing[0]


def test_a_grid_that_was_searched_elsewhere_is_reported(tmp_path):
    grid = {"max_depth": [1, 2, 3]}
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), grid, cv=3)
    pd.DataFrame(search.fit(*load_iris(return_X_y=True)).cv_results_).to_csv(
        tmp_path / "grid.csv"
    )
    report = hpb.report(hpb.read_study(tmp_path / "grid.csv"))
    (row,) = report.table()
    assert row["low"] < row["validation"] < row["high"]
    assert "no scores on training rows: its trials have none" in report.missing


def test_nothing_that_failed_is_reported_as_best():
    def fails(trial):
        raise ValueError(HOSTILE)

    made = hpb.Experiment(objective=fails, space={"x": hpb.Float(0, 1)})
    study = hpb.run(made, "random", n_trials=2, seed=0, store=":memory:")
    report = hpb.report(study)
    assert report.sentence == "Nobody can tell: no trial is complete and feasible."
    assert len(report.table()) == 0
    assert "no best trial" in " ".join(report.missing)
    assert str(report)


def test_what_is_no_study_or_no_code_is_refused():
    with pytest.raises(ArgumentError, match="must be a study"):
        hpb.report("study")
    study = hpb.minimize(
        lambda p: p["x"], {"x": hpb.Float(0, 1)}, "random", n_trials=1, store=":memory:"
    )
    with pytest.raises(ArgumentError, match="HPB999"):
        hpb.report(study, silence=["HPB999"])
    (code,) = {f.code for f in hpb.report(study).findings} - {
        f.code for f in hpb.report(study, silence=["HPB201"]).findings
    }
    assert code == "HPB201"


def test_names_are_printed_as_they_are():
    study = hpb.minimize(
        lambda p: p["x"],
        {"x": hpb.Float(0, 1)},
        "random",
        n_trials=2,
        seed=0,
        name="[red]:fire:[/red]",
        store=":memory:",
    )
    assert "[red]:fire:[/red]" in str(hpb.report(study))
    rows = Rows("[b]", ("a",), ({"a": "[i]x[/i]"},))
    assert "[b]" in str(rows)
    assert "[i]x[/i]" in str(rows)
    assert list(rows.to_pandas()["a"]) == ["[i]x[/i]"]
