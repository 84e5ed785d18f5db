"""Why did it fail: while it runs, at its end, later, and by the exit code."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import hpbridge

FILE = """
import hpbridge as hpb

def lost(t):
    raise FileNotFoundError(f"part {t.number} of train.csv is not there")

def half(t):
    t.report(0.5, 1)
    t.set_attribute("who", "ada")
    if t.number in {1, 3}:
        raise KeyError(":x: [red]")
    return {"value": t["x"], "cost": 2.0}

def make(f, **more):
    return hpb.Experiment(objective=f, space={"x": hpb.Float(0, 1)}, **more)

lost = make(lost)
half = make(half, constraints={"cost": "<= 1.5"})
none = make(lambda t: None)
other = make(lambda t: {"accuracy": t["x"]}, name="other")

def suggests(trial):
    return {"accuracy": trial.suggest_float("x", 0, 1)}
"""
WORDS = ["-b", "random", "-s", "0", "--name", "s"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "exp.py").write_text(FILE)
    return tmp_path


def test_a_run_whose_trials_all_fail_says_why_and_ends_with_1(folder: Path) -> None:
    done = hpbridge(folder, "run", "exp.py:lost", "-n", "6", *WORDS, code=1)
    why = "FileNotFoundError: part 0 of train.csv is not there"
    assert done.stderr.count(f"trial 0 failed: {why}") == 1
    assert done.stderr.count("FileNotFoundError") == 1
    told = "all 3 trials so far failed with this error; Ctrl-C stops"
    assert done.stderr.count(told) == 1
    assert "6/6 trials, best -, 6 failed" in done.stderr
    assert "0 complete, 6 failed" in done.stdout
    assert "No complete feasible trial." in done.stdout
    assert f"6 trials failed: {why}" in done.stdout
    assert "`hpbridge show s 0` shows one of them in full." in done.stdout
    hpbridge(folder, "resume", "s", "-n", "7", code=1)


def test_the_command_that_shows_more_names_the_store(folder: Path) -> None:
    words = ["run", "exp.py:lost", "-n", "1", *WORDS, "--store", "my own.db"]
    done = hpbridge(folder, *words, code=1)
    assert "`hpbridge show s 0 --store 'my own.db'` shows one" in done.stdout


def test_json_has_the_errors_and_how_often_each_was(folder: Path) -> None:
    done = hpbridge(folder, "run", "exp.py:lost", "-n", "2", *WORDS, "--json", code=1)
    why = "FileNotFoundError: part 0 of train.csv is not there"
    assert json.loads(done.stdout)["errors"] == [{"error": why, "trials": 2}]


def test_a_run_with_a_complete_trial_is_done_and_tells_its_failures(folder) -> None:
    done = hpbridge(folder, "run", "exp.py:half", "-n", "4", *WORDS)
    assert "trial 1 failed: KeyError: ':x: [red]'" in done.stderr
    assert "so far failed" not in done.stderr
    assert "2 trials failed: KeyError: ':x: [red]'" in done.stdout


def test_infeasible_trials_are_counted_where_constraints_are(folder: Path) -> None:
    done = hpbridge(folder, "run", "exp.py:half", "-n", "4", *WORDS)
    assert "2 complete (2 infeasible), 2 failed" in done.stdout
    shown = hpbridge(folder, "show", "s").stdout
    assert shown.count("│ complete, infeasible │") == 2


def test_show_has_a_reason_where_there_is_one(folder: Path) -> None:
    hpbridge(folder, "run", "exp.py:half", "-n", "4", *WORDS)
    shown = hpbridge(folder, "show", "s").stdout
    assert "reason" in shown
    assert shown.count("│ KeyError: ':x: [red]' │") == 2
    hpbridge(folder, "run", "exp.py:half", "-n", "1", "-b", "random", "--name", "t")
    assert "reason" not in hpbridge(folder, "show", "t").stdout


def test_show_prints_one_trial_in_full(folder: Path) -> None:
    hpbridge(folder, "run", "exp.py:half", "-n", "4", *WORDS)
    failed = hpbridge(folder, "show", "s", "1").stdout
    assert failed.startswith("Trial 1 of study s (1): failed\n")
    assert "Reason: KeyError: ':x: [red]'\n" in failed
    assert 'raise KeyError(":x: [red]")' in failed
    assert "cost <= 1.5 │ not known" in failed
    whole = hpbridge(folder, "show", "s", "2").stdout
    for word in ("│ x ", "│ value", "missed by 0.5", "│ 1    │ 0.5", "'ada'", "asked"):
        assert word in whole
    assert "Traceback" not in whole
    found = json.loads(hpbridge(folder, "show", "s", "1", "--json").stdout)
    assert found["traceback"].endswith("KeyError: ':x: [red]'\n")
    assert found["attributes"] == {"who": "ada"}
    assert found["reports"] == [[1, 0.5]]
    assert found["constraints"] == {"cost <= 1.5": "nan"}


def test_a_trial_that_is_not_there_is_a_sentence(folder: Path) -> None:
    hpbridge(folder, "run", "exp.py:half", "-n", "2", *WORDS)
    done = hpbridge(folder, "show", "s", "7", code=2)
    assert "Study 's' holds no trial 7; they are 0 to 1." in done.stderr


def test_other_metrics_than_declared_end_the_study_with_the_line(folder: Path) -> None:
    done = hpbridge(folder, "run", "exp.py:other", "-n", "50", *WORDS, code=1)
    assert "returned no metric 'value', but accuracy=" in done.stderr
    assert 'Hint: say `direction={"accuracy": "maximize"}`.' in done.stderr
    shown = hpbridge(folder, "show", "s").stdout
    assert "(1): failed; 0 complete, 1 failed" in shown
    assert "1 trial failed: returned no metric 'value', but accuracy=" in shown
    script = hpbridge(folder, "run", "exp.py:suggests", "-n", "5", code=1)
    line = "--direction accuracy=maximize"
    assert f"say `{line}`, in Python" in script.stderr
    hpbridge(folder, "run", "exp.py:suggests", "-n", "5", *line.split())


def test_stopping_at_an_error_has_run_and_found_it(folder: Path) -> None:
    words = ["run", "exp.py:half", "-n", "4", *WORDS, "--on-error", "stop"]
    done = hpbridge(folder, *words, code=1)
    assert "Trial 1 failed and on_error is 'stop': KeyError" in done.stderr


def test_a_comparison_shows_what_has_nothing_complete(folder: Path) -> None:
    words = ["compare", "exp.py:none", "-b", "random,optuna:random", "-n", "3"]
    done = hpbridge(folder, *words, code=1)
    assert "6 trials failed: returned None for metric 'value'" in done.stdout
    assert "Nothing complete: random:random seed 0" in done.stderr
    assert "Nothing complete: optuna:random seed 0" in done.stderr
    found = json.loads(hpbridge(folder, *words, "--json", code=1).stdout)
    why = [{"error": "returned None for metric 'value'", "trials": 3}]
    assert list(found["errors"].values()) == [why, why]


def test_a_comparison_tells_a_reason_of_several_once(folder: Path) -> None:
    words = ["compare", "exp.py:other", "-b", "random,optuna:random", "-n", "9"]
    done = hpbridge(folder, *words, code=1)
    both = "Failed: random:random seed 0, optuna:random seed 0: The study has ended"
    assert both in done.stderr
    assert done.stderr.count("Hint: ") == 1


def test_a_terminal_sees_the_first_failure_above_the_bar(folder: Path) -> None:
    main, terminal = pty.openpty()
    words = ["run", "exp.py:lost", "-n", "5", *WORDS]
    with subprocess.Popen(
        [sys.executable, "-m", "hpbridge", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "160"},
    ) as process:
        os.close(terminal)
        seen = b""
        while True:
            try:
                data = os.read(main, 4096)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            seen += data
        assert process.wait(60) == 1
    os.close(main)
    text = seen.decode()
    assert text.count("trial 0 failed: FileNotFoundError: part 0 of train.csv") == 1
    assert text.count("all 3 trials so far failed with this error") == 1
    assert "5 failed" in text
