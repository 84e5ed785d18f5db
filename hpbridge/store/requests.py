"""What others ask of whoever writes a study: end, go on for longer, run this point.

A request is a row, and is gone once it is done. The writer of a study looks for those
of its study once a second, beside its work; whoever wants to know looks whether its row
is still there.
"""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hpbridge.store import schema
from hpbridge.store.failures import explained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.store.database import Database

_columns = schema.requests.c


class What(StrEnum):
    """What is asked for."""

    STOP = "stop"
    """No further trial."""
    MORE = "more"
    """So many more trials: ``n``."""
    ENQUEUE = "enqueue"
    """To run a point next: ``params``, in plain values."""


@dataclass(frozen=True)
class Request:
    """What was asked of the writer of a study."""

    id: int
    what: What
    data: Mapping[str, Any]


def put(
    database: Database, study_id: int, what: What, data: Mapping[str, Any]
) -> Request:
    """Ask something of whoever writes a study, now or when it goes on."""
    row = {
        "study_id": study_id,
        "what": what.value,
        "data": json.dumps(data),
        "created_at": time.time(),
    }

    def execute(_: bool) -> int:
        with explained(database.url), database.connected() as held, held.begin():
            done: Any = held.execute(schema.requests.insert(), row).inserted_primary_key
            return int(done[0])

    return Request(database.patience.tried(execute), what, data)


def withdraw(database: Database, request: Request) -> bool:
    """Take a request back; say whether it was still there."""

    def execute(_: bool) -> bool:
        with explained(database.url), database.connected() as held, held.begin():
            done = held.execute(is_done(request.id))
            return done.rowcount == 1

    return database.patience.tried(execute)


def is_waiting(database: Database, request: Request) -> bool:
    """Say whether a request has not been done yet."""
    query = sa.select(_columns.id).where(_columns.id == request.id)

    def execute(_: bool) -> bool:
        with explained(database.url), database.connected() as held:
            return held.execute(query).first() is not None

    return database.patience.tried(execute)


def is_done(key: int) -> sa.Delete:
    """Return the statement that notes that a request is done."""
    return schema.requests.delete().where(_columns.id == key)


class Inbox:
    """The requests of one study, for its writer.

    Args:
        database: Where it is.
        study_id: Its number there.

    Attributes:
        waiting: What has come, the oldest first.
    """

    def __init__(self, database: Database, study_id: int) -> None:
        self._database, self._study_id = database, study_id
        self._last = 0
        self.waiting: deque[Request] = deque()

    def look(self) -> None:
        """Take what has come since."""
        with explained(self._database.url), self._database.connected() as held:
            self._take(held)

    def done(self, request: Request) -> None:
        """Note that what was asked for is done."""
        withdraw(self._database, request)

    def ask(self, what: What, data: Mapping[str, Any]) -> None:
        """Ask something of this writer itself, which keeps it until it is done."""
        self.add(put(self._database, self._study_id, what, data))

    def begin(self, connection: sa.Connection) -> None:
        """Take what waits for a study that begins, or goes on.

        What was asked of an earlier process of it alone is forgotten.
        """
        if self._last:
            return
        is_points = _columns.what == What.ENQUEUE.value
        is_old = (_columns.study_id == self._study_id) & ~is_points
        found = connection.execute(self._query).all()
        if any(row.what != What.ENQUEUE.value for row in found):
            connection.execute(schema.requests.delete().where(is_old))
        self._add(row for row in found if row.what == What.ENQUEUE.value)

    @property
    def _query(self) -> sa.Select[Any]:
        of_study = _columns.study_id == self._study_id
        query = sa.select(_columns.id, _columns.what, _columns.data)
        return query.where(of_study, _columns.id > self._last).order_by(_columns.id)

    def _take(self, connection: sa.Connection) -> None:
        self._add(connection.execute(self._query).all())

    def _add(self, rows: Any) -> None:
        for row in rows:
            self.add(Request(row.id, What(row.what), json.loads(row.data)))

    def add(self, request: Request) -> None:
        """Take a request, unless it is known."""
        if request.id > self._last:
            self._last = request.id
            self.waiting.append(request)
