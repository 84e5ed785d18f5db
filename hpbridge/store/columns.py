"""Columns of the trials of many studies at once, for statistics over millions of them.

No trial is made of them, and no checksum computed: cells are as the database gives
them.
"""

from __future__ import annotations

import itertools
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hpbridge.errors import StoreDamagedError
from hpbridge.store import schema
from hpbridge.store.damage import check_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpbridge.store.database import Database
    from hpbridge.store.record import StudyRecord

_AT_ONCE = 100
"""Studies that are read at once."""


def told_columns(
    database: Database, studies: Sequence[StudyRecord], names: Sequence[str]
) -> Iterator[tuple[StudyRecord, list[tuple[Any, ...]]]]:
    """Return columns of the trials of studies that have ended.

    Args:
        database: Where the studies are.
        studies: In the order in which they are wanted.
        names: Of the columns.

    Yields:
        A study, and its columns in the order of the names, by number; none of a study
        without such a trial.

    Raises:
        StoreDamagedError: If a study has lost trials.
        StoreError: If a file takes more time or memory than is due to its size.
    """
    for start in range(0, len(studies), _AT_ONCE):
        several = studies[start : start + _AT_ONCE]
        n_ended = _n_ended(database, several)  # before the trials: there may be more
        rows = _rows(database, several, names)
        for study in several:
            found = rows.get(study.id, [])
            if problems := check_count(len(found), n_ended.get(study.id)):
                raise StoreDamagedError.of_study(database.url, study.name, problems)
            yield study, [*zip(*found, strict=True)][1:]


def _n_ended(database: Database, studies: Sequence[StudyRecord]) -> dict[Any, Any]:
    table = schema.studies
    query = sa.select(table.c.id, table.c.n_ended)
    query = query.where(table.c.id.in_([study.id for study in studies]))
    return {row[0]: row[1] for row in database.tuples(query)}


def _rows(
    database: Database, studies: Sequence[StudyRecord], names: Sequence[str]
) -> dict[Any, list[Sequence[Any]]]:
    table = schema.trials
    query = sa.select(table.c.study_id, *(table.c[name] for name in names))
    query = query.where(
        table.c.study_id.in_([study.id for study in studies]), table.c.told.is_not(None)
    ).order_by(table.c.study_id, table.c.number)
    found = database.tuples(query)
    return {key: [*of] for key, of in itertools.groupby(found, itemgetter(0))}
