"""Dicts that were printed into a table, read back without running anything."""

from __future__ import annotations

import ast
import math
from typing import Any

_LONGEST = 100_000
_NUMPY = frozenset({"np", "numpy"})
_NAMES = {"nan": math.nan, "inf": math.inf}


def read_literal_dict(text: str) -> dict[str, Any] | None:
    """Return the dict that a text shows; None where it shows none.

    Numpy's scalars, as in ``np.float64(0.5)``, are what they hold. A value that is no
    literal, an estimator say, stays the text that shows it.

    Example:
        >>> read_literal_dict("{'C': np.float64(0.5), 'model': SVC(C=3)}")
        {'C': 0.5, 'model': 'SVC(C=3)'}
    """
    if len(text) > _LONGEST:
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if not isinstance(tree, ast.Dict) or None in tree.keys:
            return None
        pairs = zip(tree.keys, tree.values, strict=True)
        return {_name(key): _value(value) for key, value in pairs}
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    msg = "a parameter's name is a text"
    raise ValueError(msg)


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(_Plain().visit(node))
    except ValueError:
        return ast.unparse(node)


class _Plain(ast.NodeTransformer):
    """Puts literals in the place of numpy's scalars, of nan and of inf."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        is_scalar = len(node.args) == 1 and not node.keywords
        if not (is_scalar and _is_numpy(node.func)):
            return node
        held: ast.expr = self.visit(node.args[0])
        return held

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if _is_numpy(node) and node.attr in {"True_", "False_"}:
            return ast.Constant(node.attr == "True_")
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(_NAMES[node.id]) if node.id in _NAMES else node


def _is_numpy(node: ast.expr) -> bool:
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    return node.value.id in _NUMPY
