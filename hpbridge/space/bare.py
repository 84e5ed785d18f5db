"""Dicts of bare ranges and choices, as other tools take them, read by one rule.

A tuple of two numbers is a range, as in bayesian-optimization's ``pbounds``; any other
sequence holds choices, as in Optuna's `GridSampler` and scikit-learn's `ParameterGrid`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.space.categorical import Categorical
from hpbridge.space.kinds import Constant, Parameter
from hpbridge.space.parameters import Float, Int
from hpbridge.space.plain import is_number, labelled, plain_number, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAIR = 2
_SCALES = {"uniform": False, "log-uniform": True}
_SCALARS = (str, int, float, bool, type(None))


def read_bare(given: Mapping[Any, Any]) -> tuple[dict[Any, Any], tuple[str, ...]]:
    """Return the parameters of a dict, and what was assumed of it.

    Where it holds a parameter of ours it is a space of ours, and everything else in it
    a constant.

    Example:
        >>> read_bare({"x": (-1, 1), "c": ["a", "b"]})[0]["x"].low
        -1.0
    """
    if any(isinstance(value, Parameter) for value in given.values()):
        return dict(given), ()
    found = {name: _parameter_of(value) for name, value in given.items()}
    ranges = {n: v for n, v in given.items() if is_pair(v)}
    pairs = {n: v for n, v in given.items() if _is_list_of_two(v)}
    notes = []
    if ranges:
        notes.append(
            f"{_listed(ranges)}: a tuple of two numbers is read as a range of floats; "
            "write (low, high, int) for whole numbers, or a list for choices"
        )
    if pairs:
        notes.append(
            f"{_listed(pairs)}: a list of two numbers is read as two choices; write a "
            "tuple for a range"
        )
    return found, tuple(notes)


def _listed(values: Mapping[Any, Any]) -> str:
    (name, value), *more = values.items()
    others = f" and {len(more)} more" if more else ""
    return f"{name!r} = {value!r}{others}"


def is_pair(value: object) -> bool:
    """Say whether a value is a tuple of two numbers."""
    return isinstance(value, tuple) and len(value) == _PAIR and _are_numbers(value)


def _are_numbers(values: Any) -> bool:
    return all(is_number(plain_number(end)) for end in values)


def _is_list_of_two(value: Any) -> bool:
    is_list = isinstance(value, list) or _is_array(value)
    return is_list and len(value) == _PAIR and _are_numbers(value)


def _is_array(value: object) -> bool:
    return type(value).__name__ == "ndarray" and getattr(value, "ndim", 0) == 1


def _parameter_of(value: Any) -> Any:
    if is_pair(value):
        return Float(*value)
    if isinstance(value, tuple) and len(value) > _PAIR and _are_numbers(value[:_PAIR]):
        kind = value[_PAIR]
        if kind is int or kind is float:
            return Int(*value[:_PAIR]) if kind is int else Float(*value[:_PAIR])
        if isinstance(kind, str) and kind in _SCALES:
            numeric = Int if all(type(e) is int for e in value[:_PAIR]) else Float
            return numeric(*value[:_PAIR], log=_SCALES[kind])
    is_choices = isinstance(value, (list, tuple, range)) or _is_array(value)
    if not is_choices or len(value) == 0:
        return value
    return _choices(list(value))


def _choices(choices: list[Any]) -> Parameter:
    if len(choices) == 1:
        return Constant(choices[0])
    plain = [plain_number(choice) for choice in choices]
    named = all(isinstance(each, _SCALARS) for each in plain)
    is_finite = all(math.isfinite(e) for e in plain if isinstance(e, float))
    if named and is_finite and len(set(plain)) == len(plain):
        return Categorical(plain)
    return Categorical(labelled(choices, "choice {}", text_of))
