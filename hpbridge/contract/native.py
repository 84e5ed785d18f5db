"""Experiments out of functions and spaces that are written for a library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlencode

from hpbridge.contract.backend import NativeSpace
from hpbridge.contract.references import load_object
from hpbridge.contract.registry import registry
from hpbridge.errors import ExperimentError
from hpbridge.experiment import Experiment
from hpbridge.space.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.experiment import Direction


def reference_to(
    function: str, space: str | None, direction: Mapping[str, str] | None = None
) -> str:
    """Return the reference of a function with its space, for `load_experiment`.

    Args:
        function: ``file.py:name`` or ``module:name``.
        space: The same of the space; None where the function says it while it runs.
        direction: Direction by metric, where the library's own is not meant.
    """
    words = [("space", space)] if space is not None else []
    words += [("direction", f"{m}={way}") for m, way in (direction or {}).items()]
    return f"{function}?{urlencode(words)}" if words else function


def load_native(reference: str) -> Experiment:
    """Return the experiment that a reference of `reference_to` names.

    Raises:
        ExperimentNotFoundError: If a part of it cannot be imported.
        ExperimentError: If it is no function, or the space is none.
        SpaceError: If the space cannot be kept in our words.
    """
    place, _, query = reference.partition("?")
    words = parse_qsl(query)
    pairs = [value.partition("=") for key, value in words if key == "direction"]
    direction = {metric: way for metric, _, way in pairs}
    function, function_at = load_object(place)
    spaces = [value for key, value in words if key == "space"]
    if not spaces:
        if isinstance(function, Experiment):
            problem = "it has directions of its own; --direction is for a function"
            raise ExperimentError.invalid(function.name, [problem])
        growing = native_experiment(function, None, direction)
        return growing.at(reference_to(function_at, None, direction))
    space, space_at = load_object(spaces[0])
    experiment = native_experiment(function, space, direction)
    return experiment.at(reference_to(function_at, space_at, direction))


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
    if not isinstance(given, Space):
        for spec in registry().backends.values():
            read = spec.from_native(given) if spec.from_native is not None else None
            if read is not None:
                return read
    return NativeSpace(Space.of(given))
