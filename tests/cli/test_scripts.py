from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from hpbridge.cli.arguments import read_direction
from hpbridge.errors import OptionError
from tests import command

hpbridge = partial(command.hpbridge, warm="hyperopt")  # which its script imports

SCRIPT = """
import sys
from hyperopt import fmin, hp, tpe
SEEN = list(sys.argv)
space = {"x": hp.uniform("x", -1, 1)}
def accuracy(trial):
    return 1 - trial.suggest_float("x", -1, 1) ** 2
def f(p):
    assert sys.argv == SEEN
    assert len(SEEN) == 1 and SEEN[0].endswith("script.py")
    return p["x"] ** 2
best = fmin(f, space, algo=tpe.suggest, max_evals=4)
raise SystemExit(best)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path


def test_a_script_runs_in_workers_and_sees_its_own_name(folder: Path) -> None:
    done = hpbridge(folder, "run", "script.py", "-b", "random", "-w", "2")
    assert "4 complete, 0 failed" in done.stdout
    assert "read up to line 12" in done.stderr
    assert "From script.py: direction loss=minimize, its space, 4 trials" in done.stderr
    again = hpbridge(folder, "resume", "1", "-n", "5")
    assert "5 complete, 0 failed" in again.stdout


def test_what_is_assumed_is_said_first_and_beside_the_best(folder: Path) -> None:
    words = ["run", "script.py:accuracy", "-b", "random", "-n", "2"]
    done = hpbridge(folder, *words)
    said = "value: smaller is better (assumed; --direction value=maximize)"
    lines = done.stderr.splitlines()
    assert lines[0] == said
    assert said in lines[2:]
    assert "'accuracy' is minimized, and larger is better" in done.stderr
    told = hpbridge(folder, *words, "--json")
    assert told.stderr == ""
    assert said in json.loads(told.stdout)["notes"]
    sure = hpbridge(folder, *words, "--direction", "maximize", "--json")
    assert json.loads(sure.stdout)["metrics"] == {"value": "maximize"}
    assert said not in json.loads(sure.stdout)["notes"]
    name = json.loads(sure.stdout)["name"]
    refused = hpbridge(folder, *words, "--from", name, code=2)
    assert "--direction value=maximize" in refused.stderr


def test_compare_and_explain_take_a_space_and_a_direction(folder: Path) -> None:
    space = ["--space", "script.py:space"]
    done = hpbridge(folder, "explain", "script.py:f", *space, "--backend", "random")
    assert "native" in done.stdout
    words = ["compare", "script.py:accuracy", "--direction", "maximize", "-n", "2"]
    done = hpbridge(folder, *words, "-b", "random", "--json")
    (name,) = json.loads(done.stdout)["studies"]
    resumed = hpbridge(folder, "resume", name, "-n", "3", "--json")
    assert json.loads(resumed.stdout)["metrics"] == {"value": "maximize"}
    refused = hpbridge(folder, "explain", "script.py:accuracy", code=2)
    assert "hpbridge run script.py:accuracy --trials 1" in refused.stderr


def test_directions_are_read_with_and_without_metrics():
    assert read_direction(None) is None
    assert read_direction(["maximize"]) == ["maximize"]
    assert read_direction(["minimize", "Maximize"]) == ["minimize", "maximize"]
    assert read_direction(["a=b=maximize"]) == {"a=b": "maximize"}


@pytest.mark.parametrize(
    "words", [["maximise"], ["a=up"], ["=maximize"], ["a=minimize", "maximize"]]
)
def test_a_wrong_direction_names_the_option_and_the_two_words(words):
    with pytest.raises(OptionError) as info:
        read_direction(words)
    assert "Option --direction" in str(info.value)
    assert "--direction maximize" in str(info.value)


PRUNES = """
import optuna
def objective(trial):
    x = trial.suggest_float("x", -1, 1)
    for step in range(4):
        trial.report(x**2, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return x**2
if __name__ == "__main__":
    study = optuna.create_study(pruner=optuna.pruners.MedianPruner(2))
    study.optimize(objective, n_trials=8)
"""


def test_a_script_s_pruner_is_taken_replaced_or_left_out(folder: Path) -> None:
    (folder / "prunes.py").write_text(PRUNES)
    words = ["run", "prunes.py", "-b", "random"]
    done = hpbridge(folder, *words)
    assert "8 trials, pruner median n_startup_trials=2" in done.stderr
    assert "Pruner median stopped" in done.stdout
    other = ["--pruner", "threshold", "--pruner-option", "upper=9"]
    done = hpbridge(folder, *words, *other)
    assert "pruner median" not in done.stderr
    assert "threshold" in done.stdout
    done = hpbridge(folder, *words, "--pruner", "none")
    assert "pruner" not in done.stderr
    assert "8 complete" in done.stdout
    words = [*words, "--pruner", "none", "--pruner-option", "upper=9"]
    refused = hpbridge(folder, *words, code=2)
    assert "--pruner-option" in refused.stderr
