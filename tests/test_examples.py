"""Every example gives one experiment, and its trials are complete."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.contract.references import load_experiment

pytestmark = pytest.mark.filterwarnings(
    # A dummy that never says a class has no precision.
    "ignore::sklearn.exceptions.UndefinedMetricWarning"
)

EXAMPLES = Path(__file__).parents[1] / "examples"
FILES = {path.stem: path for path in sorted(EXAMPLES.glob("*.py"))}
NEEDS = {"torch_digits": "torch", "rare_digit": "imblearn", "boosting": "lightgbm"}
"""What an example imports that need not be installed."""

PLAIN = {"boosting", "digits", "quickstart"}
"""Those with an objective of their own."""


def ran(name, n_trials=1, **settings):
    pytest.importorskip(NEEDS.get(name, "sklearn"), reason=f"{name} needs it")
    experiment = load_experiment(str(FILES[name]))
    study = hpb.run(
        experiment, "random", n_trials=n_trials, seed=0, store=":memory:", **settings
    )
    assert study.failures == []
    assert len(study.trials) == n_trials
    return experiment, study


@pytest.mark.parametrize("name", sorted(FILES.keys() - PLAIN))
def test_an_evaluation_begins_with_the_defaults(name):
    evaluation, study = ran(name)
    assert evaluation.is_sealed
    assert study.trials[0].origin == "baseline" or evaluation.has_own_defaults
    dummy = study.attributes["evaluation"]["references"]["dummy"]["metrics"]
    main = next(iter(evaluation.scorers))
    assert study.best_trial.metrics[main] > dummy[main]


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_an_objective_of_its_own(name):
    ran(name)


@pytest.mark.parametrize("name", FILES)
def test_what_an_example_says_to_type_names_it(name):
    text = ast.get_docstring(ast.parse(FILES[name].read_text())) or ""
    commands = [line for line in text.splitlines() if line.startswith("hpbridge run")]
    assert commands
    assert all(f"examples/{name}.py" in command for command in commands)


def test_accuracy_misleads_where_a_class_is_rare():
    _, study = ran("rare_digit")
    dummy = study.attributes["evaluation"]["references"]["dummy"]["metrics"]
    assert dummy["accuracy"] == pytest.approx(0.9, abs=0.01)
    assert dummy["recall"] == 0
    assert study.best_trial.metrics["recall"] > 0.8


def test_a_module_of_pytorch_reports_each_epoch():
    evaluation, study = ran("torch_digits", n_trials=2)
    for trial in study.trials:
        scores = trial.attributes["curve_test_accuracy"][0]
        assert list(trial.reports) == [*enumerate(scores, start=1)]
        assert trial.reports[-1][1] == trial.metrics["accuracy"]
    rows, (fitted, scored) = evaluation.folds.kept.rows(), evaluation.folds.folds[0]
    by_fit = evaluation.models.fresh(study.trials[1].values)
    by_fit.fit(rows.X[fitted], rows.y[fitted])
    # Its fit is made of its epochs.
    score = by_fit.score(rows.X[scored], rows.y[scored])
    assert score == study.trials[1].metrics["accuracy"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "printed"),
    [("grid_search", "8 trials of optuna:tpe"), ("wine_nested", "outer")],
)
def test_an_example_that_is_a_script_too(tmp_path, name, printed):
    done = subprocess.run(
        [sys.executable, FILES[name]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed in done.stdout


def test_boosting_reports_each_round():
    _, study = ran("boosting", pruner=("median", {"n_warmup_steps": 20}))
    trial = study.trials[0]
    assert [step for step, _ in trial.reports] == [*range(1, 82)]
    assert trial.reports[-1][1] == trial.metrics["value"]
