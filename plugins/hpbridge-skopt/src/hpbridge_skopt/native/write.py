"""Ours in the words of scikit-optimize: each dimension described once, as a call.

The same description is made where the library runs and printed where a script is
explained, so it needs no library; only `make` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Call, Categorical, Float, Int

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.plugin import Algorithm, Encoded, Parameter


def dimensions(encoded: Encoded, algorithm: Algorithm, options: Any) -> list[Call]:
    """Describe the dimensions that an algorithm searches, in order."""
    design = getattr(options, "initial_point_generator", "random")
    is_normalized = algorithm.name == "gp" or design != "random"
    integer = "FullInteger" if is_normalized else "Integer"
    return [dimension(name, p, integer) for name, p in encoded.native.items()]


def dimension(
    name: str,
    parameter: Parameter,
    integer: str = "Integer",
    choices: Sequence[Any] | None = None,
) -> Call:
    """Describe a dimension that contains every value of a parameter.

    Args:
        name: Of the parameter.
        parameter: Any that is searched. Steps, priors, quanta and the order of choices
            are lost.
        integer: The class of a range of ints.
        choices: What stands for the labels, where they are choices.

    Source:
        scikit-optimize 0.10.2: the default base of a logarithm is 10. Under trees any
        other is clipped to wrong bounds.
    """
    if isinstance(parameter, Categorical):
        labels = list(parameter.labels if choices is None else choices)
        weights = parameter.weights
        shares = {} if weights is None else {"prior": list(weights)}
        return Call("Categorical", (labels,), {**shares, "name": name})
    low, high = _ends(parameter)
    if low == high:  # no range to the library
        return Call("Categorical", ([low],), {"name": name})
    is_log = isinstance(parameter, (Float, Int)) and parameter.log
    prior = {"prior": "log-uniform"} if is_log else {}
    kind = integer if isinstance(low, int) else "Real"
    return Call(kind, (low, high), {**prior, "name": name})


def _ends(parameter: Any) -> tuple[Any, Any]:
    if parameter.n_values is not None:
        return parameter.at(0), parameter.at(parameter.n_values - 1)
    low, high = parameter.reach
    return low, high


def make(described: Call) -> Any:
    """Make a dimension that is described here."""
    from skopt import space

    from hpbridge_skopt.backend.repairs import FullInteger

    return described.make({**vars(space), "FullInteger": FullInteger})
