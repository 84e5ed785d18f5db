"""Ray Tune's schedulers of populations in its own words: to be made, and printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Call, Categorical, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.plugin import Encoded

METRIC = "value"
TIME = "steps"

_OWN = ("quantile_fraction", "resample_probability", "perturbation_factors", "synch")


def scheduler_of(
    name: str, encoded: Encoded, dimensions: Mapping[str, Any], options: Any
) -> Call:
    """Return the call that makes a scheduler; `inside` is its explore function.

    Args:
        name: Of the algorithm.
        encoded: The space.
        dimensions: The same as Ray searches it.
        options: Of the algorithm.
    """
    # PB2 takes no empty space.
    is_bandit = name == "pb2" and bool(dimensions)
    space: dict[str, Any] = {}
    for parameter, dimension in dimensions.items():
        native: Any = encoded.native[parameter]
        if isinstance(native, Categorical):
            space[dimension.key] = list(native.labels)
        elif is_bandit:
            space[dimension.key] = [native.low, native.high]
        else:
            space[dimension.key] = dimension.domain
    kwargs: dict[str, Any] = {
        "time_attr": TIME,
        "metric": METRIC,
        "mode": "min",
        "perturbation_interval": options.perturbation_interval,
    }
    if hasattr(options, "burn_in_period"):
        kwargs["burn_in_period"] = options.burn_in_period
    kwargs["hyperparam_bounds" if is_bandit else "hyperparam_mutations"] = space
    kwargs |= {each: getattr(options, each) for each in _OWN if hasattr(options, each)}
    kwargs |= {"custom_explore_fn": Name("inside"), "log_config": False}
    return Call("PB2" if is_bandit else "PopulationBasedTraining", kwargs=kwargs)


def ends_of(
    encoded: Encoded, dimensions: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Return the ends of each parameter that has some, by Ray's names."""
    native: dict[str, Any] = {
        dimensions[name].key: p for name, p in encoded.native.items()
    }
    return {
        key: (parameter.low, parameter.high)
        for key, parameter in native.items()
        if not isinstance(parameter, Categorical)
    }


def inside(
    encoded: Encoded, dimensions: Mapping[str, Any]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what lets each parameter that has left its range end at its end."""
    ends = ends_of(encoded, dimensions)

    def explored(config: dict[str, Any]) -> dict[str, Any]:
        for key, (low, high) in ends.items():
            config[key] = min(max(config[key], low), high)
        return config

    return explored
