"""Find the experiment that ``file.py:name`` or ``module:name`` names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from hpbridge.contract.files import is_space_file, load_module, split_reference
from hpbridge.contract.native import native_experiment
from hpbridge.contract.odd import check_search, explain_odd
from hpbridge.contract.reading import read_file
from hpbridge.contract.returned import minimized_score
from hpbridge.contract.script import Script
from hpbridge.errors import ExperimentNotFoundError, SpaceError, nearest
from hpbridge.experiment import Experiment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from hpbridge.contract.native import Ways
    from hpbridge.contract.reading import FileReading
    from hpbridge.contract.script import ScriptReader


def load_experiment(reference: str) -> Experiment:
    """Import an experiment.

    Args:
        reference: ``path/to/file.py``, ``path/to/file.py:name``, ``module`` or
            ``module:name``. Without a name: the module's ``experiment``, or the only
            one that it holds. A file may lie anywhere and import its neighbours.
            What is written for a library is named as by `Found.reference`.

    Raises:
        ExperimentNotFoundError: If the file or module is missing, does not parse,
            raises when it is imported, or holds no such experiment.
        ExperimentError: If a function is none that a library would call.
        SpaceError: If its space cannot be kept in our words.
    """
    place, _, query = reference.partition("?")
    words = parse_qsl(query)
    spaces = [value for key, value in words if key == "space"]
    libraries = [value for key, value in words if key == "script"]
    pairs = [value.rpartition("=") for key, value in words if key == "direction"]
    wanted = Wanted(place, spaces[0] if spaces else None, _ways(pairs))
    return _find(wanted, _readers(libraries)).experiment


@dataclass(frozen=True)
class Wanted:
    """What a user asks for.

    Attributes:
        reference: ``file.py``, ``file.py:name``, ``module`` or ``module:name``.
        space: ``file.py:name`` of the space of a function.
        direction: As of `native_experiment`, of a function.
        recorded: The directions of a study of it, which count for more than what its
            file says.
    """

    reference: str
    space: str | None = None
    direction: Ways = None
    recorded: Ways = None


@dataclass(frozen=True)
class Found:
    """An experiment that was imported.

    Attributes:
        experiment: With the reference by which another process finds it.
        script: What its file says beside it; None where that says nothing.
        notes: How the file was read, a sentence each.
    """

    experiment: Experiment
    script: Script | None = None
    notes: tuple[str, ...] = ()


def find_experiment(wanted: Wanted) -> Found:
    """Import what a user asks for: an experiment, or what is written for a library.

    Of a script that runs its study at its top level, what stands above is imported.

    Raises:
        HpbridgeError: As of `load_experiment`.
    """
    return _find(wanted, _readers(None))


def _readers(libraries: list[str] | None) -> list[ScriptReader]:
    """Return what reads scripts of libraries; None stands for all."""
    if libraries == []:
        return []
    from hpbridge.contract.registry import registry  # workers start faster without

    found = [s.script for s in registry().backends.values() if s.script is not None]
    return [r for r in found if libraries is None or r.library in libraries]


def _ways(pairs: list[tuple[str, str, str]]) -> Ways:
    if any(metric for metric, _, _ in pairs):
        return {metric: way for metric, _, way in pairs}
    return [way for _, _, way in pairs] or None


def _find(wanted: Wanted, readers: Sequence[ScriptReader]) -> Found:
    reading = read_file(wanted.reference, readers)
    if not reading.sites and not split_reference(wanted.reference)[1]:
        check_search(wanted.reference, reading.source.tree)
    module, place, name = load_module(wanted.reference, reading.tree)
    reading.source.module = vars(module)
    named = getattr(module, name, None) if name else None
    sites = reading.sites_of(name)
    if isinstance(named, Experiment) or (
        named is None and (name or not sites or _experiments(module))
    ):
        name, experiment = _choose(wanted.reference, module, name)
        if wanted.space is not None or wanted.direction:
            raise explain_odd(experiment, experiment.name)
        return Found(experiment.at(f"{place}:{name}"), notes=reading.notes)
    given = named if name else reading.objective(wanted.reference)
    return _of_library(wanted, given, place, reading)


def _of_library(wanted: Wanted, given: Any, place: str, reading: FileReading) -> Found:
    """Return the experiment of an object that is written for a library."""
    name = split_reference(wanted.reference)[1]
    try:
        script = reading.script(name)
    except SpaceError:
        if wanted.space is None:
            raise
        script = None  # another is given in the place of what it says
    said = script or Script()
    words: list[tuple[str, str]] = []
    space: object = said.native
    if wanted.space is not None:
        space, space_at = load_object(wanted.space)
        words.append(("space", space_at))
    points = said.points if wanted.space is None else ()
    given_ways = wanted.direction or wanted.recorded
    ways = given_ways or _ways([(m, "=", way) for m, way in said.directions])
    experiment = native_experiment(
        given, space, ways, name=name or reading.name, baseline=points
    )
    if wanted.space is None and said.native is not None:
        experiment.native_space = said.space
    if ways:
        words += [("direction", f"{m}={way}") for m, way in experiment.metrics.items()]
    is_read = wanted.space is None and space is not None
    if reading.line or points or not name or is_read:
        words += [("script", each) for each in reading.libraries]
    at = f"{place}:{name}" if name else place
    query = f"?{urlencode(words)}" if words else ""
    notes = reading.notes
    if not wanted.direction:
        notes += _warning(reading, experiment, name or reading.name)
    return Found(experiment.at(f"{at}{query}"), script, notes)


def _warning(
    reading: FileReading, experiment: Experiment, function: str
) -> tuple[str, ...]:
    """Return a warning if what is minimized is called as what is not."""
    metrics = [m for m, way in experiment.metrics.items() if way == "minimize"]
    score = minimized_score(reading.source.tree, function, metrics)
    if not metrics or not score:
        return ()
    said = f"Warning: {score!r} is minimized, and larger is better as a rule"
    return (f"{said}: --direction {metrics[0]}=maximize",)


def load_object(reference: str) -> tuple[object, str]:
    """Import anything by ``file.py:name`` or ``module:name``; or read a space's file.

    Returns:
        The object, and the reference by which another process finds it.

    Raises:
        ExperimentNotFoundError: As of `load_experiment`.
        SpaceError: As of `hpbridge.space.files.read_space`.
    """
    if is_space_file(reference):
        from hpbridge.space.files import read_space  # workers start faster without

        return read_space(reference), str(Path(reference).resolve())
    module, place, name = load_module(reference)
    if not name:
        hint = f"name what is meant, as in {reference}:space"
        raise ExperimentNotFoundError.because(reference, "it names no object", hint)
    if not hasattr(module, name):
        hint = nearest(name, [n for n in vars(module) if n[0] != "_"]).rstrip("?")
        raise ExperimentNotFoundError.because(reference, f"it has no {name!r}", hint)
    return getattr(module, name), f"{place}:{name}"


def _experiments(module: ModuleType) -> dict[str, Experiment]:
    return {k: v for k, v in vars(module).items() if isinstance(v, Experiment)}


def _choose(reference: str, module: ModuleType, name: str) -> tuple[str, Experiment]:
    found = _experiments(module)
    if name:
        if isinstance(getattr(module, name, None), Experiment):
            return name, getattr(module, name)
        reason = (
            f"{name!r} is no Experiment"
            if hasattr(module, name)
            else f"it has no {name!r}"
        )
        known = found or [k for k, v in vars(module).items() if _is_own(v, module)]
        hint = nearest(name, known).rstrip("?")
        raise ExperimentNotFoundError.because(reference, reason, hint)
    if "experiment" in found:
        return "experiment", found["experiment"]
    if len(found) == 1:
        return next(iter(found.items()))
    if found:
        hint = "name one, as in " + f"{reference}:{next(iter(found))}"
        reason = f"it holds {len(found)} experiments: " + ", ".join(found)
    else:
        hint = "write `experiment = hpbridge.Experiment(...)` at its top level"
        functions = [k for k, v in vars(module).items() if _is_own(v, module)]
        if functions:
            named = ", ".join(functions[:_MOST_NAMED])
            hint += f", or name a function that a library calls, as in {reference}:"
            hint += f"{functions[-1]} (it has {named})"
        reason = "it holds no hpbridge.Experiment"
    raise ExperimentNotFoundError.because(reference, reason, hint)


_MOST_NAMED = 5


def _is_own(value: object, module: ModuleType) -> bool:
    """Say whether it is a function that a module defines."""
    is_function = callable(value) and not isinstance(value, type)
    return is_function and getattr(value, "__module__", "") == module.__name__
