"""The native space: what Hyperopt draws, and in which branch."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    WHOLE_SPACE_ENCODINGS,
    Categorical,
    Encoded,
    Feature,
    Int,
    Native,
    Quantized,
    Sizes,
    Support,
)
from hpbridge_hyperopt.native.write import is_normal

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Label, Parameter, Problem


# It takes a number between dots for its own mark of a branch (`resultVariableName`).
_ATPE_BRANCH = re.compile(r"\.\d+\.")


_SIZES = Sizes(has_float_ints=True, has_own_logs=True, narrowest=sys.float_info.min)


def refine(problem: Problem, algorithm: Algorithm, options: Any) -> list[str]:
    """Return what speaks against a problem beyond the capabilities."""
    found = _SIZES.reasons_against(encode(problem, algorithm, options))
    if algorithm.name != "atpe":
        return found
    names = filter(_ATPE_BRANCH.search, problem.space.searched)
    dotted = [f"{name!r} has a number between dots in its name" for name in names]
    return found + dotted


def encode(problem: Problem, algorithm: Algorithm, options: Any) -> Encoded:  # noqa: ARG001
    """Return the space as Hyperopt can search it, what its branches lack noted."""
    space, capabilities = problem.space, algorithm.capabilities
    if capabilities[Feature.CONDITIONAL].support is Support.EMULATED:
        return Encoded(space, capabilities)  # ATPE, which reads little of a space
    normal = {n: Native(p) for n, p in space.searched.items() if is_normal(p)}
    encoded = Encoded(space, capabilities, codecs=normal)
    text = WHOLE_SPACE_ENCODINGS["flatten"]
    drawn = [(name, "flatten", text) for name in lay_out(encoded).flattened]
    return Encoded(space, capabilities, codecs=normal, notes=drawn)


@dataclass(frozen=True)
class Layout:
    """Where each native parameter is drawn; names in the order of the space."""

    roots: list[str] = field(default_factory=list)
    """Drawn in every trial."""
    branches: dict[str, list[list[str]]] = field(default_factory=dict)
    """Of a categorical: the names drawn with each of its choices, in their order."""
    flattened: list[str] = field(default_factory=list)
    """The roots that have a condition; `Encoded.decode` drops them when inactive."""

    def is_shared(self, name: str) -> bool:
        """Say whether the parameter is drawn in several places."""
        homes = [self.roots]
        homes += [option for options in self.branches.values() for option in options]
        return sum(name in home for home in homes) > 1


def lay_out(encoded: Encoded) -> Layout:
    """Decide where each parameter is drawn.

    A conditional parameter goes into the branches of the one choice that its condition
    comes down to. Where there is no such choice (an int or an ordered parent, which are
    numbers to Hyperopt, or several independent parents) it is drawn in every trial.
    """
    layout = Layout()
    for name in encoded.native:
        conditions = _conditions(encoded, name)
        parent = None if encoded.is_flattened else _only_parent(encoded, conditions)
        if parent is None:
            layout.roots.append(name)
            if conditions:
                layout.flattened.append(name)
            continue
        _put(layout, encoded, name, parent, conditions[parent])
    further = [
        (name, parent, set(values))
        for name in ([] if encoded.is_flattened else encoded.native)
        for parent, values in encoded.space[name].also
        if isinstance(encoded.native.get(parent), Categorical)
    ]
    for place in further:
        _put(layout, encoded, *place)
    return layout


def _put(
    layout: Layout, encoded: Encoded, name: str, parent: str, values: set[object]
) -> None:
    """Let a parameter be drawn in the branches of these values of a choice."""
    choices = encoded.native[parent]
    assert isinstance(choices, Categorical)
    empty: list[list[str]] = [[] for _ in choices.labels]
    options = layout.branches.setdefault(parent, empty)
    for label, option in zip(choices.labels, options, strict=True):
        if label in values and name not in option:
            option.append(name)


def _conditions(encoded: Encoded, name: str) -> dict[str, set[object]]:
    """Return which values of which searched parents make a parameter active."""
    found: dict[str, set[object]] = {}
    for parent, values in encoded.space[name].when:
        # A parent that is not searched always has its value when it is active itself.
        is_searched = parent in encoded.native
        needed = {parent: set(values)} if is_searched else _conditions(encoded, parent)
        for each, allowed in needed.items():
            found[each] = found.get(each, allowed) & allowed
    return found


def _only_parent(encoded: Encoded, conditions: dict[str, set[object]]) -> str | None:
    direct = [
        parent
        for parent, values in conditions.items()
        if not any(_implies(encoded, other, parent, values) for other in conditions)
    ]
    if len(direct) != 1 or encoded.codecs[direct[0]].name != "native":
        return None
    return direct[0] if isinstance(encoded.native[direct[0]], Categorical) else None


def _implies(encoded: Encoded, name: str, parent: str, values: set[object]) -> bool:
    """Say whether `name` is active only where `parent` has one of the values."""
    return any(
        (each == parent and allowed <= values)
        or _implies(encoded, each, parent, values)
        for each, allowed in _conditions(encoded, name).items()
    )


def from_drawn(parameter: Parameter, value: Any) -> Label:
    """Return the native plain value for what Hyperopt drew for a label."""
    if isinstance(parameter, Categorical):
        return parameter.labels[int(value)]
    if isinstance(parameter, Int):
        # A draw of the very end, k + 0.5, rounds to an even k, which may be outside.
        return min(max(round(float(value)), parameter.low), parameter.high)
    if isinstance(parameter, Quantized):
        return parameter.round(float(value))
    return float(value)
