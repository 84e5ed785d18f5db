"""Experiments out of functions and spaces that are written for a library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hpbridge.contract.backend import NativeSpace
from hpbridge.errors import ExperimentError
from hpbridge.experiment import Experiment
from hpbridge.space.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.experiment import Direction


def native_experiment(
    function: object,
    space: object,
    direction: Mapping[str, str] | None = None,
) -> Experiment:
    """Return the experiment of a function that is written for a library.

    Args:
        function: Takes what the library hands to it.
        space: The library's own space; or a `Space` or a dict of parameters, and the
            function takes one mapping of them. None for a function that defines its
            space while it runs.
        direction: Direction by metric; by default the library's.

    Raises:
        ExperimentError: If the function is none.
        SpaceError: If the space cannot be kept in our words.
    """
    name = getattr(function, "__name__", type(function).__name__)
    if not callable(function) or isinstance(function, Experiment):
        problem = f"{function!r:.80} is no function; --space is for a function"
        raise ExperimentError.invalid(str(name), [problem])
    if space is None:
        objective = _adopted(function, str(name))
        way: Any = direction or "minimize"
        return Experiment(objective=objective, space=None, name=name, direction=way)
    read = read_native(space)
    objective = function
    if read.wrap is not None:
        objective = read.wrap(function)
    ways = cast("Mapping[str, Direction]", direction or {read.metric: read.direction})
    made = Experiment(objective=objective, space=read.space, name=name, direction=ways)
    made.native_space = space
    return made


def _adopted(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the objective of a function that defines its space while it runs."""
    from hpbridge.contract.registry import registry  # workers start faster without

    for spec in registry().backends.values():
        objective = spec.adopt(function) if spec.adopt is not None else None
        if objective is not None:
            return objective
    problem = (
        f"{name!r} is a function, and no library's that says its space while it runs; "
        "name its space with --space FILE:NAME"
    )
    raise ExperimentError.invalid(name, [problem])


def read_native(given: object) -> NativeSpace:
    """Return what a library's own space says, or one of ours.

    Raises:
        SpaceError: If it is none, or a library's whose meaning we cannot keep.
    """
    from hpbridge.contract.registry import registry

    if not isinstance(given, Space):
        for spec in registry().backends.values():
            read = spec.from_native(given) if spec.from_native is not None else None
            if read is not None:
                return read
    return NativeSpace(Space.of(given))
