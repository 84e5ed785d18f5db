"""Ours in Optuna's words: each parameter and sampler described once, as a call.

The same description is made where Optuna runs and printed where a script is explained,
so it needs no Optuna; only `to_distribution` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    Call,
    Categorical,
    Float,
    Int,
    Quantized,
    changed_options,
    quiet,
    registry,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.distributions import BaseDistribution

    from hpbridge.plugin import Algorithm, Parameter

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

PRUNERS = {
    "median": "MedianPruner",
    "percentile": "PercentilePruner",
    "threshold": "ThresholdPruner",
    "patient": "PatientPruner",
    "wilcoxon": "WilcoxonPruner",
    "sha": "SuccessiveHalvingPruner",
    "asha:optuna": "SuccessiveHalvingPruner",
    "hyperband": "HyperbandPruner",
}
"""The class in `optuna.pruners` that each pruner restates."""

_METHODS = {
    "FloatDistribution": "suggest_float",
    "IntDistribution": "suggest_int",
    "CategoricalDistribution": "suggest_categorical",
}


def distribution(parameter: Parameter, *, of_labels: bool = True) -> Call:
    """Describe a distribution that contains every value of a parameter.

    A range ends at its last grid value, as Optuna would end it with a warning. Optuna
    has no priors, weights, orders and quanta; they are lost here.

    Args:
        parameter: Any that is searched.
        of_labels: The choices are the labels, which are plain; or the objects.

    Source:
        Optuna 5.0.0, `Trial.suggest_float` and `FloatDistribution` and so on.
    """
    if isinstance(parameter, Categorical):
        return Call("CategoricalDistribution", (_choices(parameter, of_labels),))
    if isinstance(parameter, Quantized):
        low, high = map(parameter.round, parameter.reach)
        return _of_numbers(parameter.is_int, low, high, {"step": parameter.q})
    assert isinstance(parameter, (Float, Int))
    kwargs: dict[str, Any] = {"log": True} if parameter.log else {}
    is_int = isinstance(parameter, Int)
    if parameter.step != (1 if is_int else None):
        kwargs = {"step": parameter.step}
    low, high = parameter.reach
    last = high if parameter.is_unbounded else parameter.last
    return _of_numbers(is_int, low, last, kwargs)


def _of_numbers(is_int: bool, low: float, high: float, kwargs: dict[str, Any]) -> Call:
    name = "IntDistribution" if is_int else "FloatDistribution"
    return Call(name, (low, high), kwargs)


def _choices(parameter: Categorical, of_labels: bool) -> list[Any]:
    return list(parameter.labels if of_labels else parameter.choices)


def suggestion(name: str, parameter: Parameter) -> Call:
    """Describe the ``suggest_*`` call of a trial that draws a parameter."""
    made = distribution(parameter)
    return Call(f"trial.{_METHODS[made.name]}", (name, *made.args), made.kwargs)


def to_distribution(
    parameter: Parameter,
    *,
    of_labels: bool = True,
    classes: Mapping[str, type] | None = None,
) -> BaseDistribution:
    """Make what `distribution` describes.

    Args:
        parameter: Any that is searched.
        of_labels: As there.
        classes: By name, in the place of Optuna's own.
    """
    from optuna import distributions

    call = distribution(parameter, of_labels=of_labels)
    with quiet():  # it warns of choices that are no scalars
        return call.make(classes or vars(distributions))  # type: ignore[no-any-return]


def sampler_call(
    algorithm: Algorithm,
    options: Any,
    seed: int | None,
    searched: Mapping[str, Parameter],
    *,
    of_labels: bool = True,
) -> Call:
    """Describe the sampler: the options that were changed, the seed, a grid's values.

    NumPy's `RandomState` takes seeds of 32 bits, so other seeds are taken modulo.
    """
    args: tuple[Any, ...] = ()
    if algorithm.name == "grid":
        args = ({n: _grid(p, of_labels) for n, p in searched.items()},)
    kwargs = changed_options(options)
    for name in ("storage", "study_name"):  # of the study
        kwargs.pop(name, None)
    kwargs["seed"] = None if seed is None else seed % 2**32
    return Call(SAMPLERS[algorithm.name], args, kwargs)


def pruner_call(name: str, options: Mapping[str, Any], module: str = "") -> Call | None:
    """Describe Optuna's own pruner: the options that were changed.

    Args:
        name: Ours.
        options: All of them.
        module: What its name stands in, as in ``"optuna.pruners."``.

    Returns:
        None where Optuna has no such pruner.
    """
    if name not in PRUNERS:
        return None
    kwargs = changed_options(registry().pruner(name).options(**options))
    args: tuple[Any, ...] = ()
    if name == "patient":
        inner, of_inner = kwargs.pop("wrapped", None), {}
        if inner is not None:
            spec = registry().pruner(inner)
            inner = spec.name
            of_inner = vars(spec.options(**kwargs.pop("wrapped_options", {})))
        wrapped = None if inner is None else pruner_call(inner, of_inner, module)
        if inner is not None and wrapped is None:
            return None
        args = (wrapped,)
    return Call(f"{module}{PRUNERS[name]}", args, kwargs)


def _grid(parameter: Any, of_labels: bool) -> list[Any]:
    if isinstance(parameter, Categorical):
        return _choices(parameter, of_labels)
    return list(parameter.grid)
