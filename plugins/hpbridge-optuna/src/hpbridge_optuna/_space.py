"""Parameters and samplers in Optuna's terms, for calling and for printing alike."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple

from hpbridge.plugin import Feature, Float, Int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Algorithm, Categorical, Encoded, Parameter, Problem

SAMPLERS = {
    "tpe": "TPESampler",
    "gp": "GPSampler",
    "cmaes": "CmaEsSampler",
    "random": "RandomSampler",
    "qmc": "QMCSampler",
    "grid": "GridSampler",
    "bruteforce": "BruteForceSampler",
    "nsga2": "NSGAIISampler",
    "nsga3": "NSGAIIISampler",
}
"""The class of each algorithm in `optuna.samplers`."""

# GridSampler keeps a list of the whole grid, BruteForceSampler of every range.
_MOST_VALUES = 1_000_000


class Arguments(NamedTuple):
    """What ``trial.suggest_<kind>`` takes after the name, and the distribution too."""

    kind: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def to_arguments(parameter: Parameter) -> Arguments:
    """Translate a native parameter.

    A range ends at its last grid value, as Optuna would end it with a warning.

    Source:
        Optuna 5.0.0, `Trial.suggest_float` and `FloatDistribution` and so on.
    """
    if isinstance(parameter, Float):
        kwargs: dict[str, Any] = {"log": True} if parameter.log else {}
        if parameter.step is not None:
            kwargs = {"step": parameter.step}
        return Arguments("float", (parameter.low, parameter.last), kwargs)
    if isinstance(parameter, Int):
        kwargs = {"log": True} if parameter.log else {}
        if parameter.step != 1:
            kwargs = {"step": parameter.step}
        return Arguments("int", (parameter.low, parameter.last), kwargs)
    categorical: Categorical = parameter  # type: ignore[assignment]
    return Arguments("categorical", (list(categorical.labels),), {})


def sampler_arguments(
    algorithm: Algorithm, options: Any, seed: int, encoded: Encoded
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what the sampler is made with: the options that were changed, the seed.

    NumPy's `RandomState` takes seeds of 32 bits, so other seeds are taken modulo.
    """
    args: tuple[Any, ...] = ()
    if algorithm.name == "grid":
        args = ({n: list(p.grid) for n, p in encoded.native.items()},)  # type: ignore[attr-defined]
    kwargs = {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(options)
        if getattr(options, field.name) != field.default
    }
    return args, {**kwargs, "seed": seed % 2**32}


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
