"""Ours in the words of bayesian-optimization, described once: bounds and optimizer.

The same description is made where the library runs, printed where a script is
explained, and written to files; so it needs no library, only `make` does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Call, Categorical, Float, Name, changed_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Parameter, Problem
    from hpbridge_bayesopt.options import CommonOptions

CHOICES = "CategoricalParameter"

_ACQUISITIONS = {
    "ucb": ("UpperConfidenceBound", "kappa"),
    "ei": ("ExpectedImprovement", "xi"),
    "poi": ("ProbabilityOfImprovement", "xi"),
}
_DECAY = ("exploration_decay", "exploration_decay_delay")
_GP = ("alpha", "n_restarts_optimizer")
_REDUCTION = ("gamma_osc", "gamma_pan", "eta", "minimum_window")


def bound(name: str, parameter: Parameter, choices: str = CHOICES) -> Any:
    """Describe an entry of ``pbounds``.

    Args:
        name: Of the parameter.
        parameter: Any that is searched; scale, steps, order and weights are lost.
        choices: The class that stands for choices.

    Returns:
        ``(low, high)``, ``(low, high, int)``, or the call of a parameter object; the
        latter since two numeric choices would be read as a range.
    """
    if isinstance(parameter, Categorical):
        return Call(choices, (name, parameter.labels))
    low, high = ends(parameter)
    is_int = isinstance(low, int) and not isinstance(parameter, Float)
    return (low, high, Name("int")) if is_int else (low, high)


def ends(parameter: Any) -> tuple[Any, Any]:
    """Return the lowest and the highest value of a range."""
    if parameter.n_values is not None:
        return parameter.at(0), parameter.at(parameter.n_values - 1)
    low, high = parameter.reach
    return low, high


def acquisition(algorithm: str, options: CommonOptions) -> Call:
    """Describe the acquisition function of an algorithm."""
    if algorithm == "hedge":
        members = [acquisition(member, options) for member in _ACQUISITIONS]
        return Call("acquisition.GPHedge", (members,))
    cls, weight = _ACQUISITIONS[algorithm]
    arguments = {weight: getattr(options, weight), **_changed(options, _DECAY)}
    return Call(f"acquisition.{cls}", (), arguments)


def optimizer(
    problem: Problem,
    searched: Mapping[str, Parameter],
    algorithm: str,
    options: CommonOptions,
    seed: int,
    choices: str = CHOICES,
) -> Call:
    """Describe the optimizer of a ``target``, and of a ``constraint`` if there is one.

    Args:
        problem: For its constraints; at most 0 is feasible.
        searched: Parameters in their order, in which the library draws.
        algorithm: Its name.
        options: Of the algorithm.
        seed: Of the optimizer.
        choices: As of `bound`.
    """
    pbounds = {name: bound(name, p, choices) for name, p in searched.items()}
    more: dict[str, Any] = {"acquisition_function": acquisition(algorithm, options)}
    if n := problem.n_constraints:
        limits = (-math.inf, 0.0) if n == 1 else ([-math.inf] * n, [0.0] * n)
        constraint = (Name("constraint"), *limits)
        more["constraint"] = Call("NonlinearConstraint", constraint)
    more |= {"random_state": int(seed), "verbose": 0}
    if options.domain_reduction:
        arguments = _changed(options, _REDUCTION)
        reduction = Call("SequentialDomainReductionTransformer", (), arguments)
        more["bounds_transformer"] = reduction
    if options.allow_duplicate_points:
        more["allow_duplicate_points"] = True
    return Call("BayesianOptimization", (Name("target"), pbounds), more)


def gp_arguments(options: CommonOptions) -> dict[str, Any]:
    """Return what `set_gp_params` is given; empty when all is as by default."""
    return _changed(options, _GP)


def _changed(options: CommonOptions, names: tuple[str, ...]) -> dict[str, Any]:
    """Return those of the named options that differ from their default."""
    changed = changed_options(options)
    return {name: value for name, value in changed.items() if name in names}


def make(described: Call) -> Any:
    """Make what is described here, with the library's classes and no functions."""
    import bayes_opt
    from bayes_opt.parameter import CategoricalParameter
    from scipy.optimize import NonlinearConstraint

    from hpbridge_bayesopt.backend.repairs import DistinctCategoricalParameter

    acquisitions = vars(bayes_opt.acquisition)
    names = {
        **vars(bayes_opt),
        **{f"acquisition.{name}": each for name, each in acquisitions.items()},
        CHOICES: CategoricalParameter,
        "DistinctCategoricalParameter": DistinctCategoricalParameter,
        "NonlinearConstraint": NonlinearConstraint,
        "dict": dict,
        "int": int,
        "target": None,
        "constraint": None,
    }
    return described.make(names)
