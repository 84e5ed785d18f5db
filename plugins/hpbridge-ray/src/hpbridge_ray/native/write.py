"""Write what is ours in Ray Tune's words: once, to be made and to be printed."""

from __future__ import annotations

import contextlib
import importlib
import math
from typing import TYPE_CHECKING, Any, cast

from hpbridge.plugin import (
    Call,
    Categorical,
    Float,
    Int,
    Normal,
    Quantized,
    changed_options,
    quiet,
)

if TYPE_CHECKING:
    from ray.tune.search import Searcher

    from hpbridge.plugin import Parameter

SEARCHERS = {
    "random": ("ray.tune.search", "BasicVariantGenerator"),
    "grid": ("ray.tune.search", "BasicVariantGenerator"),
    "optuna": ("ray.tune.search.optuna", "OptunaSearch"),
    "hyperopt": ("ray.tune.search.hyperopt", "HyperOptSearch"),
    "bohb": ("ray.tune.search.bohb", "TuneBOHB"),
}
"""Module and class by algorithm."""

LOGGERS = (
    "optuna.study.study",
    "optuna.storages._in_memory",
    "hpbandster",
    "ray.tune.search.bohb.bohb_search",
)
"""Under these, the searchers' own libraries log what they do."""

_DOMAINS = (
    "choice",
    "grid_search",
    "lograndint",
    "loguniform",
    "qrandn",
    "randint",
    "randn",
    "uniform",
)


def domain_of(parameter: Any) -> Call:
    """Return the domain of a float or int without step, or of a choice."""
    if is_normal(parameter):
        law = parameter.prior.mu, parameter.prior.sigma
        if isinstance(parameter, Quantized):
            return Call("tune.qrandn", (*law, parameter.q))
        return Call("tune.randn", law)
    if isinstance(parameter, Categorical):
        return Call("tune.choice", (list(parameter.labels),))
    if isinstance(parameter, Int):
        function = "lograndint" if parameter.log else "randint"
        # Ray leaves the upper end out.
        return Call(f"tune.{function}", (parameter.low, parameter.high + 1))
    number = cast("Float", parameter)
    function = "loguniform" if number.log else "uniform"
    return Call(f"tune.{function}", (number.low, number.high))


def is_normal(parameter: Any) -> bool:
    """Say whether ``tune.randn`` or ``tune.qrandn`` draws a parameter as it is."""
    if isinstance(parameter, Quantized) and parameter.is_int:
        return False
    is_unbounded = (
        isinstance(parameter, (Float, Quantized))
        and parameter.low == -math.inf
        and parameter.high == math.inf
    )
    return is_unbounded and isinstance(parameter.prior, Normal)


def grid_of(parameter: Parameter) -> Call:
    """Return the order to try every value of a parameter."""
    return Call(
        "tune.grid_search", (list(cast("Int | Categorical", parameter).grid or ()),)
    )


def domains() -> dict[str, Any]:
    """Return what makes Ray's domains, by the names in `domain_of`."""
    from ray import tune

    return {f"tune.{name}": getattr(tune, name) for name in _DOMAINS}


def make_domain(call: Call) -> Any:
    """Return what Ray makes of a domain."""
    return call.make(domains())


def searcher_of(algorithm: str, options: Any, seed: int | None, **more: Any) -> Call:
    """Return the search class of an algorithm, with the options that are not Ray's.

    Args:
        algorithm: Its name.
        options: An instance of its options.
        seed: None draws one.
        more: Further arguments.
    """
    changed = changed_options(options)
    arguments: dict[str, dict[str, Any]] = {
        "random": {"random_state": seed, "max_concurrent": 1},
        "grid": {"max_concurrent": 1},
        "optuna": {"seed": seed},
        "hyperopt": {**changed, "random_state_seed": seed},
        "bohb": {**({"bohb_config": changed} if changed else {}), "seed": seed},
    }
    return Call(SEARCHERS[algorithm][1], kwargs=arguments[algorithm] | more)


def make_searcher(
    algorithm: str, options: Any, seed: int | None, **more: Any
) -> Searcher:
    """Return Ray's own searcher; as `searcher_of`."""
    module, name = SEARCHERS[algorithm]
    # hpbandster is older than Python's own warnings about it.
    is_noisy = algorithm == "bohb"
    with quiet(*LOGGERS) if is_noisy else contextlib.nullcontext():
        cls = getattr(importlib.import_module(module), name)
        return searcher_of(algorithm, options, seed, **more).make({name: cls})
