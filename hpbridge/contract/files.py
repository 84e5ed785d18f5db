"""Import the file or the module that a reference names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.errors import ExperimentNotFoundError, HpbridgeError

if TYPE_CHECKING:
    import ast
    from importlib.machinery import ModuleSpec
    from types import ModuleType


def load_module(
    reference: str, tree: ast.Module | None = None
) -> tuple[ModuleType, str, str]:
    """Import the module of a reference; return it, its place and the name asked for.

    Args:
        reference: ``path/to/file.py``, ``module``, or either with ``:name``.
        tree: What is run of it, where that is not all.

    Raises:
        ExperimentNotFoundError: If the file or module is missing, does not parse or
            raises when it is imported.
    """
    place, name = split_reference(reference)
    if is_file(place):
        module = _load_file(reference, Path(place), tree)
        place = str(Path(place).resolve())
    else:
        module = _load_module(reference, place, tree)
    return module, place, name


def split_reference(reference: str) -> tuple[str, str]:
    """Return the place and the name of a reference; no name where it has none."""
    place, colon, name = reference.rpartition(":")
    # A lone drive letter is part of a Windows path, not a file named "C".
    if not colon or "/" in name or "\\" in name:
        return reference, ""
    return place, name


def is_file(place: str) -> bool:
    """Say whether a place is a file's and not a module's."""
    return place.endswith((".py", ".ipynb")) or "/" in place


SPACE_FILES = (".toml", ".yaml", ".yml", ".json")
"""How the names of files end that hold a space, and no code."""


def is_space_file(place: str) -> bool:
    """Say whether a place is a file that holds a space, and no code."""
    return place.lower().endswith(SPACE_FILES)


def text_of_module(place: str) -> bytes | None:
    """Return the text behind a file or a module, without importing it; None for none.

    A module's package is imported.
    """
    path = Path(place) if is_file(place) else _path_of_module(place)
    try:
        return None if path is None else path.read_bytes()
    except OSError:
        return None


def _path_of_module(name: str) -> Path | None:
    if name in sys.modules:  # too late to leave something of it out
        return None
    _see_the_working_folder()
    try:
        spec = importlib.util.find_spec(name)
    except Exception:  # noqa: BLE001 - importing it says what is wrong
        return None
    origin = "" if spec is None or not spec.has_location else spec.origin or ""
    return Path(origin) if origin.endswith(".py") else None


def _load_file(reference: str, path: Path, tree: ast.Module | None) -> ModuleType:
    if path.suffix == ".ipynb":
        raise ExperimentNotFoundError.notebook(reference, path.name)
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
    try:
        return _run(name, spec, tree)
    except BaseException as error:  # a file may raise anything
        raise _import_failure(reference, error) from error


def _run(name: str, spec: ModuleSpec, tree: ast.Module | None) -> ModuleType:
    """Import a module as Python does, or what of it is in a tree."""
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        if tree is not None:
            exec(compile(tree, str(spec.origin), "exec"), vars(module))
        elif spec.loader is not None:
            spec.loader.exec_module(module)
    except BaseException:  # raised again
        del sys.modules[name]
        raise
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


def _see_the_working_folder() -> None:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))


def _load_module(reference: str, name: str, tree: ast.Module | None) -> ModuleType:
    _see_the_working_folder()
    try:
        spec = importlib.util.find_spec(name) if tree is not None else None
        if spec is not None and name not in sys.modules:
            return _run(name, spec, tree)
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name or name.startswith(f"{error.name}."):
            hint = "give a file as path/to/file.py, or an importable module"
            reason = f"there is no module {name!r}"
            raise ExperimentNotFoundError.because(reference, reason, hint) from error
        raise _import_failure(reference, error) from error
    except BaseException as error:  # a file may raise anything
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
