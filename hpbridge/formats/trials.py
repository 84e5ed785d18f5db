"""Trials on their way between a study of ours, one of elsewhere, and JSON data.

What a trial of elsewhere has is for `ForeignTrial` to say; the form of each field is
that of `hpbridge.store.record`.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import ForeignTrial
from hpbridge.store.record import TRIAL_FIELDS
from hpbridge.trial import FinishedTrial, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpbridge.space.space import Params, Space

_names = {each.name for each in fields(ForeignTrial)}
FOREIGN_FIELDS = tuple(f for f in TRIAL_FIELDS if f.name in _names)
"""The fields that a trial of elsewhere may have, in the order of the record."""


def foreign_of(trial: FinishedTrial) -> ForeignTrial:
    """Return a trial of ours as one of elsewhere."""
    known = {f.name: getattr(trial, f.name) for f in FOREIGN_FIELDS}
    return ForeignTrial(**known | {"started_at": trial.started_at or None})


def foreign_trials(trials: Sequence[FinishedTrial]) -> tuple[ForeignTrial, ...]:
    """Return the trials of a study of ours as those of one of elsewhere."""
    return placed(map(foreign_of, trials), [trial.number for trial in trials])


def placed(
    trials: Iterable[ForeignTrial], numbers: Sequence[object]
) -> tuple[ForeignTrial, ...]:
    """Return trials whose parents are given by number, with the places of those.

    Args:
        trials: In the order of their study.
        numbers: Theirs, in the same order. Of a parent that is not among them, nothing
            is kept.
    """
    places = {number: place for place, number in enumerate(numbers)}
    return tuple(
        trial
        if trial.parent is None
        else replace(trial, parent=places.get(trial.parent))
        for trial in trials
    )


def finished_of(
    trial: ForeignTrial, number: int, point: Params, space: Space
) -> FinishedTrial:
    """Return a trial of elsewhere as one of ours.

    Args:
        trial: As its reader found it.
        number: Its place among those that are kept.
        point: Its parameters, in plain values of the space.
        space: That the study searched.
    """
    found = {f.name: getattr(trial, f.name) for f in FOREIGN_FIELDS}
    known = {name: value for name, value in found.items() if value is not None}
    started = trial.started_at or 0.0
    at = {"asked_at": started, "tells_before": number, "told": number}
    place = {"number": number, "origin": Origin.IMPORTED, "params": point, **at}
    return FinishedTrial(**known | place, values=space.to_objects(point))


def foreign_to_json(trial: ForeignTrial, *, with_native: bool) -> dict[str, Any]:
    """Return a trial of elsewhere as JSON data.

    Args:
        trial: To be written.
        with_native: Whether what its library keeps with it is too.
    """
    kept = [f for f in FOREIGN_FIELDS if with_native or f.name != "native"]
    values = ((f, getattr(trial, f.name)) for f in kept)
    return {f.name: f.to_json(v) for f, v in values if not (f.is_seldom and v is None)}


def foreign_from_json(data: Mapping[str, Any]) -> ForeignTrial:
    """Return the trial that stands in JSON data, ours or of an exported study.

    Raises:
        KeyError: If it lacks a field that no version lacks.
        TypeError: If a field is not what it should be; also ValueError and
            AttributeError.
    """
    found = {
        f.name: f.of_json(data[f.name])
        for f in FOREIGN_FIELDS
        if f.name in data or not f.may_lack
    }
    return ForeignTrial(**found)
