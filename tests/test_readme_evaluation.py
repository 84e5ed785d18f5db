"""What the README says of evaluations is run: its blocks, its commands, its links."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import hpbridge as hpb

README = Path(__file__).parents[1] / "README.md"
SECTION = (
    README.read_text(encoding="utf-8")
    .partition("\n## Evaluate models\n")[2]
    .partition("\n## ")[0]
)
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)
PYTHON = [text for kind, text in BLOCKS if kind == "python"]
FIRST = PYTHON[0]


def words(text: str) -> list[str]:
    """Return a text without its numbers, which differ in the last digits."""
    return re.sub(r"[-+]?\d+(\.\d+)?(e-\d+)?", "#", text).split()


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """Return the folder in which the first block was run, and what it printed."""
    folder = tmp_path_factory.mktemp("evaluated")
    (folder / "evaluated.py").write_text(FIRST)
    done = subprocess.run(
        [sys.executable, "evaluated.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return folder, done.stdout


@pytest.mark.slow
def test_the_answer_is_what_the_readme_shows(answered):
    folder, printed = answered
    (shown,) = [text for kind, text in BLOCKS if kind == "text"]
    for line in shown.splitlines():
        assert words(line) in [words(each) for each in printed.splitlines()]
    assert (folder / "report.html").exists()
    assert (folder / "model.skops").exists()


COMMANDS = [
    line.partition("#")[0].strip()
    for kind, text in BLOCKS
    if kind in {"", "sh"}
    for line in text.splitlines()
    if line.startswith("hpbridge ")
]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_ends_well(answered, command, tmp_path):
    (tmp_path / "evaluated.py").write_text(FIRST)
    arguments = command.split()[1:]
    done = subprocess.run(
        [sys.executable, "-m", "hpbridge", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_evaluations_are_made_as_they_stand():
    names = {"__name__": "evaluated"}
    for block in PYTHON:
        exec(compile(block, "README.md", "exec"), names)
    assert names["evaluation"].is_sealed
    study = hpb.run(names["several"], "random", n_trials=2, seed=0, store=":memory:")
    assert study.failures == []


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([\w/.]+)\)", SECTION))))
def test_what_it_links_to_is_there(path):
    assert (README.parent / path).exists()


PROCEDURES = [
    code
    for line in SECTION.partition("| `procedure=` |")[2].split("\n\n")[0].splitlines()
    for code in re.findall(r"`([^`]+)`", line.partition(" | ")[0])
]


@pytest.mark.parametrize("code", PROCEDURES)
def test_each_procedure_is_one(code):
    from sklearn.tree import DecisionTreeClassifier

    features = [[n % 7, n % 5] for n in range(60)]
    evaluation = hpb.Evaluation(
        DecisionTreeClassifier(),
        features,
        [n % 2 for n in range(60)],
        space={"max_depth": hpb.Int(1, 3)},
        procedure=eval(code, {"hpb": hpb}),
    )
    assert len(evaluation.folds.folds) >= 1


def test_there_are_blocks_and_procedures():
    assert len(PYTHON) >= 2
    assert len(COMMANDS) >= 2
    assert len(PROCEDURES) >= 6
