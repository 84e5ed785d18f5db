"""Experiments out of functions and spaces that are written for a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from hpbridge.contract.odd import explain_odd
from hpbridge.errors import ExperimentError
from hpbridge.experiment import DEFAULT_METRIC, NOT_AWAITED, Experiment, is_async
from hpbridge.space.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.experiment import Direction

Ways: TypeAlias = "str | Sequence[str] | Mapping[str, str] | None"
"""Which way is better: by metric, or one word a value in order; None: nobody says."""


@dataclass(frozen=True)
class NativeSpace:
    """A library's own space, read.

    Attributes:
        space: The same in our words, with the library's meaning kept.
        wrap: ``wrap(function) -> objective``: makes an objective of one `Trial` out of
            a function that is written for the library and takes what it would hand to
            it. None where functions of the library are not told from the space.
        direction: Which way is better in the library; empty where that is said with
            each study.
        metric: What the library calls the value; a wrapped function may return a dict
            with it and further metrics.
        fits: ``fits(function)``: says whether a function is written for the library,
            where the space alone could be somebody else's. Of one that is not, nothing
            but the space counts. None where the space is telling.
    """

    space: Space
    wrap: Callable[[Callable[..., Any]], Callable[[Any], Any]] | None = None
    direction: str = "minimize"
    metric: str = "value"
    fits: Callable[[Callable[..., Any]], bool] | None = None


def native_experiment(
    function: object,
    space: object = None,
    direction: Ways = None,
    *,
    name: str = "",
    baseline: Sequence[Mapping[str, Any]] = (),
) -> Experiment:
    """Return the experiment of a function that is written for a library.

    Args:
        function: Takes what the library hands to it.
        space: The library's own space; or a `Space` or a dict of parameters, and the
            function takes one mapping of them, or asks for each as in a library that
            works so. None for a function that defines its space while it runs.
        direction: Direction by metric, or ``"maximize"`` for one value, or one word for
            each of several. By default the library's; where it has none, smaller is
            taken to be better, which `Experiment.is_direction_assumed` tells.
        name: Of the experiment; by default the function's.
        baseline: As of `Experiment`.

    Raises:
        ExperimentError: If the function is none.
        SpaceError: If the space cannot be kept in our words.

    Example:
        >>> from hpbridge import Float
        >>> native_experiment(lambda p: p["x"] ** 2, {"x": Float(-1, 1)}).metrics
        {'value': 'minimize'}
    """
    name = _name_of(function, name)
    if not callable(function) or isinstance(function, (Experiment, type)):
        is_trainable = isinstance(function, type) and space is not None
        if not is_trainable:
            raise explain_odd(function, name)
    if is_async(function):
        raise ExperimentError.invalid(name, [NOT_AWAITED])
    read = None if space is None else read_native(space)
    is_fitting = read is not None and read.fits is not None
    if read is not None and read.fits and not read.fits(cast("Any", function)):
        read, is_fitting = NativeSpace(read.space, direction=""), False
    objective: Any = function
    if read is None:
        objective = _adopted(cast("Any", function), name)
    elif read.wrap is not None:
        objective = read.wrap(cast("Any", function))
    else:
        objective = _asking(cast("Any", function))
    metric = DEFAULT_METRIC if read is None else read.metric
    usual = "" if read is None else read.direction
    made = Experiment(
        objective=objective,
        space=None if read is None else read.space,
        name=name,
        direction=_by_metric(direction or usual or "minimize", metric),
        baseline=baseline,
    )
    made.native_space = None if isinstance(space, NativeSpace) else space
    made.is_direction_assumed = not (direction or usual)
    if is_fitting and usual and not direction:
        better = "larger" if usual == "maximize" else "smaller"
        text = f"{metric}: {better} is better, as in the library whose function it is"
        return made.noting(f"{text}; a direction says otherwise")
    return made


def _name_of(function: object, name: str) -> str:
    own = str(getattr(function, "__name__", ""))
    is_telling = own.isidentifier()  # a lambda's is not
    return own if is_telling else name or own or type(function).__name__


def _by_metric(direction: Any, metric: str) -> Mapping[str, Direction]:
    """Return directions by metric; a word alone is for the value that is returned."""
    if isinstance(direction, Mapping):
        return cast("Mapping[str, Direction]", direction)
    ways: list[Any] = [direction] if isinstance(direction, str) else list(direction)
    if len(ways) == 1:
        return {metric: ways[0]}
    return {f"{DEFAULT_METRIC}_{k}": way for k, way in enumerate(ways)}


def _adopted(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the objective of a function that defines its space while it runs."""
    from hpbridge.contract.registry import registry  # workers start faster without

    for spec in registry().backends.values():
        objective = spec.adopt(function) if spec.adopt is not None else None
        if objective is not None:
            return objective
    raise explain_odd(function, name)


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the objective of a function whose space was given.

    It asks for each parameter all the same, or it takes a mapping of them.
    """
    from hpbridge.contract.registry import registry

    for spec in registry().backends.values():
        if spec.adopt is not None:
            objective = spec.adopt(function, is_sure=True)
            if objective is not None:
                return objective
    return function


def read_native(given: object) -> NativeSpace:
    """Return what a library's own space says, or one of ours.

    Raises:
        SpaceError: If it is none, or a library's whose meaning we cannot keep.
    """
    from hpbridge.contract.registry import registry

    if isinstance(given, NativeSpace):
        return given
    if not isinstance(given, Space):
        for spec in registry().backends.values():
            read = spec.from_native(given) if spec.from_native is not None else None
            if read is not None:
                return read
    return NativeSpace(Space.of(given), direction="")
