"""Apply what the user says of a study whose source says everything by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpbridge.errors import FormatError, nearest

if TYPE_CHECKING:
    from hpbridge.contract.foreign import ForeignStudy, Hints


def hinted(
    study: ForeignStudy, form: str, source: object, hints: Hints
) -> ForeignStudy:
    """Return a study with the directions of the hints.

    Raises:
        FormatError: If the hints name another study, or metrics that it has not.
    """
    problems = []
    if hints.name is not None and hints.name != study.name:
        problems.append(f"it holds the study {study.name!r}, not {hints.name!r}")
    known = {*study.metrics, *(m for t in study.trials for m in t.metrics)}
    problems += [
        f"it has no metric {metric!r}; {nearest(metric, known)}"
        for metric in hints.direction
        if metric not in known
    ]
    problems += [
        f"direction of {metric!r} is {way!r}; {nearest(way, ['minimize', 'maximize'])}"
        for metric, way in hints.direction.items()
        if way not in {"minimize", "maximize"}
    ]
    if problems:
        hint = "leave out what the source says by itself"
        raise FormatError.unreadable(form, source, problems, hint)
    return replace(study, metrics=dict(hints.direction or study.metrics))
