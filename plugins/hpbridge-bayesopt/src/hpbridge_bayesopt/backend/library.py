"""The library's own objects, made from our options."""

from __future__ import annotations

import dataclasses
import math
import warnings
from typing import TYPE_CHECKING, Any

from bayes_opt import (
    BayesianOptimization,
    SequentialDomainReductionTransformer,
    acquisition,
)
from scipy.optimize import NonlinearConstraint

from hpbridge_bayesopt.backend.space import to_pbounds

if TYPE_CHECKING:
    from hpbridge.plugin import Encoded, Problem
    from hpbridge_bayesopt.options import CommonOptions

_ACQUISITIONS = {
    "ucb": ("UpperConfidenceBound", "kappa"),
    "ei": ("ExpectedImprovement", "xi"),
    "poi": ("ProbabilityOfImprovement", "xi"),
}
_HEDGE = "hedge"
_GP = ("alpha", "n_restarts_optimizer")
_REDUCTION = ("gamma_osc", "gamma_pan", "eta", "minimum_window")


def acquisition_calls(
    algorithm: str, options: CommonOptions
) -> list[tuple[str, dict[str, Any]]]:
    """Return (class, arguments) of the acquisition function, of all under `hedge`."""
    decay = changed(options, ("exploration_decay", "exploration_decay_delay"))
    members = _ACQUISITIONS if algorithm == _HEDGE else [algorithm]
    calls = [_ACQUISITIONS[member] for member in members]
    return [(cls, {arg: getattr(options, arg), **decay}) for cls, arg in calls]


def changed(options: CommonOptions, names: tuple[str, ...]) -> dict[str, Any]:
    """Return those of the named options that differ from their default."""
    return {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(options)
        if field.name in names and getattr(options, field.name) != field.default
    }


def gp_arguments(options: CommonOptions) -> dict[str, Any]:
    """Return what `set_gp_params` is given; empty when all is as by default."""
    return changed(options, _GP)


def reduction_arguments(options: CommonOptions) -> dict[str, Any]:
    """Return what `SequentialDomainReductionTransformer` is given."""
    return changed(options, _REDUCTION)


def constraint_limits(n_constraints: int) -> tuple[Any, Any]:
    """Return the library's lower and upper limits for our "<= 0 is feasible"."""
    if n_constraints == 1:
        return -math.inf, 0.0
    return [-math.inf] * n_constraints, [0.0] * n_constraints


def build(
    problem: Problem,
    encoded: Encoded,
    algorithm: str,
    options: CommonOptions,
    seed: int,
) -> tuple[BayesianOptimization, SequentialDomainReductionTransformer | None]:
    """Return the library's optimizer, and what reduces its domain if anything does."""
    made = [
        getattr(acquisition, cls)(**arguments)
        for cls, arguments in acquisition_calls(algorithm, options)
    ]
    reduction = None
    if options.domain_reduction:
        arguments = reduction_arguments(options)
        reduction = SequentialDomainReductionTransformer(**arguments)
    constraint = None
    if problem.n_constraints:
        limits = constraint_limits(problem.n_constraints)
        constraint = NonlinearConstraint(None, *limits)
    with warnings.catch_warnings():
        # The library calls ints and choices experimental, on every construction.
        warnings.simplefilter("ignore")
        library = BayesianOptimization(
            None,
            to_pbounds(encoded),
            acquisition_function=(
                acquisition.GPHedge(made) if algorithm == _HEDGE else made[0]
            ),
            constraint=constraint,
            random_state=int(seed),
            verbose=0,
            bounds_transformer=reduction,
            allow_duplicate_points=options.allow_duplicate_points,
        )
    if gp_arguments(options):
        library.set_gp_params(**gp_arguments(options))
    return library, reduction
