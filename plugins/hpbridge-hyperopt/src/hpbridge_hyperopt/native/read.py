"""Hyperopt's own spaces, read: dicts, lists and tuples of `hp` nodes, at any depth.

A label becomes a parameter; where it is drawn becomes its condition. The user's
expression itself is kept, so that a function written for `fmin` gets exactly what
`fmin` would hand to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    Categorical,
    NativeSpace,
    Parameter,
    Space,
    SpaceError,
    is_instance_of,
    with_also,
    with_when,
)
from hpbridge_hyperopt.native.conditions import condition_of, further_places
from hpbridge_hyperopt.native.distributions import (
    DISTRIBUTIONS,
    Draw,
    n_drawn,
    parameter_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge_hyperopt.native.conditions import Path

_DEEPEST = 100


def from_native(given: object) -> NativeSpace | None:
    """Read a space of Hyperopt; None where no node of Hyperopt is in it.

    Raises:
        SpaceError: Naming every label whose meaning we cannot keep.
    """
    if not is_node_space(given):
        return None
    draws = read_draws(given)
    space = Space({label: draw.parameter for label, draw in draws.items()})
    return NativeSpace(space, wrap=_wrapper(given, draws), metric="loss")


def is_node_space(given: object, depth: int = 0) -> bool:
    """Say whether a node of Hyperopt is in nested dicts, lists and tuples."""
    if is_node(given):
        return True
    if depth > _DEEPEST or not isinstance(given, (dict, list, tuple)):
        return False
    values = given.values() if isinstance(given, dict) else given
    return any(is_node_space(value, depth + 1) for value in values)


def is_node(given: object) -> bool:
    """Say whether it is a node of Hyperopt's graphs, without importing Hyperopt."""
    return is_instance_of(given, "hyperopt.pyll.base", "Apply")


def _wrapper(
    given: object, draws: dict[str, Draw]
) -> Callable[[Callable[..., Any]], Callable[[Any], Any]]:
    def wrap(function: Callable[..., Any]) -> Callable[[Any], Any]:
        from hpbridge_hyperopt.native.objective import WrappedFunction

        return WrappedFunction(function, given, draws)

    return wrap


def read_draws(given: object) -> dict[str, Draw]:
    """Return what each label draws, parents before children.

    Args:
        given: A space that holds nodes of Hyperopt.

    Raises:
        SpaceError: As of `from_native`.
    """
    # Its nodes are there, so it is imported.
    from hyperopt.pyll import as_apply

    try:
        expression = as_apply(given)
    except TypeError as error:
        problem = f"Hyperopt sorts the keys of a dict, and cannot here: {error}"
        raise SpaceError.invalid([problem]) from error
    walk = _Walk()
    walk.visit(expression, (), is_int=False)
    draws = walk.draws()
    if walk.problems:
        for label, draw in draws.items():
            walk.problems += [f"{label!r}: {p}" for p in draw.parameter.problems()]
        raise SpaceError.invalid(list(dict.fromkeys(walk.problems)))
    return draws


class _Walk:
    """The graph of a space, walked along every way that a trial may take."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._nodes: dict[str, Any] = {}
        self._paths: dict[str, list[Path]] = {}
        self._are_ints: dict[str, bool] = {}
        self._options: dict[str, tuple[Any, ...]] = {}

    def visit(self, node: Any, path: Path, *, is_int: bool) -> None:
        """Note every label below a node.

        Args:
            node: Of the graph.
            path: The draws of choices that lead here, as (label, value).
            is_int: Whether an ``int(...)`` is around it, and nothing else that counts.
        """
        if node.name == "literal":
            self._visit_literal(node.obj)
        elif node.name == "hyperopt_param":
            self._visit_label(node, path, is_int=is_int)
        elif node.name == "switch":
            self._visit_switch(node, path)
        elif node.name in DISTRIBUTIONS:
            text = f"a random {node.name!r} has no label: write hp.{node.name}('name', "
            self.problems.append(text + "...)")
        else:
            inside = node.name == "int" or (node.name == "float" and is_int)
            for child in node.inputs():
                self.visit(child, path, is_int=inside)

    def _visit_literal(self, value: object) -> None:
        if isinstance(value, Parameter):
            text = f"{value!r} is a parameter of hpbridge among Hyperopt's"
            self.problems.append(text)

    def _visit_label(self, node: Any, path: Path, *, is_int: bool) -> None:
        label = _label_of(node)
        if not isinstance(node.arg["label"].obj, str):
            self.problems.append(f"the label {node.arg['label'].obj!r} is no string")
        if self._nodes.setdefault(label, node) is not node:
            self.problems.append(f"{label!r} is the label of two different draws")
        paths = self._paths.setdefault(label, [])
        if path not in paths:
            paths.append(path)
        self._are_ints[label] = self._are_ints.get(label, True) and is_int

    def _visit_switch(self, node: Any, path: Path) -> None:
        index, *options = node.pos_args
        while index.name in {"int", "float"}:
            (index,) = index.inputs()
        if index.name != "hyperopt_param" or n_drawn(index.arg["obj"]) != len(options):
            text = f"a switch of {len(options)} options depends on a computed value"
            self.problems.append(f"{text}: write hp.choice('name', options)")
            return
        label = _label_of(index)
        self._visit_label(index, path, is_int=True)
        if self._options.setdefault(label, tuple(options)) != tuple(options):
            # Which option it is then is not one thing to call a choice by.
            self._options[label] = ()
        for value, option in enumerate(options):
            self.visit(option, (*path, (label, value)), is_int=False)

    def draws(self) -> dict[str, Draw]:
        """Return what each label draws; note what cannot be said in our words."""
        found: dict[str, Draw] = {}
        for label, node in self._nodes.items():
            draw = parameter_of(
                label,
                node.arg["obj"],
                self._options.get(label, ()),
                self.problems,
                is_int=self._are_ints[label],
            )
            if draw is not None:
                found[label] = draw
        for label in list(found):
            found[label] = self._under_condition(label, found)
        return found

    def _under_condition(self, label: str, found: dict[str, Draw]) -> Draw:
        draw = found[label]
        sizes = {
            parent: len(each.parameter.labels)
            for parent, each in found.items()
            if isinstance(each.parameter, Categorical)
        }
        condition = condition_of(label, self._paths, sizes)
        if condition is None:
            text = f"{label!r} is drawn in places that no one choice decides on"
            hint = "give it a label of its own in each"
            self.problems.append(f"{text}: {hint}")
            return draw
        also = further_places(self._paths[label], condition)
        when, places = (
            tuple(
                (parent, tuple(found[parent].label(value) for value in values))
                for parent, values in each.items()
                if parent in found  # else its own problem is told already
            )
            for each in (condition, also)
        )
        parameter = with_when(draw.parameter, when)
        return Draw(with_also(parameter, places) if places else parameter, draw.offset)


def _label_of(node: Any) -> str:
    return str(node.arg["label"].obj)
