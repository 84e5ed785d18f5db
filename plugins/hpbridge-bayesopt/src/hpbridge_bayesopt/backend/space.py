"""What the library cannot search, and how much it can, known without importing it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from hpbridge.plugin import Encoded, Float, Int, Sizes

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Parameter, Problem
    from hpbridge_bayesopt.options import CommonOptions

# The library holds every point as doubles, which are exact for ints up to here.
_LARGEST_INT = 2**53
# Its kernels square distances.
_SIZES = Sizes(largest_float=1e150)


def refine(problem: Problem, algorithm: Algorithm, options: CommonOptions) -> list[str]:
    """Return what speaks against a problem beyond the capabilities."""
    encoded = Encoded(problem.space, algorithm.capabilities)
    reasons = [
        f"{name!r} reaches {largest}: ints above 2**53 are not exact"
        for name, parameter in encoded.native.items()
        if (largest := _largest(parameter)) > _LARGEST_INT
    ]
    reasons += _SIZES.reasons_against(encoded)
    if not options.domain_reduction:
        return reasons
    others = [
        f"{name!r} is searched as {type(parameter).__name__}: "
        f"domain_reduction=True takes floats only"
        for name, parameter in encoded.native.items()
        if not isinstance(parameter, Float)
    ]
    return reasons + (others or _window_problems(encoded, options))


def _largest(parameter: Parameter) -> float:
    if not isinstance(parameter, Int):
        return 0
    return max(abs(parameter.low), abs(parameter.high))


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


def size_of(encoded: Encoded) -> int | None:
    """Return how many points the library can tell apart; None when not countable."""
    sizes = [cast("Float | Int", p).n_values for p in encoded.native.values()]
    if any(size is None for size in sizes):
        return None
    return math.prod(cast("list[int]", sizes))
