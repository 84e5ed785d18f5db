"""Save a fitted model with what it is of: data, parameters, versions, scores.

A ``.skops`` file is a zip archive that runs nothing when it is read; what is known of
the model is in it as ``hpbridge.json``. Beside a ``.joblib`` file, which may run
anything when it is read, lies ``NAME.joblib.json``.
"""

from __future__ import annotations

import json
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib  # type: ignore[import-untyped]
import numpy as np

from hpbridge.contract.numbers import standard
from hpbridge.errors import HpbridgeError, LibraryNotInstalledError
from hpbridge.errors.foreign import describe_error
from hpbridge.formats.whole_file import (
    EXISTS,
    HINT,
    OVERWRITE_HINT,
    beside,
    problem_of_target,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

SKOPS, JOBLIB = ".skops", ".joblib"
"""What the names of models end in."""

_MEMBER = "hpbridge.json"


class ModelFileError(HpbridgeError, ValueError):
    """A model cannot be saved, or a file says nothing of its model."""

    @classmethod
    def unwritable(cls, target: Path, problem: str, hint: str) -> ModelFileError:
        """Return the error for a model that cannot be written there."""
        headline = f"The model cannot be saved as {str(target)!r:.200}"
        return cls(headline, [problem], hint)


def check_model_target(
    path: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Return where a model shall be saved; refuse what cannot be, before any fit.

    Raises:
        ModelFileError: If there is a file already, its folder is not there, or the name
            ends in neither ``.skops`` nor ``.joblib``.
        LibraryNotInstalledError: If skops is wanted and not installed.
    """
    target = Path(path)
    if target.suffix not in {SKOPS, JOBLIB}:
        problem = "its name ends in neither .skops nor .joblib"
        hint = "a .skops file runs nothing when it is read"
        raise ModelFileError.unwritable(target, problem, hint)
    if target.suffix == SKOPS and find_spec("skops") is None:
        headline = f"{target.name} needs skops, which is not installed"
        hint = "`pip install 'hpbridge[skops]'`, or save it as .joblib"
        raise LibraryNotInstalledError(headline, hint=hint)
    for place in _places(target):
        reason = problem_of_target(place, overwrite=overwrite)
        if reason is not None:
            hint = OVERWRITE_HINT if reason == EXISTS else HINT
            raise ModelFileError.unwritable(place, reason, hint)
    return target


def save(
    model: Any,
    target: Path,
    known: Mapping[str, Any],
    X: Any,
    *,
    overwrite: bool = False,
) -> tuple[Path, str]:
    """Save a model; return where, and why not as wanted, if it was not.

    Args:
        model: Fitted.
        target: As `check_model_target` returns it.
        known: Of the model: plain data.
        X: Some rows, to which what was saved has to answer as the model does.
        overwrite: Whether other files that are there are replaced.

    Raises:
        ModelFileError: If it cannot be written, or neither of the two can hold it.
    """
    text = json.dumps(standard(known), indent=1, ensure_ascii=False)
    if target.suffix == SKOPS:
        why_not = _save_skops(model, target, text, X)
        if why_not is None:
            return target, ""
        target = check_model_target(target.with_suffix(JOBLIB), overwrite=overwrite)
    else:
        why_not = ""
    _save_joblib(model, target, text)
    return target, why_not


def _save_skops(model: Any, target: Path, text: str, X: Any) -> str | None:
    """Save a model as skops does; return why that cannot hold it."""
    from skops import io  # type: ignore[import-untyped]

    try:
        with beside(target) as part:
            try:
                io.dump(model, part)
                # What is not read again as it was is not saved.
                again = io.load(part, trusted=io.get_untrusted_types(file=part))
                _require_same(model, again, X)
            except Exception as error:  # a model may hold anything
                why = describe_error(error)[:300]
                msg = f"skops cannot hold {type(model).__name__}: {why}"
                raise _NotHeldError(msg) from error
            with zipfile.ZipFile(part, "a") as archive:
                archive.writestr(_MEMBER, text)
    except _NotHeldError as error:
        return str(error)
    except OSError as error:
        raise _unwritable(target, error) from error
    return None


class _NotHeldError(Exception):
    pass


def _require_same(model: Any, again: Any, X: Any) -> None:
    own, others = (np.asarray(each.predict(X)) for each in (model, again))
    if not np.array_equal(own, others):
        msg = "read again, it predicts otherwise"
        raise ValueError(msg)


def _save_joblib(model: Any, target: Path, text: str) -> None:
    place, note = _places(target)
    try:
        with beside(place) as part, beside(note) as beside_it:
            beside_it.write_text(text, encoding="utf-8")
            joblib.dump(model, part)
    except OSError as error:
        raise _unwritable(target, error) from error
    except Exception as error:  # a model may hold anything
        problem = f"joblib cannot hold {type(model).__name__}: {describe_error(error)}"
        hint = "define what it holds at the top of a module"
        raise ModelFileError.unwritable(target, problem, hint) from error


def _places(target: Path) -> list[Path]:
    """Return the files of a model."""
    if target.suffix == SKOPS:
        return [target]
    return [target, target.with_name(f"{target.name}.json")]


def _unwritable(target: Path, error: OSError) -> ModelFileError:
    return ModelFileError.unwritable(target, error.strerror or str(error), HINT)


def model_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what was noted with a saved model; nothing of the model is loaded.

    Args:
        path: Of a ``.skops`` or ``.joblib`` file that `EvaluationReport.save_model`
            wrote.

    Returns:
        ``versions``, ``params``, ``fingerprint`` of the data, ``metrics`` on validation
        and ``test``, and whose trial it is.

    Raises:
        ModelFileError: If there is nothing noted.
    """
    source = Path(path)
    try:
        if source.suffix == SKOPS:
            with zipfile.ZipFile(source) as archive:
                text = archive.read(_MEMBER).decode()
        else:
            text = _places(source)[-1].read_text(encoding="utf-8")
        found = json.loads(text)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        headline = f"{str(source)!r:.200} says nothing of its model"
        hint = "report.save_model(path) notes what a model is of"
        raise ModelFileError(headline, [describe_error(error)], hint) from error
    return dict(found)
