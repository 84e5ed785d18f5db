"""`Study.plot`: every kind, and a sentence where a study has no data for one."""

from __future__ import annotations

import random
from dataclasses import replace

import plotly.graph_objects as go
import pytest
from report_studies import HOSTILE, SPACE, run, study_of
from sklearn.datasets import load_iris
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.analysis import importance
from hpbridge.errors import ArgumentError
from hpbridge.report.kinds import KINDS
from hpbridge.report.look import colors
from hpbridge.report.tested_figures import MOST_CLASSES_DRAWN


@pytest.fixture(scope="module")
def of_classes():
    rows, y = load_iris(return_X_y=True)
    evaluation = hpb.Evaluation(
        DecisionTreeClassifier(),
        rows,
        y,
        space={"max_depth": hpb.Int(1, 9), "min_samples_leaf": hpb.Int(1, 60)},
        metrics=["f1_macro", "accuracy"],
        procedure=hpb.KFold(3),
    )
    study = hpb.run(evaluation, "random", n_trials=12, seed=0, store=":memory:")
    return evaluation.report(study).study


OF_ALL = {"history", "parallel", "slice", "importance"}
OF_EVALUATED = OF_ALL | {"curves", "folds", "gain"}
OF_TESTED = OF_EVALUATED | {"confusion", "roc", "precision_recall", "calibration"}


def kinds_of(study):
    found = set()
    for kind in KINDS:
        try:
            assert isinstance(study.plot(kind), go.Figure)
            found.add(kind)
        except hpb.HpbridgeError as error:
            assert repr(study.name) in str(error)  # noqa: PT017 - it is one of many
    return found


def test_each_study_has_the_kinds_that_its_record_has_data_for(of_classes, monkeypatch):
    # Each kind that a study lacks is answered with those that it has: made anew.
    monkeypatch.setattr(importance, "_SAMPLES", 3)
    assert kinds_of(of_classes) == OF_TESTED
    sealed = {**of_classes.attributes, "openings": []}
    assert kinds_of(replace(of_classes, attributes=sealed)) == OF_EVALUATED
    plain = run(lambda t: t["x"], n_trials=12)
    assert kinds_of(plain) == OF_ALL
    assert {*hpb.report(of_classes).figures} == OF_TESTED


def test_residuals_are_those_of_numbers():
    rows, y = load_iris(return_X_y=True)
    space = {"alpha": hpb.Float(1e-3, 1e3, log=True)}
    evaluation = hpb.Evaluation(Ridge(), rows, rows[:, 0] + y, space=space)
    study = hpb.run(evaluation, "random", n_trials=3, seed=0, store=":memory:")
    study = evaluation.report(study).study
    names = [trace.name for trace in study.plot("residuals").data]
    assert {"tuned", "defaults"} <= {*names}
    with pytest.raises(hpb.HpbridgeError, match="its target has numbers"):
        study.plot("roc")


def test_an_unknown_kind_or_metric_is_answered_with_the_nearest(of_classes):
    with pytest.raises(ArgumentError, match="did you mean 'history'"):
        of_classes.plot("histry")
    with pytest.raises(ArgumentError, match="did you mean 'accuracy'"):
        of_classes.plot("history", metric="acuracy")
    with pytest.raises(ArgumentError, match="takes no metric; these do: history"):
        of_classes.plot("roc", metric="accuracy")


def test_what_a_study_lacks_is_said_with_what_it_has():
    plain = study_of([3, 2, 1])
    with pytest.raises(hpb.HpbridgeError) as caught:
        plain.plot("confusion")
    said = str(caught.value)
    assert "no sealed test: it is no study of an hpbridge.Evaluation" in said
    assert "it has data for: history, parallel, slice" in said


def test_another_metric_can_be_drawn(of_classes):
    figure = of_classes.plot("folds", metric="accuracy")
    assert figure.layout.yaxis.title.text == "accuracy"
    # Of scorers, more is better: there is a best so far.
    names = [trace.name for trace in of_classes.plot("history", metric="accuracy").data]
    assert "best so far" in names
    # Of a time nobody said what is better.
    other = of_classes.plot("history", metric="mean_fit_time")
    assert "best so far" not in [trace.name for trace in other.data]


def test_the_curves_are_those_of_the_opening(of_classes):
    (opening,) = of_classes.attributes["openings"]
    heat = of_classes.plot("confusion").data[0]
    best = opening["models"]["best"]
    order = [best["labels"].index(each) for each in (0, 1, 2)]
    counts = [[best["confusion"][row][column] for column in order] for row in order]
    assert list(heat.x) == ["0", "1", "2"]
    assert [[int(text) for text in row] for row in heat.text] == counts
    curves = [t for t in of_classes.plot("roc").data if t.name != "chance"]
    assert [t.name for t in curves] == ["0", "1", "2"]
    assert list(curves[0].x) == pytest.approx(
        opening["models"]["best"]["roc"][0]["x"], abs=1e-5
    )


