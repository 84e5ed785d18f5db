"""Read a study that `hpbridge.formats.export` wrote as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import ForeignStudy
from hpbridge.errors import FormatError, SpaceError
from hpbridge.formats.export import RESULTS_SCHEMA
from hpbridge.formats.hinted import hinted
from hpbridge.formats.json_text import read_json_text
from hpbridge.formats.text_files import text_of
from hpbridge.formats.trials import foreign_from_json, placed
from hpbridge.space.plain_data import of_standard
from hpbridge.space.space import Space
from hpbridge.store.settings import StudySettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.contract.foreign import Hints

_FORM = "json"
_HINT = "`hpbridge export STUDY FILE.json` writes one that can be read"
_NOTE = "how it was run (seed, options, settings, versions) stays in the file"


def read_json(source: Any, hints: Hints) -> ForeignStudy:
    """Return the study in a JSON file of ours.

    Raises:
        FormatError: If it is no such file, is damaged, or of a newer version.
    """
    data = _load(source)
    problems = _problems_of(data)
    if problems:
        raise _unreadable(source, problems)
    try:
        study = ForeignStudy(
            name=str(data["name"]),
            trials=placed(
                map(foreign_from_json, data["trials"]),
                [each.get("number") for each in data["trials"]],
            ),
            metrics={str(m): str(way) for m, way in data["metrics"].items()},
            space=Space.from_json(data["space"]),
            bounds=_bounds(data),
            algorithm=str(data["algorithm"]),
            backend=str(data["backend"]),
            attributes=dict(of_standard(data.get("attributes", {}))),
            native=dict(of_standard(data.get("native", {}))),
            notes=(_NOTE, *map(str, data.get("notes", []))),
        )
        return hinted(study, _FORM, source, hints)
    except FormatError:
        raise
    except SpaceError as error:
        raise _unreadable(source, error.problems) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())
        problem = f"it is damaged ({type(error).__name__}: {reason:.80})"
        raise _unreadable(source, [problem]) from error


def _unreadable(source: object, problems: Sequence[str]) -> FormatError:
    return FormatError.unreadable(_FORM, source, problems, _HINT)


def _load(source: Any) -> Any:
    if not isinstance(source, Path) or not source.is_file():
        raise _unreadable(source, ["it is no file"])
    try:
        return read_json_text(text_of(source))
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        problem = f"it is no JSON ({reason:.80})"
        raise _unreadable(source, [problem]) from error


def _problems_of(data: Any) -> list[str]:
    if not isinstance(data, dict) or not isinstance(data.get("schema"), int):
        return ["it is JSON, but no study of hpbridge"]
    if data["schema"] > RESULTS_SCHEMA:
        return [f"its schema is {data['schema']}; this hpbridge knows {RESULTS_SCHEMA}"]
    trials = data.get("trials")
    if not isinstance(trials, list) or not all(isinstance(t, dict) for t in trials):
        return ["it holds no list of trials"]
    return []


def _bounds(data: dict[str, Any]) -> dict[str, str]:
    if "bounds" in data:
        return {str(metric): str(text) for metric, text in data["bounds"].items()}
    # Before there was the key.
    known = StudySettings.from_json(data.get("settings", {})).bounds
    return {bound.metric: bound.text for bound in known}
