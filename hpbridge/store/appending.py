"""Add to what a study noted, while others do the same: nothing of theirs is lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from hpbridge.store import schema
from hpbridge.store.failures import explained
from hpbridge.store.record import STUDY_FIELDS, study_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.store.database import Database

_of_cell = cast(
    "Callable[[Any], Any]",
    next(f.of_cell for f in STUDY_FIELDS if f.name == "attributes"),
)


def append(
    database: Database, study_id: int, name: str, entry: Mapping[str, Any]
) -> dict[str, Any]:
    """Append plain data to a list among a study's attributes, in one transaction.

    Args:
        database: The store.
        study_id: Of the study.
        name: Of the attribute; the list is begun where it is not there.
        entry: What is appended; once, however often the store was away meanwhile.

    Returns:
        All attributes of the study, as the store has them now.

    Raises:
        StoreError: If it cannot be written.
    """
    table = schema.studies
    is_it = table.c.id == study_id
    # A write comes first: from then on, no other process writes the row, and what is
    # read of it is the last that was written.
    touched = table.update().where(is_it).values(updated_at=table.c.updated_at)
    query = sa.select(table.c.attributes).where(is_it).with_for_update()

    def appended(_: bool) -> dict[str, Any]:
        with explained(database.url), database.connected() as held, held.begin():
            held.execute(touched)
            found = dict(_of_cell(held.execute(query).scalar_one()) or {})
            known = [*found.get(name, ())]
            # As text: a number that is NaN is equal to nothing.
            if _text(entry) not in map(_text, known):
                found[name] = [*known, dict(entry)]
                cells = {"attributes": _text(found), "updated_at": time.time()}
                held.execute(table.update().where(is_it).values(cells))
            return found

    return database.patience.tried(appended)


def _text(data: Mapping[str, Any]) -> Any:
    return study_cells({"attributes": data})["attributes"]
