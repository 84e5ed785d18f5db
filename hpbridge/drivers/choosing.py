"""Choose a driver: by name with options, or what the caller brought to run trials."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from hpbridge.contract.execution import DriverSpec
from hpbridge.contract.options import read_options, told_apart
from hpbridge.contract.registry import registry
from hpbridge.errors import ExperimentError, OptionError

if TYPE_CHECKING:
    from hpbridge.contract.execution import LoopSpec

GivenDriver: TypeAlias = Any
"""What a caller gives: the name of a driver, a `concurrent.futures.Executor` or what a
driver takes in its place, a client of a cluster, say; or one of these with options, in
a tuple. What the caller brought stays the caller's."""

FUTURES = "futures:"
"""Of a driver that the caller brought: what follows is the type of the pool, after the
name of the driver that takes it, where that is not the one for any pool."""


@dataclass(frozen=True)
class ChosenDriver:
    """Where trials run.

    Attributes:
        name: As a study keeps it.
        options: All of its options, as a study keeps them; None where none was given.
        pool: What the caller brought to run the trials, if anything.
    """

    name: str
    options: Mapping[str, Any] | None = None
    pool: object = None


def chosen_driver(given: GivenDriver, experiment: str) -> ChosenDriver:
    """Return where trials run.

    Args:
        given: What the caller gave.
        experiment: What is run, for the error.

    Raises:
        ExperimentError: If it is something else.
        DriverNotFoundError: If options are given for a driver that no plugin offers.
        OptionError: With every option that it does not have, or that is out of range.
    """
    place, options = given if is_with_options(given) else (given, {})
    if isinstance(place, str):
        return ChosenDriver(place, kept_options(place, options) if options else None)
    spec = spec_of_object(place)
    if spec is None:
        problem = f"driver must be {DRIVER_WORDS}, got {given!r:.200}"
        raise ExperimentError.invalid(experiment, [problem])
    kept = asdict(_read(spec, options)) if options else None
    return ChosenDriver(f"{FUTURES}{spec.name}", kept, place)


DRIVER_WORDS = (
    "the name of one, (name, options), a concurrent.futures.Executor or a client of a "
    "cluster that a driver takes"
)
"""What a driver may be, in words."""


def is_driver(given: object) -> bool:
    """Say whether this is a `GivenDriver`, whatever it is called or its options are."""
    place = given[0] if is_with_options(given) else given
    return isinstance(place, str) or spec_of_object(place) is not None


def spec_of_object(place: object) -> DriverSpec | None:
    """Return the driver that an object is, which stays the caller's; None for no such.

    What a plugin takes comes first, since it may be a pool too.
    """
    for spec in registry().drivers.values():
        opened = None
        if isinstance(spec, DriverSpec) and spec.open_on is not None:
            opened = spec.open_on(place)
        if opened is not None and isinstance(spec, DriverSpec):
            return replace(
                spec, name=f"{spec.name} {type(place).__name__}", open=opened
            )
    if not isinstance(place, Executor):
        return None
    from hpbridge.drivers.futures import spec_of

    return spec_of(place)


def driver_of_pool(name: str) -> str:
    """Return the name of the driver that took what the caller brought.

    Args:
        name: As a study keeps it.

    Example:
        >>> driver_of_pool("futures:dask Client"), driver_of_pool("local")
        ('dask', 'local')
    """
    return name.removeprefix(FUTURES).partition(" ")[0]


def attended(name: str) -> int | None:
    """Return how many trials run at once where nobody says so; None for one.

    Does not return in a process that is the driver's only, and not the study's.

    Args:
        name: Of the driver; an unknown one is refused elsewhere.
    """
    spec = registry().drivers.get(name)
    attend = getattr(spec, "attend", None)
    return None if attend is None else int(attend())


def is_with_options(given: object) -> TypeGuard[tuple[Any, Mapping[str, object]]]:
    """Say whether this is a driver with options."""
    if not isinstance(given, tuple) or len(given) != 2:  # noqa: PLR2004
        return False
    return isinstance(given[1], Mapping)


def kept_options(name: str, given: Mapping[str, object]) -> dict[str, Any] | None:
    """Return all options of a driver, as a study keeps them; None where none is given.

    Raises:
        DriverNotFoundError: If no plugin offers it.
        OptionError: With every option that it does not have, or that is out of range.
    """
    spec = registry().driver(name)
    return asdict(_read(spec, given)) if given else None


def options_of(spec: DriverSpec | LoopSpec, kept: Mapping[str, Any] | None) -> Any:
    """Return a driver's options as an instance of its dataclass.

    Args:
        spec: The driver.
        kept: As a study keeps them.

    Raises:
        OptionError: If they are of another version of the driver.
    """
    return _read(spec, kept or {})


def _read(spec: DriverSpec | LoopSpec, given: Mapping[str, object]) -> Any:
    try:
        return read_options(spec.name, spec.options, given)
    except OptionError as error:
        problems = told_apart(error.problems)
        raise OptionError.of_driver(spec.name, problems) from error
