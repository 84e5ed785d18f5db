"""What an algorithm cannot search, beyond what its capabilities say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Encoded, Sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Algorithm, Problem

# GridSampler keeps a list of the whole grid, BruteForceSampler of every range.
_MOST_VALUES = 1_000_000


# The first two convert each number by itself, the last two look for it as a float
# among the values; the others compute in arrays of NumPy's ints.
_LARGEST_INT: dict[str, int | None] = {
    "random": None,
    "qmc": None,
    "grid": 2**53,
    "bruteforce": 2**53,
}
_LARGEST_INT64 = 2**63 - 1


def refine(problem: Problem, algorithm: Algorithm, options: Any) -> list[str]:
    """Return what speaks against a problem beyond the capabilities."""
    largest = _LARGEST_INT.get(algorithm.name, _LARGEST_INT64)
    encoded = Encoded(problem.space, algorithm.capabilities)
    found = Sizes(largest_int=largest).reasons_against(encoded)
    if problem.space.is_conditional and getattr(options, "with_margin", False):
        # The points of one generation would have different lengths.
        found.append("with_margin=True fails in Optuna under conditional parameters")
    return found + _reasons_of_size(problem.space.searched, algorithm)


def _reasons_of_size(searched: Mapping[str, Any], algorithm: Algorithm) -> list[str]:
    if algorithm.name not in {"grid", "bruteforce"}:
        return []
    sizes = {name: p.n_values for name, p in searched.items() if p.n_values is not None}
    found = [
        f"{name!r} has {size} values, more than {_MOST_VALUES}"
        for name, size in sizes.items()
        if size > _MOST_VALUES
    ]
    n_points = math.prod(sizes.values())
    if algorithm.name == "grid" and not found and n_points > _MOST_VALUES:
        found.append(f"the grid has {n_points} points, more than {_MOST_VALUES}")
    return found
