"""The space as the library's `pbounds`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from bayes_opt.parameter import CategoricalParameter

from hpbridge.plugin import (
    Categorical,
    Float,
    Int,
    Parameter,
)
from hpbridge_bayesopt.backend.repairs import DistinctCategoricalParameter

if TYPE_CHECKING:
    from hpbridge.plugin import Encoded


def tells_choices_apart() -> bool:
    """Say whether the library's kernel sees different choices as different.

    Source:
        bayesian-optimization before 3.4.0, `CategoricalParameter.kernel_transform`,
        gives every row of a batch the ones of all rows.
    """
    rows = np.eye(2)
    seen = CategoricalParameter("choice", (0, 1)).kernel_transform(rows)
    return bool(np.array_equal(seen, rows))


def categorical_class() -> Any:
    """Return the library's class for choices, or ours where its model is wrong."""
    if tells_choices_apart():
        return CategoricalParameter
    return DistinctCategoricalParameter


def to_pbounds(encoded: Encoded) -> dict[str, Any]:
    """Return `pbounds` in the space's order; the library draws in that order.

    Returns:
        ``(low, high)``, ``(low, high, int)`` or a `CategoricalParameter` by name; the
        latter since two numeric choices would be read as a range.
    """
    return {name: _to_pbound(name, p) for name, p in encoded.native.items()}


def _to_pbound(name: str, parameter: Parameter) -> Any:
    if isinstance(parameter, Categorical):
        return categorical_class()(name, parameter.labels)
    if isinstance(parameter, Int):
        return (parameter.low, parameter.high, int)
    low, high = cast("Float", parameter).low, cast("Float", parameter).high
    return (low, high)


def size_of(encoded: Encoded) -> int | None:
    """Return how many points the library can tell apart; None when not countable."""
    sizes = [cast("Float | Int", p).n_values for p in encoded.native.values()]
    if any(size is None for size in sizes):
        return None
    return math.prod(cast("list[int]", sizes))
