"""Errors are data: their parts are kept apart, and the house form is only printed."""

from __future__ import annotations

import ast
import copy
import inspect
import pickle
from pathlib import Path

import pytest

from hpbridge import errors
from hpbridge.errors import HpbridgeError, compose

ROOT = Path(__file__).parents[1]
CLASSES = [
    cls
    for name in errors.__all__
    if isinstance(cls := getattr(errors, name), type) and issubclass(cls, HpbridgeError)
]


@pytest.mark.parametrize("cls", CLASSES)
def test_an_error_is_its_parts_and_prints_in_the_house_form(cls):
    error = cls("A is wrong", ["'x' is 3", "'y' is 4"], "say x=2")
    assert (error.headline, error.hint) == ("A is wrong", "say x=2")
    assert error.problems == ("'x' is 3", "'y' is 4")
    assert str(error) == ("A is wrong:\n  - 'x' is 3\n  - 'y' is 4\nHint: say x=2.")
    assert str(error) == compose(error.headline, error.problems, error.hint)
    assert error.brief == "A is wrong."
    assert error.reasons == error.problems
    assert cls("A is wrong").reasons == ("A is wrong",)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])
def test_an_error_crosses_processes_whole(cls, again):
    error = cls("A is wrong", ["'x' is 3"], "say x=2")
    found = again(error)
    assert type(found) is cls
    assert (found.headline, found.problems, found.hint) == (
        error.headline,
        error.problems,
        error.hint,
    )
    assert str(found) == str(error)


def test_a_refused_history_keeps_its_reason():
    error = errors.ForeignHistoryError.refused("a:b", "it is deaf")
    assert error.reason == "it is deaf"
    assert pickle.loads(pickle.dumps(error)).reason == "it is deaf"
    assert "cannot learn from this history: it is deaf" in error.headline


def test_another_headline_or_other_problems_keep_the_rest():
    error = errors.StoreError("A", ["b"], "c")
    assert str(error.but(problems=["b", "d"])) == "A:\n  - b\n  - d\nHint: c."
    assert str(error.but(headline="Z")) == "Z:\n  - b\nHint: c."
    assert type(error.but()) is errors.StoreError


def test_every_error_is_documented_in_the_tree():
    tree = inspect.getdoc(errors) or ""
    for cls in CLASSES:
        assert cls.__name__ in tree


SOURCES = [*ROOT.glob("hpbridge/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_takes_our_own_sentences_apart(path):
    """What an error says is asked of its parts, never of its text."""
    if path.parent.name == "errors":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value not in {"  - ", "\nHint: "}, f"line {node.lineno}"
