"""Scikit-optimize's dimensions in our words, whether live or read from a file.

Nothing here imports the library: a live dimension and the inert stub of a pickled one
are both read by their attributes.

Source:
    scikit-optimize 0.10.2, `skopt.space.space`: `Real`, `Integer`, `Categorical`.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    Categorical,
    Float,
    Int,
    Parameter,
    Quantized,
    Space,
    SpaceError,
    Stub,
    is_equal,
    is_number,
    label_of,
    labelled,
    plain_number,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

KINDS = ("Real", "Integer", "Categorical")


@dataclass(frozen=True)
class Dimension:
    """One dimension of the library, read.

    Attributes:
        kind: `Real`, `Integer` or `Categorical`; else what is wrong with it.
        fields: The library's own attributes.
    """

    kind: str
    fields: Mapping[str, Any]

    @property
    def name(self) -> str | None:
        """What the user called it, if anything."""
        name = self.fields.get("_name")
        return name if isinstance(name, str) else None


def dimension_of(value: Any) -> Dimension:
    """Return what a dimension holds: a live one, or the stub of a pickled one."""
    if isinstance(value, Stub):
        kinds, fields = [value.path.rpartition(".")[2]], value.state
    else:
        kinds = [cls.__name__ for cls in type(value).__mro__]
        fields = getattr(value, "__dict__", None)
    # In a file there is no more than the name of a class that mends Integer.
    kinds = ["Integer" if kind == "FullInteger" else kind for kind in kinds]
    kind = next((kind for kind in kinds if kind in KINDS), "")
    if not kind or not isinstance(fields, dict):
        return Dimension(f"{value!r:.80} is no dimension of scikit-optimize", {})
    return Dimension(kind, fields)


def names_of(dimensions: Sequence[Dimension]) -> list[str]:
    """Return the names of dimensions; ``x0``, ``x1`` and so on where they have none.

    Raises:
        SpaceError: If two have one name.
    """
    names = [d.name or f"x{k}" for k, d in enumerate(dimensions)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SpaceError.invalid([f"two dimensions are called {n!r}" for n in twice])
    return names


def space_of(
    dimensions: Sequence[Dimension], names: Sequence[str], constraint: Any = None
) -> Space:
    """Return the space of these dimensions.

    Args:
        dimensions: In order.
        names: Theirs.
        constraint: The library's function of a point, true where it may run.

    Raises:
        SpaceError: Naming each dimension whose meaning we cannot keep.
    """
    parameters: dict[str, Parameter] = {}
    problems: list[str] = []
    for name, dimension in zip(names, dimensions, strict=True):
        try:
            parameters[name] = _parameter_of(dimension)
        except ValueError as error:
            problems.append(f"{name!r}: {error}")
    if problems:
        raise SpaceError.invalid(problems)
    forbid = [] if constraint is None else [_Forbidden(constraint, tuple(names))]
    return Space(parameters, forbid=forbid)


class _Forbidden:
    """The library's `space_constraint`, the other way round."""

    def __init__(
        self, constraint: Callable[[list[Any]], object], names: tuple[str, ...]
    ) -> None:
        self.constraint, self.names = constraint, names
        self.__qualname__ = getattr(constraint, "__qualname__", "space_constraint")

    def __call__(self, values: Mapping[str, Any]) -> bool:
        return not self.constraint([values[name] for name in self.names])


def _parameter_of(dimension: Dimension) -> Parameter:
    """Return one dimension in our words; a ValueError says why it cannot be."""
    if dimension.kind not in KINDS:
        raise ValueError(dimension.kind)
    parameter = _READERS[dimension.kind](dimension.fields)
    problems = parameter.problems()
    if problems:
        raise ValueError("; ".join(problems))
    return parameter


def _real(fields: Mapping[str, Any]) -> Parameter:
    low, high, is_log = _ends(fields)
    return Float(low, high, log=is_log)


def _integer(fields: Mapping[str, Any]) -> Parameter:
    low, high, is_log = _ends(fields)
    if is_log:
        # Drawn as the logarithm of a float and rounded, so that the ends have half the
        # share; our Int(log=True) gives them their whole.
        return Quantized(low, high, 1, log=True)
    return Int(low, high)  # a float is told as a problem


def _ends(fields: Mapping[str, Any]) -> tuple[float, float, bool]:
    low, high = (plain_number(item_of(fields.get(end))) for end in ("low", "high"))
    if not (is_number(low) and is_number(high) and low < high):
        msg = f"its range is {low!r} to {high!r}, which are not two growing numbers"
        raise ValueError(msg)
    is_log = fields.get("prior") == "log-uniform"
    if is_log and low <= 0:
        msg = f"a log-uniform range needs low > 0, got {low!r}"
        raise ValueError(msg)
    return low, high, is_log


def _categorical(fields: Mapping[str, Any]) -> Parameter:
    choices = [item_of(choice) for choice in fields.get("categories", ())]
    weights = fields.get("prior")
    if weights is not None:
        weights = [plain_number(item_of(weight)) for weight in weights]
        if 0 in weights[: len(choices)]:
            zero = choices[weights.index(0)]
            msg = f"choice {zero!r} has the weight 0; leave it out"
            raise ValueError(msg)
    return Categorical(_labelled(choices), weights=weights)


_READERS: dict[str, Callable[[Mapping[str, Any]], Parameter]] = {
    "Real": _real,
    "Integer": _integer,
    "Categorical": _categorical,
}


def item_of(value: Any) -> Any:
    """Return the Python scalar in a numpy scalar; anything else as it is."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()
    return value


def _labelled(choices: list[Any]) -> list[Any] | dict[str, Any]:
    """Return choices as they are where they name themselves, else with labels."""
    if all(_names_itself(choice) for choice in choices):
        return choices
    return labelled(choices, "choice_{}", _label, is_mixed=True)


def _names_itself(choice: object) -> bool:
    if _is_stub(choice):
        return False
    try:
        hash(choice)
        label_of(choice)
    except (TypeError, ValueError):
        return False
    return True


def _is_stub(choice: object) -> bool:
    is_class = isinstance(choice, type) and issubclass(choice, Stub)
    return is_class or isinstance(choice, Stub)


def _label(choice: Any) -> str | None:
    """Return the label of a choice; None where its place has to name it."""
    if isinstance(choice, Stub):
        return None
    if _is_stub(choice):
        return str(choice.path).rpartition(".")[2]  # as of the real one's `label_of`
    return text_of(choice) or None


def value_in(parameter: Parameter, value: Any) -> Any:
    """Return a plain value or a label for what the library holds of a point.

    What is not in the range, or no choice, stays what it is, for the import to see.
    """
    value = plain_number(item_of(value))
    if isinstance(parameter, Categorical):
        return _label_in(parameter, value)
    if isinstance(parameter, Float):
        return float(value) if is_number(value) else value
    is_whole = isinstance(value, float) and value.is_integer()
    return int(value) if is_whole else value


def _label_in(parameter: Categorical, value: Any) -> Any:
    # The library compares with ==, and makes numpy scalars of choices; among choices
    # that are equal to the value one of its own type comes first.
    for is_same in (_is_identical, is_equal):
        for label, choice in zip(parameter.labels, parameter.choices, strict=True):
            if is_same(choice, value):
                return label
    return f"{value!r:.80}"


def _is_identical(left: object, right: object) -> bool:
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return is_equal(left, right)
