"""What an algorithm cannot search, beyond what its capabilities say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Feature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Algorithm, Problem

# GridSampler keeps a list of the whole grid, BruteForceSampler of every range.
_MOST_VALUES = 1_000_000


def reasons_against(problem: Problem, algorithm: Algorithm, options: Any) -> list[str]:
    """Return why the algorithm cannot run the problem, one sentence each."""
    capabilities = algorithm.capabilities
    needs = {
        Feature.MULTI_OBJECTIVE: (
            problem.n_objectives > 1,
            problem.n_objectives,
            "metrics",
        ),
        Feature.CONSTRAINTS: (
            problem.n_constraints > 0,
            problem.n_constraints,
            "constraints",
        ),
    }
    found = capabilities.reasons_against(problem.space)
    found += [
        f"{count} {what} need {feature.value}: {capabilities.why_not(feature)}"
        for feature, (is_needed, count, what) in needs.items()
        if is_needed and not capabilities.can(feature)
    ]
    if problem.space.is_conditional and getattr(options, "with_margin", False):
        # The points of one generation would have different lengths.
        found.append("with_margin=True fails in Optuna under conditional parameters")
    return found or _reasons_of_size(problem.space.searched, algorithm)


def _reasons_of_size(searched: Mapping[str, Any], algorithm: Algorithm) -> list[str]:
    if algorithm.name not in {"grid", "bruteforce"}:
        return []
    product = 1
    for name, parameter in searched.items():
        product *= parameter.n_values
        if parameter.n_values > _MOST_VALUES:
            return [
                f"{name!r} has {parameter.n_values} values, more than {_MOST_VALUES}"
            ]
    if algorithm.name == "grid" and product > _MOST_VALUES:
        return [f"the grid has {product} points, more than {_MOST_VALUES}"]
    return []