def test_of_many_classes_those_with_the_most_rows_have_curves():
    rng = random.Random(0)
    labels = [f"c{k}" for k in range(14) for _ in range(20 + 5 * (k < 4))]
    rows = [[rng.random(), rng.random()] for _ in labels]
    space = {"max_depth": hpb.Int(1, 5)}
    evaluation = hpb.Evaluation(DecisionTreeClassifier(), rows, labels, space=space)
    study = hpb.run(evaluation, "random", n_trials=2, seed=0, store=":memory:")
    names = [t.name for t in evaluation.report(study).study.plot("roc").data]
    assert len(names) == 1 + MOST_CLASSES_DRAWN
    assert {"c0", "c1", "c2", "c3"} < {*names}


def test_names_are_text_in_figures():
    study = run(
        lambda t: {HOSTILE: t["lr"]},
        space=SPACE,
        direction={HOSTILE: "minimize"},
        n_trials=12,
    )
    for kind in OF_ALL:
        said = study.plot(kind).to_json().replace("\\u003c", "<")
        assert "</script" not in said


def test_the_worst_trials_do_not_squeeze_the_others():
    values = [-0.5 + k / 1000 for k in range(30)] + [1e6, 1e5]
    figure = study_of(values).plot("history")
    far = [trace for trace in figure.data if "worse" in trace.name]
    assert [trace.name for trace in far] == ["worse than the plot shows: 2"]
    assert figure.layout.yaxis.range[1] < 0


def test_inactive_parameters_have_their_own_place_in_parallel_coordinates():
    study = run(lambda t: t["lr"], space=SPACE, n_trials=20)
    figure = study.plot("parallel")
    (labels,) = [trace for trace in figure.data if trace.mode == "text"]
    assert "inactive" in labels.text
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    drawn = sum(value is None for trace in lines for value in trace.y)
    assert drawn == len(study.trials)


def test_values_too_large_for_a_width_are_drawn():
    study = run(lambda t: (2 * t["x"] - 1) * 1.7e308, n_trials=12)
    for kind in ("history", "parallel", "slice"):
        study.plot(kind)


@pytest.mark.parametrize(
    "noted",
    [
        {"evaluation": 5, "openings": "x", "nested": "yes", "thresholds": [3]},
        {"evaluation": {"metrics": 3, "estimator": "x", "references": 7}},
        {"nested": [{}], "thresholds": [{"tried": [1]}], "confirmations": [{}]},
        {"openings": [{"trial": None}]},
    ],
)
def test_notes_of_a_user_that_have_our_names_cost_no_page(of_classes, noted, tmp_path):
    if "openings" in noted and noted["openings"] != "x":
        number = of_classes.best_by_main_metric().number
        noted = {"openings": [{"trial": number, "at": "noon"}]}
    attributes = {**of_classes.attributes, **noted}
    report = hpb.report(replace(of_classes, attributes=attributes))
    report.to_html(tmp_path / "page.html")
    assert "The answer" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_one_look_is_read_from_the_style_sheet():
    figure = study_of([3, 2, 1]).plot("history")
    assert figure.layout.paper_bgcolor == colors()["--page"] == "#ffffff"
    best = next(trace for trace in figure.data if trace.name == "best so far")
    assert best.line.color == colors()["--best"]


def test_curves_are_those_of_all_trials_that_reported():
    def objective(trial):
        for step in range(1, 9):
            trial.report(float("nan") if trial.number == 2 else trial["x"], step)
            if trial.number > 7 and step == 3:
                raise hpb.TrialPruned
        return trial["x"]

    study = run(objective, n_trials=12)
    assert kinds_of(study) >= {"history", "curves"}
    drawn = {trace.name: trace for trace in study.plot("curves").data}
    assert drawn["stopped early"].x == (1, 2, 3, None) * 4
    assert drawn["complete"].x == (*range(1, 9), None) * 6
    assert drawn["best"].x == (*range(1, 9), None)
    with pytest.raises(hpb.HpbridgeError, match="no trial reported finite values"):
        study_of([3, 2, 1]).plot("curves")


def test_many_long_curves_are_thinned_and_the_worst_values_do_not_squeeze():
    def objective(trial):
        for step in range(1000):
            trial.report(trial["x"] - 0.5 if step else -1e6, step)
        return trial["x"]

    experiment = {"n_trials": 3, "direction": "maximize"}
    figure = run(objective, **experiment).plot("curves")
    assert sum(len(trace.x) for trace in figure.data) < 3 * 220
    assert figure.layout.yaxis.range[0] > -10
    assert all(trace.x[-2] == 999 for trace in figure.data)
