"""What the README says of loops of one's own is run, as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.cli.app import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n### A loop of your own\n")[2].partition("\n### ")[0]
TOML = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)[0]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    pytest.importorskip("hpbridge_optuna")
    monkeypatch.chdir(tmp_path)


def test_its_python_runs():
    (block,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    names = {}
    exec(compile(block, "README.md", "exec"), names)
    states = [trial.state.value for trial in hpb.load_study("mine").trials]
    assert states == ["complete"] * 4 + ["failed"]


def test_its_commands_run(tmp_path):
    (tmp_path / "space.toml").write_text(TOML, encoding="utf-8")
    (block,) = re.findall(r"```\n(hpbridge create.*?)```", SECTION, re.DOTALL)
    for line in block.splitlines():
        command = line.partition("   #")[0].removesuffix(" --warm 600")
        app(shlex.split(command)[1:], standalone_mode=False)
    study = hpb.load_study("bench")
    assert [trial.metrics for trial in study.trials] == [{"loss": 0.3}]
