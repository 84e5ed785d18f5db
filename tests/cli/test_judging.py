"""``hpbridge evaluate --nested N --threshold METRIC`` as a user runs it."""

from __future__ import annotations

import json

import pytest

from hpbridge import load_study
from hpbridge.errors import ExperimentError

FILE = """
import hpbridge as hpb
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

evaluation = hpb.Evaluation(
    LogisticRegression(),
    *make_classification(160, weights=[0.8], random_state=0),
    space={"C": hpb.Float(0.01, 10, log=True)},
    metrics=["f1", "recall"],
    procedure=2,
)
raced = hpb.Evaluation(
    LogisticRegression(),
    *make_classification(160, weights=[0.8], random_state=0),
    space={"C": hpb.Float(1e-4, 10, log=True)},
    metrics=["f1"],
    procedure=6,
)
"""
RUN = ["evaluate", "ev.py:evaluation", "-b", "random", "-s", "3", "-n", "2"]


@pytest.fixture
def hpbridge(run_here, tmp_path):
    (tmp_path / "ev.py").write_text(FILE)
    return run_here


def test_what_is_nested_races_as_the_search_does(hpbridge, tmp_path) -> None:
    run = ["evaluate", "ev.py:raced", "-b", "random", "-s", "3", "-n", "5"]
    pruner = ["--pruner", "race", "--pruner-option", "burn_in=2"]
    page = ["--nested", "2", "--report", "page.html"]
    said = hpbridge(*run, *pruner, *page)
    assert "pruned" in said.out
    studies = [load_study(number, tmp_path / "hpbridge.db") for number in (1, 2, 3)]
    for study in studies:
        assert study.settings.budget.pruner["options"]["burn_in"] == 2
    assert "pruned" in {trial.state for study in studies for trial in study.trials}
    assert (tmp_path / "page.html").exists()


def test_what_was_tuned_is_nested_and_gets_a_threshold(hpbridge) -> None:
    words = [*RUN, "--nested", "2", "--threshold", "recall >= 0.8"]
    found = json.loads(hpbridge(*words, "--json").out)["report"]
    assert {"Nested cross-validation", "Threshold"} == found["further"].keys()
    assert "(recall >= 0.8: " in found["further"]["Threshold"]
    rows = {row["model"] for row in found["table"]}
    assert "best at threshold" in rows
    assert "nested outer" in {row["data"] for row in found["data"]}
    studies = json.loads(hpbridge("studies", "--json").out)["studies"]
    assert [(s["seed"], s["trials"]) for s in studies] == [(3, 2), (3, 2), (4, 2)]
    # It goes on: nothing of it is left to run, and the test stays open once.
    again = json.loads(hpbridge(*words, "--resume", "--json").out)["report"]
    assert again["further"] == found["further"]
    assert len(again["openings"]) == 1
    assert len(json.loads(hpbridge("studies", "--json").out)["studies"]) == 3


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--nested", "1"], "outer: n_splits must be a whole number >= 2, got 1"),
        (["--nested", "99"], "outer: class 1 has"),
        (["--pruner", "race"], "no trial in the first burn_in=3 folds"),
        (["--threshold", "f2"], "there is no metric 'f2'"),
        (["--threshold", "roc_auc"], "does not depend on a threshold"),
    ],
)
def test_what_cannot_be_is_refused_before_the_search(words, problem, hpbridge) -> None:
    with pytest.raises(ExperimentError, match=problem):
        hpbridge(*RUN, *words)
    assert json.loads(hpbridge("studies", "--json").out)["studies"] == []
