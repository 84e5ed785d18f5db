"""What a function returns, by the names in its text.

An accuracy that is minimized becomes as bad as can be, without a sign of it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from hpbridge.experiment import likely_direction

if TYPE_CHECKING:
    from collections.abc import Iterator

_AS_THEY_ARE = {"float", "mean", "median", "item", "round", "average", "max", "min"}
"""Functions that leave what they are given as good or bad as it is."""
_SMALLER = ("loss", "error", "cost")
_SHORTEST = 4
"""A function that is called f1 may be any function; one called score is none."""


def minimized_score(tree: ast.Module, function: str, metrics: list[str]) -> str:
    r"""Return the name of what a function returns, if larger is better as a rule.

    Args:
        tree: Of the script.
        function: Its name there.
        metrics: Those that are minimized.

    Returns:
        Empty where no name says so.

    Example:
        >>> tree = ast.parse("def f(t):\n    return accuracy_score(t, 1)")
        >>> minimized_score(tree, "f", ["value"])
        'accuracy_score'
    """
    names = list(metrics)
    if len(function) >= _SHORTEST:
        names.append(function)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for returned in _returns(node):
                names += _names(returned, metrics)
    return next((name for name in names if _is_score(name)), "")


def _is_score(name: str) -> bool:
    is_smaller = any(word in name.lower() for word in _SMALLER)
    singular = name.removesuffix("s") if name.endswith("scores") else name
    return not is_smaller and likely_direction(singular) == "maximize"


def _returns(function: ast.AST) -> Iterator[ast.expr]:
    """Return what a function returns, without those inside it."""
    for child in ast.iter_child_nodes(function):
        if isinstance(child, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(child, ast.Return) and child.value is not None:
            yield child.value
        yield from _returns(child)


def _names(node: ast.AST, metrics: list[str]) -> list[str]:
    """Return the names of a value, where nothing is computed with it."""
    found: list[str] = []
    inside: list[ast.AST] = []
    if isinstance(node, ast.Name):
        found = [node.id]
    elif isinstance(node, ast.Constant):
        found = [node.value] if isinstance(node.value, str) else []
    elif isinstance(node, ast.Attribute):
        found, inside = [node.attr], [node.value]
    elif isinstance(node, ast.Subscript):
        inside = [node.slice, node.value]
    elif isinstance(node, ast.Call):
        inside = [node.func]
        if _AS_THEY_ARE & {*_names(node.func, metrics)[:1]}:
            inside += node.args[:1]
    elif isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        wanted = {*metrics}
        inside = [v for k, v in pairs if getattr(k, "value", None) in wanted]
    return found + [name for each in inside for name in _names(each, metrics)]
