"""What the README says of commands is run, as it stands."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

import hpbridge as hpb
from tests.command import hpbridge

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n### Anything that runs in a shell\n")[2]
SECTION = re.split(r"\n##", SECTION)[0]
SPACE = re.search(r"### Space in a file\n.*?```toml\n(.*?)```", README, re.DOTALL)[1]
COMMANDS = re.search(r"```\n(.*?)```", SECTION, re.DOTALL)[1].splitlines()
PYTHON = re.search(r"```python\n(.*?)```", SECTION, re.DOTALL)[1]

TRAIN = """
import argparse

parser = argparse.ArgumentParser()
for name in ("lr", "layers", "momentum"):
    parser.add_argument(f"--{name}", type=float, default=0.5)
parser.add_argument("--solver", choices=["adam", "sgd"], default="adam")
given = parser.parse_args()
for epoch in range(1, 4):
    print(f"epoch {epoch} loss {given.lr * given.layers / epoch}", flush=True)
print(given.lr * given.layers)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "space.toml").write_text(SPACE)
    return tmp_path


def test_its_commands_run(folder):
    shown = [
        hpbridge(
            folder,
            *shlex.split(line.replace("20", "6").replace("40", "7"), comments=True)[1:],
        )
        for line in COMMANDS
    ]
    assert "6 complete" in shown[0].stdout
    assert "epoch 3 loss" in shown[1].stdout
    assert "7 complete" in shown[2].stdout


def test_its_python_runs(folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {"hpb": hpb}
    exec(compile(PYTHON, "README.md", "exec"), names)
    study = names["study"]
    assert study.has_result
    assert [step for step, _ in study.best_trial.reports] == [1, 2, 3]


@pytest.fixture
def examples(tmp_path):
    return shutil.copytree(ROOT / "examples" / "command", tmp_path / "command")


def test_the_program_in_python_is_pruned_and_goes_on(examples):
    text = "python3 train.py --lr {lr} --hidden {hidden} --epochs 6 "
    words = [
        *("run", "--space", "space.toml", "--metric", "loss", "--name", "it"),
        *("--command", f"{text}--optimizer {{optimizer}} [--momentum {{momentum}}]"),
        *("--reports", r"epoch (?P<step>\d+) loss (?P<value>\S+)"),
        *("--pruner", "median", "-n", "4", "-s", "1", "-w", "2"),
    ]
    hpbridge(examples, *words)
    study = hpb.load_study("it", examples / "hpbridge.db")
    assert study.failures == []
    assert study.best_trial.reports[-1][1] < 0.4
    seen = hpbridge(
        examples, "show", "it", str(study.best_trial.number), "--log"
    ).stdout
    assert "==> " in seen
    assert "epoch 6 loss" in seen


def test_the_program_in_awk_has_two_metrics(examples):
    words = ["--space", "ridge.json", "--command", "./ridge.sh", "--params", "env"]
    words += ["--metric", "mse", "--metric", "size"]
    hpbridge(
        examples, "run", *words, "-b", "random", "-n", "3", "--name", "it", "-s", "0"
    )
    study = hpb.load_study("it", examples / "hpbridge.db")
    assert len(study.trials) == 3
    assert all(trial.metrics["mse"] < 1 for trial in study.trials)
    assert "0.0001" in hpbridge(examples, "explain", *words, "-b", "random").stdout
