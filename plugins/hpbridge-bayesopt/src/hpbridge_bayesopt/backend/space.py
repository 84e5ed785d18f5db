"""What the library cannot search is refused, the rest becomes its `pbounds`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from bayes_opt.parameter import CategoricalParameter

from hpbridge.plugin import (
    Categorical,
    Encoded,
    Feature,
    Float,
    Int,
    OptionError,
    Parameter,
    UnsupportedFeatureError,
)
from hpbridge_bayesopt.backend.repairs import DistinctCategoricalParameter

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Problem
    from hpbridge_bayesopt.options import CommonOptions

_WITH_CONSTRAINTS = ["bayesopt:ei", "bayesopt:poi"]
# The library holds every point as doubles, which are exact for ints up to here.
_LARGEST_INT = 2**53


def encode(problem: Problem, algorithm: Algorithm, options: CommonOptions) -> Encoded:
    """Return the space as the library searches it.

    Raises:
        UnsupportedFeatureError: With every reason why the algorithm cannot run it.
        OptionError: If `minimum_window` does not fit the space.
    """
    name = f"bayesopt:{algorithm.name}"
    encoded = Encoded(problem.space, algorithm.capabilities, name)
    reasons = _reasons_against(problem, algorithm)
    able = _WITH_CONSTRAINTS if reasons and problem.n_objectives == 1 else []
    reasons += [
        reason
        for key, parameter in encoded.native.items()
        for reason in _reasons_against_native(key, parameter, options)
    ]
    if reasons:
        raise UnsupportedFeatureError.refused(name, reasons, able)
    if options.domain_reduction:
        problems = _window_problems(encoded, options)
        if problems:
            raise OptionError.invalid(name, problems)
    return encoded


def _reasons_against(problem: Problem, algorithm: Algorithm) -> list[str]:
    can = algorithm.capabilities
    reasons = []
    if problem.n_objectives > 1:
        why = can.why_not(Feature.MULTI_OBJECTIVE)
        reasons.append(f"{problem.n_objectives} metrics are optimized: {why}")
    if problem.n_constraints and not can.can(Feature.CONSTRAINTS):
        why = can.why_not(Feature.CONSTRAINTS)
        plural = "s" if problem.n_constraints > 1 else ""
        reasons.append(f"{problem.n_constraints} constraint{plural} on metrics: {why}")
    return reasons


def _reasons_against_native(
    name: str, parameter: Parameter, options: CommonOptions
) -> list[str]:
    reasons = []
    if options.domain_reduction and not isinstance(parameter, Float):
        kind = type(parameter).__name__
        reasons.append(
            f"{name!r} is searched as {kind}: domain_reduction=True takes floats only"
        )
    if isinstance(parameter, Int):
        largest = max(abs(parameter.low), abs(parameter.high))
        if largest > _LARGEST_INT:
            reasons.append(
                f"{name!r} reaches {largest}: ints above 2**53 are not exact"
            )
    return reasons


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


def _window_problems(encoded: Encoded, options: CommonOptions) -> list[str]:
    window = options.minimum_window
    names = list(encoded.native)
    if isinstance(window, dict):
        wrong = sorted(set(window) ^ set(names))
        if wrong:
            return [f"'minimum_window' must name {names}, but differs in {wrong}"]
    problems = []
    for name, parameter in encoded.native.items():
        smallest = window[name] if isinstance(window, dict) else window
        low, high = cast("Float", parameter).low, cast("Float", parameter).high
        if not 0 <= smallest <= high - low:
            problems.append(
                f"'minimum_window' is {smallest!r}, "
                f"but {name!r} is searched in [{low!r}, {high!r}]"
            )
    return problems


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
