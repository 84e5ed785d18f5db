"""Which of several numbers is reported, and what all callbacks refuse."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import subprocess
import sys

import pytest

import hpbridge as hpb
from hpbridge import callbacks
from hpbridge.callbacks.reporting import Reporter
from hpbridge.errors import ArgumentError, CallbackError, HpbridgeError

ONE = {"valid": {"auc": 1.0}}
SEVERAL = {"train": {"auc": 1.0, "loss": 0.0}, "valid": {"auc": 0.5, "loss": 0.2}}


def a_trial():
    return hpb.Trial({"x": 1}, number=0, seed=1)


def reporter(metric=None, data=None):
    return Reporter(a_trial(), "Toy", metric, data)


def test_the_only_one_needs_no_name():
    assert reporter().choose(ONE) == ("valid", "auc")


def test_the_training_data_are_no_validation():
    assert reporter("loss").choose(SEVERAL) == ("valid", "loss")
    assert reporter("loss", "train").choose(SEVERAL) == ("train", "loss")


def test_where_there_are_only_training_data_they_are_it():
    assert reporter("auc").choose({"training": {"auc": 1.0}}) == ("training", "auc")


def test_the_metric_of_the_experiment_needs_no_name():
    chosen = []

    def objective(trial):
        chosen.append(Reporter(trial, "Toy").choose(SEVERAL))
        return {"loss": 1.0}

    space = {"x": hpb.Float(0, 1)}
    experiment = hpb.Experiment(
        objective=objective, space=space, direction={"loss": "minimize"}
    )
    hpb.run(experiment, "random", n_trials=1, store=":memory:")
    assert chosen == [("valid", "loss")]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"metric": "acu"}, "Toy evaluates no metric 'acu'; did you mean 'auc'?"),
        ({"metric": "auc", "data": "t"}, "no data set 't'; there are: train, valid"),
        ({}, "several metrics, and none was named"),
    ],
)
def test_what_is_not_there_is_refused(given, words):
    with pytest.raises(CallbackError, match=r"one of: '") as caught:
        reporter(**given).choose(SEVERAL)
    assert words in caught.value.headline


@pytest.mark.parametrize("trial", [None, {"x": 1}, 3])
def test_a_trial_is_what_the_objective_got(trial):
    with pytest.raises(ArgumentError, match="trial must be what the objective got"):
        Reporter(trial, "Toy")


def test_names_are_texts():
    with pytest.raises(ArgumentError) as caught:
        Reporter(a_trial(), "Toy", 3, ["valid"])
    assert len(caught.value.problems) == 2


def test_the_end_of_a_trial():
    trial = hpb.Trial({}, number=0, seed=1, listen=lambda step, value: step == 2)
    made = Reporter(trial, "Toy")
    made.report(1, 0.5)
    with pytest.raises(hpb.TrialPruned):
        made.report(2, float("nan"))
    assert [step for step, _ in trial.reports] == [1, 2]


def test_a_copy_reports_to_the_same_trial():
    made = reporter()
    assert copy.deepcopy({"a": made})["a"] is made
    assert copy.copy(made) is made


def test_what_was_saved_with_a_model_reports_nothing():
    again = pickle.loads(pickle.dumps(reporter()))
    with pytest.raises(CallbackError, match="from another process"):
        again.report(1, 0.5)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_process_that_was_forked_is_refused():
    made = reporter()
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def report():
        try:
            made.report(1, 0.5)
        except HpbridgeError as error:
            theirs.send(error.headline)

    child = context.Process(target=report)
    child.start()
    try:
        assert ours.poll(120)
        assert "from another process" in ours.recv()
    finally:
        child.join()


def test_importing_the_package_imports_no_library():
    heavy = "catboost fastai keras lightgbm lightning numpy sklearn torch xgboost"
    code = (
        "import sys, hpbridge; hpbridge.callbacks.__all__;"
        f"print([n for n in {heavy.split()} if n in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_a_library_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    for name in ("xgboost.callback", "hpbridge.callbacks.xgboost"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(HpbridgeError, match="XGBoost needs xgboost"):
        callbacks.__getattr__("XGBoost")
