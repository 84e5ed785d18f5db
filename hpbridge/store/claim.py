"""The claim to a comparison: one process at a time begins studies of it.

It is a row among those that say what the store is: an owner, and a time until which it
holds, as the lease of a study has them.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hpbridge.errors import StoreError, StoreLockedError
from hpbridge.store import schema
from hpbridge.store.failures import explained
from hpbridge.store.lease import (
    JOIN_SECONDS,
    LEASE_SECONDS,
    RENEW_SECONDS,
    described,
    forget,
    is_dead,
    new_owner,
)

if TYPE_CHECKING:
    from types import TracebackType

    from hpbridge.store.database import Database

_LOOK_SECONDS = 0.1


class Claim:
    """The right to run one comparison, as a context manager.

    Args:
        database: Where it is.
        comparison_id: Its number there.
        name: Its name.
        seconds: How long to wait for another process that is about to end.

    Raises:
        StoreLockedError: If another living process has it still.
    """

    def __init__(
        self, database: Database, comparison_id: int, name: str, seconds: float = 0.0
    ) -> None:
        self._database, self._name = database, name
        self._key = f"runs comparison {comparison_id}"
        self._seconds = seconds
        self._owner, self._value = new_owner(), ""
        self._stop = threading.Event()
        self._beside: threading.Thread | None = None

    def __enter__(self) -> None:
        until = time.monotonic() + self._seconds
        try:
            while (other := self._tried()) is not None:
                if time.monotonic() >= until:
                    who = described(other)
                    raise StoreLockedError.run(self._name, who, LEASE_SECONDS)
                time.sleep(_LOOK_SECONDS)
        except BaseException:  # raised again
            forget(self._owner)
            raise
        # No other process can see a store in memory.
        if self._database.engine.url.database:
            self._beside = threading.Thread(target=self._renew_all, daemon=True)
            self._beside.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        forget(self._owner)
        if self._beside is not None:  # it may be renewing, and has a connection
            self._beside.join(JOIN_SECONDS)
        table = schema.meta
        delete = table.delete().where(table.c.key == self._key)
        is_ours = table.c.value.endswith(f"|{self._owner}", autoescape=True)
        with contextlib.suppress(StoreError):  # one of a dead process is free
            self._changed(delete.where(is_ours))

    def _tried(self) -> str | None:
        """Take the claim; return who has it, if somebody does."""
        return self._database.patience.tried(lambda _: self._take())

    def _take(self) -> str | None:
        table = schema.meta
        query = sa.select(table.c.value).where(table.c.key == self._key)
        rows = self._database.tuples(query)
        before = str(rows[0][0]) if rows else None
        if before is not None:
            until, _, owner = before.partition("|")
            if owner == self._owner:
                return None
            if float(until) > time.time() and not is_dead(owner):
                return owner
        return None if self._pass_on(before) else self._owner

    def _pass_on(self, before: str | None) -> bool:
        """Make the claim ours, if it is still what it was before: atomic."""
        table = schema.meta
        value = f"{time.time() + LEASE_SECONDS:.3f}|{self._owner}"
        if before is None:
            row = {"key": self._key, "value": value}
            try:
                self._changed(table.insert().values(row))
            except sa.exc.IntegrityError:
                return False
        else:
            is_before = table.c.key == self._key, table.c.value == before
            if not self._changed(table.update().where(*is_before).values(value=value)):
                return False
        self._value = value
        return True

    def _changed(self, change: sa.Insert | sa.Update | sa.Delete) -> bool:
        database = self._database
        with (
            explained(database.url, sa.exc.IntegrityError),
            database.connected() as held,
            held.begin(),
        ):
            return held.execute(change).rowcount == 1

    def _renew_all(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            with contextlib.suppress(StoreError):  # it lasts for three more tries
                if not self._pass_on(self._value):
                    return
