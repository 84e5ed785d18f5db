"""The tutorial says what is: its code is the plugin's, its table is the kit's."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpbridge.testing.checks import CHECKS
from hpbridge.testing.conformance import BackendConformance

PLUGINS = Path(__file__).parents[1] / "plugins"
TUTORIAL = (PLUGINS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "file",
    [
        "pyproject.toml",
        "src/hpbridge_random/__init__.py",
        "src/hpbridge_random/backend/optimizer.py",
        "src/hpbridge_random/backend/explain.py",
        "tests/test_conformance.py",
        "tests/test_parity_random.py",
    ],
)
def test_the_tutorial_ends_in_the_plugin(file):
    source = (PLUGINS / "hpbridge-random" / file).read_text(encoding="utf-8")
    assert f"\n{source.strip()}\n```" in TUTORIAL


def test_the_tutorial_lists_every_check_with_its_rule():
    _, _, after = TUTORIAL.partition("<!-- checks:begin -->\n")
    table, _, _ = after.partition("\n<!-- checks:end -->")
    rows = [f"| `{c.name}` | {c.sentence} ({c.rule}) |" for c in CHECKS.values()]
    assert table.splitlines()[2:] == rows


def test_the_tutorials_test_of_a_plugin_is_eight_lines():
    file = PLUGINS / "hpbridge-random" / "tests" / "test_conformance.py"
    lines = file.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 8
    assert BackendConformance.__name__ in lines[-2]
