"""The facade: every name is there, from one place, and nothing is imported for it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from hpbridge import plugin

SOURCE = Path(plugin.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", plugin.__all__)
def test_every_name_is_there(name):
    assert getattr(plugin, name) is getattr(plugin, name)
    assert name in dir(plugin)


def test_what_types_see_is_what_running_code_gets():
    """The imports for type checkers name what `_HOMES` names, from the same modules."""
    (block,) = [node for node in ast.parse(SOURCE).body if isinstance(node, ast.If)]
    seen = {
        (f"{node.module}".removeprefix("hpbridge."), alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    given = {(home, name) for home, names in plugin._HOMES.items() for name in names}
    assert seen == given
    assert sorted(name for _, name in given) == sorted(plugin.__all__)


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        plugin.nothing  # noqa: B018 - looking it up is the test


def test_importing_the_facade_imports_nothing_of_the_core():
    found = "[n for n in sys.modules if 'hpbridge' in n]"
    code = f"import sys, hpbridge.plugin; print({found})"
    out = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert out.strip() == "['hpbridge', 'hpbridge.plugin']"
