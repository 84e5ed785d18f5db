"""`hpbridge evaluate` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.evaluation.saved import model_metadata
from tests.command import hpbridge

FILE = """
import hpbridge as hpb
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
X, y = load_iris(return_X_y=True)
evaluation = hpb.Evaluation(
    DecisionTreeClassifier(), X, y, space={"max_depth": hpb.Int(1, 5)},
    metrics=["accuracy", "f1_macro"],
)
plain = hpb.Experiment(objective=lambda t: t["x"], space={"x": hpb.Float(0, 1)})
"""
RUN = ("evaluate", "ev.py:evaluation", "-b", "random", "-s", "1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ev.py").write_text(FILE)
    return tmp_path


def test_an_evaluation_from_its_file_to_page_and_model(folder: Path) -> None:
    words = ("--report", "page.html", "--save-model", "model.skops")
    done = hpbridge(folder, *RUN, "-n", "4", *words)
    assert "finished; 4 complete" in done.stdout
    assert "on 30 rows that no trial saw" in done.stdout or "Keep" in done.stdout
    assert "<html" in (folder / "page.html").read_text().lower()
    study = hpb.load_study(1, folder / "hpbridge.db")
    (opening,) = study.attributes["openings"]
    assert opening["command"].startswith("hpbridge evaluate ev.py:evaluation")
    known = model_metadata(folder / "model.skops")
    assert known["trial"] == study.best_by_main_metric().number
    assert known["test"] == opening["models"]["best"]["metrics"]

    again = hpbridge(folder, *RUN, "--resume", "--json", "--silence", "HPB203")
    told = json.loads(again.stdout)
    assert "Nothing of" in again.stderr
    assert len(told["report"]["openings"]) == 1
    assert "HPB203" not in {each["code"] for each in told["report"]["findings"]}

    refused = hpbridge(folder, *RUN, "-n", "9", "--save-model", "model.skops", code=2)
    assert "it exists already" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ev.py:plain",), "no hpbridge.Evaluation"),
        (("ev.py:evaluation", "--silence", "HPB999"), "which is no check"),
        (("ev.py:evaluation", "--report", "none/page.html"), "folder does not exist"),
        (("ev.py:evaluation", "--save-model", "model.pkl"), "neither .skops nor"),
    ],
)
def test_what_cannot_be_is_refused_before_the_first_fit(folder, words, said) -> None:
    done = hpbridge(folder, "evaluate", *words, "-n", "3", code=2)
    assert said in done.stderr
    assert not (folder / "hpbridge.db").exists()
