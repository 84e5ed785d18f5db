"""The tutorial says what is: it is followed, word by word, in an empty folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hpbridge.plugin
from hpbridge.testing.checks import CHECKS
from hpbridge.testing.conformance import BackendConformance
from tests.tutorial_steps import TUTORIAL, Follower, steps, without_times

TEXT = TUTORIAL.read_text(encoding="utf-8")
PLUGIN = "src/hpbridge_climb"


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """What each command of the tutorial printed, with what it prints in the text."""
    folder = tmp_path_factory.mktemp("tutorial") / "hpbridge-climb"
    folder.mkdir()
    follower = Follower(folder)
    printed = {}
    for number, step in enumerate(steps()):
        if step.file:
            follower.write(step)
        else:
            printed[number] = (step, follower.run(step.command))
    return printed


@pytest.mark.slow
def test_each_command_prints_what_the_tutorial_says(followed):
    for step, printed in followed.values():
        said = (step.command, without_times(step.text))
        assert (step.command, without_times(printed)) == said


@pytest.mark.slow
def test_it_is_followed_from_an_empty_folder_to_a_study(followed):
    commands = [step.command.split()[:2] for step, _ in followed.values()]
    assert commands == [
        ["python", "-m"],
        ["hpbridge", "check-backend"],
        ["hpbridge", "check-backend"],
        ["python", "-m"],
        ["hpbridge", "explain"],
        ["hpbridge", "run"],
    ]


def final():
    """Return the files of the finished plugin, as the tutorial leaves them."""
    return {step.file: step.text for step in steps() if step.file}


def test_its_plugin_keeps_every_rule(tmp_path, monkeypatch):
    folder = tmp_path / "hpbridge-climb"
    for file, text in final().items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder / "src"))
    from hpbridge_climb import SPEC

    from hpbridge.testing import check_backend

    failed = [r.message for r in check_backend(SPEC) if not r.passed]
    assert failed == []


@pytest.mark.parametrize("name", re.findall(r"`([A-Z][A-Za-z]+)`", TEXT))
def test_a_class_that_the_page_names_is_there(name):
    assert hasattr(hpbridge.plugin, name) or name in TEXT.partition("```")[2]


def test_it_uses_names_of_the_one_door_alone():
    for file, text in final().items():
        inside = re.findall(
            r"from (hpbridge[\w.]*) import|import (hpbridge[\w.]*)", text
        )
        allowed = ("hpbridge", "hpbridge.plugin", "hpbridge.testing")
        for name in {one or other for one, other in inside}:
            is_own = name.startswith("hpbridge_climb")
            is_testing = name.startswith("hpbridge.testing")
            assert is_own or is_testing or name in allowed, file


def test_the_tutorial_lists_every_check_with_its_rule():
    _, _, after = TEXT.partition("<!-- checks:begin -->\n")
    table, _, _ = after.partition("\n<!-- checks:end -->")
    rows = [f"| `{c.name}` | {c.sentence} ({c.rule}) |" for c in CHECKS.values()]
    assert table.splitlines()[2:] == rows


def test_the_tutorials_test_of_a_plugin_is_eight_lines():
    lines = final()["tests/test_conformance.py"].splitlines()
    assert len(lines) == 8
    assert BackendConformance.__name__ in lines[-2]


def test_the_smallest_plugin_is_where_the_page_says():
    assert Path(TUTORIAL.parent / "hpbridge-random" / "pyproject.toml").exists()
