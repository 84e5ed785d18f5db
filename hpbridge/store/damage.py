"""Whether the trials that a store gives of a study are all of it, and as written.

A study knows how many of its trials have ended, and a trial the checksum of what
decides its worth. In one that ran here, numbers and places of telling have no gaps.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hpbridge.errors import HpbridgeError, StoreError
from hpbridge.store import schema
from hpbridge.store.failures import one_line
from hpbridge.store.record import (
    CHECKSUM,
    KEPT_FIELDS,
    PAUSED,
    RUNNING,
    StudyRecord,
    TrialRecords,
    checksum_of,
    trial_of,
)
from hpbridge.trial import FinishedTrial, State

if TYPE_CHECKING:
    from hpbridge.space.space import Space

UNREADABLE = (
    *(HpbridgeError, ValueError, TypeError, KeyError, AttributeError),
    *(IndexError, OverflowError, RecursionError),
)
"""What reading a damaged cell may come to."""

# As many as are named; the others are counted.
_MOST = 5
# Trials in a row that cannot be read, after which there are no more.
_MOST_MISSED = 1000

_KINDS = [(f.name, f.cell_types, f.longest_cell) for f in KEPT_FIELDS]

Row = Mapping[str, Any]


def check_count(n_read: int, n_ended: object) -> list[str]:
    """Return the problem of a study that has lost trials, if it has.

    Args:
        n_read: How many that have ended were read.
        n_ended: How many the study knows of, at least; None in older stores.
    """
    if n_ended is None:
        return []
    if not isinstance(n_ended, int):
        return [f"the number of its trials cannot be {n_ended!r:.40}"]
    if n_read >= n_ended:
        return []
    return [f"{n_ended} trials have ended, {n_read} can be read"]


def read_whole(
    rows: Sequence[Row], study: StudyRecord, space: Space
) -> tuple[TrialRecords, list[str]]:
    """Return the trials of a study that can be read, and what is wrong with the rest.

    Args:
        rows: By number.
        study: Whose they are.
        space: Whose objects the choices become.
    """
    ended: list[FinishedTrial] = []
    running: list[FinishedTrial] = []
    paused: list[FinishedTrial] = []
    problems: list[str] = []
    for row in rows:
        try:
            trial = _trial(row, space, study.metrics)
        except UNREADABLE as error:
            problems.append(f"trial {row['number']!r:.40}: {one_line(error):.200}")
        else:
            unended = paused if row["state"] == PAUSED else running
            (unended if row["told"] is None else ended).append(trial)
    records = TrialRecords(tuple(ended), tuple(running), tuple(paused))
    if not problems and study.settings.imported is None:
        problems = _gaps(records)
    if len(problems) > _MOST:
        problems[_MOST:] = [f"and {len(problems) - _MOST} more"]
    return records, problems


def _trial(row: Row, space: Space, metrics: Mapping[str, str]) -> FinishedTrial:
    for name, kinds, longest in _KINDS:
        cell = row[name]
        if type(cell) not in kinds or (longest and len(cell or "") > longest):
            msg = f"its {name} cannot be {cell!r:.80}"
            raise ValueError(msg)
    if (row["state"] in {RUNNING, PAUSED}) != (row["told"] is None):
        msg = f"it cannot be {row['state']!r} and told in place {row['told']!r}"
        raise ValueError(msg)
    written = row[CHECKSUM]
    if written not in {None, checksum_of(row["params"], row["metrics"])}:
        msg = "its parameters or metrics are not those that were written"
        raise ValueError(msg)
    trial = trial_of(row, space)
    if trial.state is State.COMPLETE and not metrics.keys() <= trial.metrics.keys():
        lacking = ", ".join(map(repr, metrics.keys() - trial.metrics.keys()))
        msg = f"it is complete without its metric {lacking:.80}"
        raise ValueError(msg)
    return trial


def _gaps(records: TrialRecords) -> list[str]:
    """Return what is missing among trials that are numbered and told without gaps."""
    unended = (*records.running, *records.paused)
    trials = sorted((*records.finished, *unended), key=lambda t: t.number)
    problems = [f"trial {n} is missing" for n in _missing(t.number for t in trials)]
    by_telling = sorted(records.finished, key=lambda trial: trial.told)
    places = [trial.told for trial in by_telling]
    if not problems and places != list(range(len(places))):
        problems.append("the order in which its trials were told is lost")
    if problems:
        return problems
    # No trial knows of one that was asked for after it.
    latest, asked_of = -1, [-1]
    for trial in by_telling:
        latest = max(latest, trial.number)
        asked_of.append(latest)
    return [
        f"trial {trial.number}: it cannot be asked after {trial.tells_before} results"
        for trial in trials
        if not 0 <= trial.tells_before < len(asked_of)
        or asked_of[trial.tells_before] >= trial.number
    ]


def _missing(numbers: Iterable[int]) -> list[int]:
    known = set(numbers)
    return [n for n in range(max(known, default=-1) + 1) if n not in known]


def salvaged(
    rows_of: Callable[[Any], list[dict[str, Any]]], study: StudyRecord
) -> tuple[TrialRecords, str]:
    """Return what can be read of a damaged study, and a sentence of how much it is.

    Args:
        rows_of: Returns what a query finds.
        study: Whose record can be read.
    """
    table = schema.trials
    of_study = sa.select(table).where(table.c.study_id == study.id)
    rows, number, n_missed = [], -1, 0
    while n_missed < _MOST_MISSED:
        # One by one, past what cannot be read.
        query = of_study.where(table.c.number > number).order_by(table.c.number)
        try:
            found = rows_of(query.limit(1))
        except StoreError:
            number, n_missed = number + 1, n_missed + 1
            continue
        if not found or not isinstance(found[0]["number"], int):
            break
        n_missed, number = 0, max(found[0]["number"], number + 1)
        rows.append(found[0])
    records, _ = read_whole(rows, study, study.space)
    with contextlib.suppress(StoreError, IndexError):
        ended = sa.select(schema.studies.c.n_ended)
        n_ended = rows_of(ended.where(schema.studies.c.id == study.id))[0]["n_ended"]
        if isinstance(n_ended, int):
            return records, f"salvaged: {len(records.finished)} of {n_ended} trials"
    return records, f"salvaged: {len(records.finished)} trials"
