from __future__ import annotations

import ast

import pytest

from hpbridge.contract.references import Wanted, find_experiment, load_experiment
from hpbridge.contract.returned import minimized_score
from hpbridge.contract.script import Reading
from hpbridge.contract.source import Source
from hpbridge.errors import ExperimentError


def reading(text: str) -> Reading:
    source = Source(text)
    (call,) = source.calls()
    return Reading(source, source.arguments(call, ("a", "b")))


def test_what_is_asked_for_is_taken_and_what_is_left_is_named():
    read = reading("f(1, 2.0, c=x, d=None, bar=True, long='" + "x" * 60 + "')")
    assert read.value("a") == 1
    assert read.number("b") == 2
    assert read.number("c") is None
    read.rest(unsaid=("bar",))
    assert read.not_taken[0] == "c=x"
    assert read.not_taken[1].startswith("long='xxx")
    assert len(read.not_taken) == 2
    assert len(read.not_taken[1]) < 50


@pytest.mark.parametrize("given", ["'ten'", "2.5", "[1]"])
def test_a_number_that_is_none_is_not_taken(given):
    read = reading(f"f(a={given})")
    assert read.number("a") is None
    assert read.not_taken == [f"a={given}"]


TOP = """
import optuna
data = [1.0]
def objective(trial, data):
    return trial.suggest_float("x", -1, 1) * data[0]
study = optuna.create_study(direction="maximize")
study.optimize(lambda trial: objective(trial, data), n_trials=7)
raise SystemExit(study.best_value)
"""


def test_a_script_says_its_objective_and_its_study_to_every_process(tmp_path):
    path = tmp_path / "top_level_script.py"
    path.write_text(TOP)
    found = find_experiment(Wanted(str(path)))
    assert found.experiment.metrics == {"value": "maximize"}
    assert found.script is not None
    assert found.script.n_trials == 7
    assert found.experiment.name == "objective"
    assert "read up to line 7" in found.notes[0]
    again = load_experiment(found.experiment.reference)
    assert again.metrics == found.experiment.metrics
    assert again.reference == found.experiment.reference


def test_a_user_says_the_direction_before_the_script_does(tmp_path):
    path = tmp_path / "directed_script.py"
    path.write_text(TOP)
    found = find_experiment(Wanted(str(path), direction=["minimize"]))
    assert found.experiment.metrics == {"value": "minimize"}
    assert not found.experiment.is_direction_assumed


def test_a_direction_that_nobody_says_is_assumed(tmp_path):
    path = tmp_path / "bare_script.py"
    path.write_text("def f(trial):\n    return trial.suggest_float('x', 0, 1)")
    found = find_experiment(Wanted(f"{path}:f"))
    assert found.experiment.is_direction_assumed
    assert found.script is None


@pytest.mark.parametrize(
    ("body", "score"),
    [
        ("return accuracy", "accuracy"),
        ("return cross_val_score(clf, X, y).mean()", "cross_val_score"),
        ("return float(np.mean(scores))", "scores"),
        ("return trainer.callback_metrics['val_acc'].item()", "val_acc"),
        ("return {'loss': f1, 'status': 'ok'}", "f1"),
        ("return 1 - accuracy", ""),
        ("return -score", ""),
        ("return log_loss(y, p)", ""),
        ("return brier_score_loss(y, p)", ""),
        ("def inner():\n        return accuracy\n    return loss", ""),
    ],
)
def test_a_score_that_is_minimized_is_seen_by_what_is_returned(body, score):
    tree = ast.parse(f"def train(p):\n    {body}")
    assert minimized_score(tree, "train", ["loss"]) == score


def test_a_metric_or_a_function_may_be_called_a_score():
    tree = ast.parse("def accuracy(p): ...\ndef f1(p): ...")
    assert minimized_score(tree, "f1", ["val_auc"]) == "val_auc"
    assert minimized_score(tree, "accuracy", ["value"]) == "accuracy"
    assert minimized_score(tree, "f1", ["value"]) == ""


def test_a_score_that_a_script_minimizes_is_warned_of(tmp_path):
    path = tmp_path / "scoring_script.py"
    text = "def f(trial):\n    score = trial.suggest_float('x', 0, 1)\n    return score"
    path.write_text(text)
    (note,) = find_experiment(Wanted(f"{path}:f")).notes
    assert note.startswith("Warning: 'score' is minimized")
    assert note.endswith("--direction value=maximize")
    assert find_experiment(Wanted(f"{path}:f", direction=["minimize"])).notes == ()


ODD = {
    "of_three.py:f": ("def f(trial, X, y): ...", "functools.partial(f, X=X, y=y)"),
    "of_none.py:f": ("def f(): ...", "takes no argument"),
    "of_class.py:F": ("class F:\n    def __call__(self, trial): ...", "it is a class"),
    "of_lambda.py:f": ("f = lambda p: p['x']", "two ways work"),
    "of_text.py:f": ("f = 'text'", "cannot be called"),
    "of_book.ipynb:f": ("{}", "jupyter nbconvert --to script of_book.ipynb"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_objective_is_refused_with_what_would_be_one(tmp_path, name):
    text, said = ODD[name]
    (tmp_path / name.partition(":")[0]).write_text(text)
    with pytest.raises(ExperimentError) as info:
        find_experiment(Wanted(f"{tmp_path}/{name}"))
    assert said in str(info.value)


GOOD = {
    "by_partial.py:f": (
        "import functools\ndef g(trial, a): return trial.suggest_float('x', 0, a)\n"
        "f = functools.partial(g, a=1)"
    ),
    "by_lambda.py:f": "f = lambda trial: trial.suggest_float('x', 0, 1)",
    "by_object.py:f": (
        "class F:\n    def __call__(self, trial):\n"
        "        return trial.suggest_float('x', 0, 1)\nf = F()"
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_whatever_takes_one_trial_is_an_objective(tmp_path, name):
    (tmp_path / name.partition(":")[0]).write_text(GOOD[name])
    assert find_experiment(Wanted(f"{tmp_path}/{name}")).experiment.is_growing
