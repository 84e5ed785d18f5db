"""Find the experiment that ``file.py:name`` or ``module:name`` names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from hpbridge.contract.native import native_experiment
from hpbridge.errors import (
    ExperimentError,
    ExperimentNotFoundError,
    HpbridgeError,
    nearest,
)
from hpbridge.experiment import Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType


def load_experiment(reference: str) -> Experiment:
    """Import an experiment.

    Args:
        reference: ``path/to/file.py``, ``path/to/file.py:name``, ``module`` or
            ``module:name``. Without a name: the module's ``experiment``, or the only
            one that it holds. A file may lie anywhere and import its neighbours.
            A function that is written for a library is named with its space:
            ``file.py:function?space=file.py:space`` (see `reference_to`).

    Raises:
        ExperimentNotFoundError: If the file or module is missing, does not parse,
            raises when it is imported, or holds no such experiment.
    """
    if "?" in reference:
        return _load_native(reference)
    module, place, name = load_module(reference)
    named = getattr(module, name, None) if name else None
    if callable(named) and not isinstance(named, (Experiment, type)):
        return native_experiment(named, None).at(f"{place}:{name}")
    name, experiment = _choose(reference, module, name)
    return experiment.at(f"{place}:{name}")


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


def _load_native(reference: str) -> Experiment:
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


def load_object(reference: str) -> tuple[object, str]:
    """Import anything by ``file.py:name`` or ``module:name``.

    Returns:
        The object, and the reference by which another process finds it.

    Raises:
        ExperimentNotFoundError: As of `load_experiment`.
    """
    module, place, name = load_module(reference)
    if not name:
        hint = f"name what is meant, as in {reference}:space"
        raise ExperimentNotFoundError.because(reference, "it names no object", hint)
    if not hasattr(module, name):
        hint = nearest(name, [n for n in vars(module) if n[0] != "_"]).rstrip("?")
        raise ExperimentNotFoundError.because(reference, f"it has no {name!r}", hint)
    return getattr(module, name), f"{place}:{name}"


def load_module(reference: str) -> tuple[ModuleType, str, str]:
    """Import the module of a reference; return it, its place and the name asked for."""
    place, name = _split(reference)
    if place.endswith(".py") or "/" in place:
        module = _load_file(reference, Path(place))
        place = str(Path(place).resolve())
    else:
        module = _load_module(reference, place)
    return module, place, name


def _split(reference: str) -> tuple[str, str]:
    place, colon, name = reference.rpartition(":")
    # A lone drive letter is part of a Windows path, not a file named "C".
    if not colon or "/" in name or "\\" in name:
        return reference, ""
    return place, name


def _load_file(reference: str, path: Path) -> ModuleType:
    if not path.is_file():
        hint = "give the path of a Python file that holds an hpbridge.Experiment"
        reason = f"there is no file {str(path)!r}"
        raise ExperimentNotFoundError.because(reference, reason, hint)
    path = path.resolve()
    # As `python file.py` does, so that the file can import its neighbours.
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    name = module_name_of(path)
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        hint = "the name of the file must end in .py"
        raise ExperimentNotFoundError.because(reference, "it is no Python file", hint)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        raise _import_failure(reference, error) from error
    return module


def module_name_of(path: Path) -> str:
    """Return the name under which a file is imported.

    Its stem where that is free, so that pickled functions of the file are found
    again; otherwise one that cannot clash with an installed module.
    """
    stem = path.stem
    taken = sys.modules.get(stem)
    if taken is not None and getattr(taken, "__file__", None) != str(path):
        return f"hpbridge_experiment_{stem}"
    if taken is None and stem.isidentifier():
        try:
            found = importlib.util.find_spec(stem)
        except (ImportError, ValueError):
            found = None
        if found is None or found.origin == str(path):
            return stem
        return f"hpbridge_experiment_{stem}"
    return stem if stem.isidentifier() else f"hpbridge_experiment_{abs(hash(stem))}"


def _load_module(reference: str, name: str) -> ModuleType:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name or name.startswith(f"{error.name}."):
            hint = "give a file as path/to/file.py, or an importable module"
            reason = f"there is no module {name!r}"
            raise ExperimentNotFoundError.because(reference, reason, hint) from error
        raise _import_failure(reference, error) from error
    except BaseException as error:
        raise _import_failure(reference, error) from error


def _import_failure(reference: str, error: BaseException) -> BaseException:
    if isinstance(error, (KeyboardInterrupt, HpbridgeError)):
        return error
    if isinstance(error, SyntaxError):
        reason = f"it does not parse: {error.msg} at line {error.lineno}"
    else:
        frames = traceback.extract_tb(error.__traceback__)
        where = (
            f" (line {frames[-1].lineno} of {frames[-1].filename})" if frames else ""
        )
        reason = f"it raised {type(error).__name__}: {error}{where}"
    hint = "the file must import without an error; try `python` on it"
    return ExperimentNotFoundError.because(reference, reason, hint)


def _choose(reference: str, module: ModuleType, name: str) -> tuple[str, Experiment]:
    found = {k: v for k, v in vars(module).items() if isinstance(v, Experiment)}
    if name:
        if isinstance(getattr(module, name, None), Experiment):
            return name, getattr(module, name)
        reason = (
            f"{name!r} is no Experiment"
            if hasattr(module, name)
            else f"it has no {name!r}"
        )
        hint = nearest(name, found).rstrip("?")
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
        reason = "it holds no hpbridge.Experiment"
    raise ExperimentNotFoundError.because(reference, reason, hint)
