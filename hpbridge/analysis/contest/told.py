"""The trials of one study as arrays, in the order in which they were told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.convergence import LONGEST_IDLE
from hpbridge.trial import Origin, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpbridge.store.record import StudyRecord
    from hpbridge.study import Study

    Floats = npt.NDArray[np.float64]

COLUMNS = (
    "told",
    "state",
    "origin",
    "metrics",
    "budget",
    "asked_at",
    "started_at",
    "ask_seconds",
    "run_seconds",
    "tell_seconds",
    "number",
)
"""Of the table of trials, what statistics need of them; the last one for fronts."""

_FIRST_TIME, _NUMBER = COLUMNS.index("budget"), COLUMNS.index("number")


@dataclass(frozen=True, kw_only=True)
class Told:
    """The trials of a study that ended; each array has one value a trial.

    Attributes:
        points: Shape (trials, metrics): to be minimized; infinite where the trial is no
            rival, as of `hpbridge.study.Study.rivals`.
        numbers: Of the trials; None where there is one metric, and no front.
        judged: By `Facts.scored_by`, to be minimized; None where nothing else than the
            metrics judges.
        seconds: From the first ask until it had been told, without pauses.
        optimizer_seconds: Of these, asking and telling.
        n_failed: How many of them failed.
    """

    points: Floats
    numbers: npt.NDArray[np.int64] | None
    judged: Floats | None
    seconds: Floats
    optimizer_seconds: Floats
    n_failed: int


def told_of_study(study: Study, scored_by: str | None = None) -> Told:
    """Return the trials of a study as arrays.

    Args:
        study: Any.
        scored_by: The metric that judges, where it is not the main one.
    """
    trials = study.trials
    columns = [[getattr(t, name) for t in trials] for name in COLUMNS]
    return _told(study, columns, scored_by)


def told_of_columns(
    study: StudyRecord, columns: Sequence[Sequence[Any]], scored_by: str | None = None
) -> Told:
    """Return the trials of a study as arrays, of what the store has in `COLUMNS`.

    Args:
        study: What the store holds of it beside them.
        columns: As `COLUMNS` are, of one metric also without the last one; none where
            it has no such trial.
        scored_by: The metric that judges, where it is not the main one.

    Raises:
        ValueError: If they are not as they were written; also TypeError,
            AttributeError and RecursionError.
    """
    parts = [*columns] or [()] * len(COLUMNS)
    place = COLUMNS.index("metrics")
    parts[place] = _parsed(parts[place])
    return _told(study, parts, scored_by)


def _parsed(texts: Sequence[str]) -> list[dict[str, Any]]:
    # All at once: that takes a third of the time.
    found: list[dict[str, Any]] = json.loads(f"[{','.join(texts)}]")
    if len(found) != len(texts):
        msg = "its metrics are not those that were written"
        raise ValueError(msg)
    return found


def _told(
    study: StudyRecord, columns: Sequence[Sequence[Any]], scored_by: str | None
) -> Told:
    import numpy as np

    order = np.argsort(np.asarray(columns[0], dtype=np.int64), kind="stable")
    states = np.asarray(columns[1], dtype=object)[order]
    metrics = columns[3]
    times = np.array(columns[_FIRST_TIME:_NUMBER], dtype=np.float64)[:, order]
    times[np.isnan(times)] = 0.0
    budget, asked, started, asking, running, telling = times
    rivals = _feasible(study, metrics, order) & (states == State.COMPLETE.value)
    if rivals.any():
        rivals &= budget == budget[rivals].max()
    points = np.stack([_values(m, metrics, order) for m in study.metrics], axis=1)
    points *= [-1 if way == "maximize" else 1 for way in study.metrics.values()]
    points[~rivals | np.isnan(points).any(axis=1)] = np.inf
    own = np.asarray(columns[2], dtype=object)[order] != Origin.IMPORTED.value
    seconds = _seconds(own, asked, started, asking, running, telling)
    numbers = None
    if len(study.metrics) > 1:
        numbers = np.asarray(columns[_NUMBER], dtype=np.int64)[order]
    return Told(
        points=points,
        numbers=numbers,
        judged=_judged(study, metrics, order, scored_by),
        seconds=seconds,
        optimizer_seconds=np.cumsum(np.where(own, asking + telling, 0.0)),
        n_failed=int((states == State.FAILED.value).sum()),
    )


def _values(
    name: str, metrics: Sequence[Mapping[str, Any]], order: npt.NDArray[np.intp]
) -> Floats:
    import numpy as np

    return np.array([m.get(name) for m in metrics], dtype=np.float64)[order]


def _judged(
    study: StudyRecord,
    metrics: Sequence[Mapping[str, Any]],
    order: npt.NDArray[np.intp],
    scored_by: str | None,
) -> Floats | None:
    main = next(iter(study.metrics))
    if scored_by is None or scored_by == main:
        return None
    way = study.metrics.get(scored_by, study.metrics[main])
    return _values(scored_by, metrics, order) * (-1 if way == "maximize" else 1)


def _feasible(
    study: StudyRecord,
    metrics: Sequence[Mapping[str, Any]],
    order: npt.NDArray[np.intp],
) -> npt.NDArray[np.bool_]:
    import numpy as np

    within = np.ones(len(order), dtype=bool)
    for bound in study.settings.bounds:
        values = _values(bound.metric, metrics, order)
        within &= ~(bound.sign * (values - bound.bound) > 0)
    return within


def _seconds(
    own: npt.NDArray[np.bool_],
    asked: Floats,
    started: Floats,
    asking: Floats,
    running: Floats,
    telling: Floats,
) -> Floats:
    """Return when each trial had been told; imported ones at second 0."""
    import numpy as np

    if not own.any():
        return np.zeros(len(own))
    ended = started + running + telling
    begin = np.concatenate([(asked - asking)[own], started[own]])
    end = np.concatenate([asked[own], ended[own]])
    by_begin = np.argsort(begin, kind="stable")
    begin, end = begin[by_begin], np.maximum.accumulate(end[by_begin])
    gaps = begin[1:] - end[:-1]
    is_pause = gaps > LONGEST_IDLE
    until, lengths = begin[1:][is_pause], np.cumsum(gaps[is_pause])
    paused = np.concatenate([[0.0], lengths])[np.searchsorted(until, ended, "right")]
    found = np.where(own, np.maximum(ended - begin[0] - paused, 0.0), 0.0)
    return np.maximum.accumulate(found)
