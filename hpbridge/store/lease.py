"""The lease of a study: one writer at a time.

A lease is a row's owner and a time until which it holds; its owner renews it while it
lives. One whose owner is a dead process of this machine is free at once.
"""

from __future__ import annotations

import os
import platform
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hpbridge.errors import StoreError, StoreLockedError
from hpbridge.store import schema
from hpbridge.store.failures import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.store.database import Database

LEASE_SECONDS = 60.0
"""How long a lease outlives the last word of its owner."""
RENEW_SECONDS = 15.0
JOIN_SECONDS = 5.0
"""How long an end waits for the thread beside it, whose store may be slow."""
_LOOK_SECONDS = 1.0

# Owners in this process. One of its earlier leases may still be written down, if the
# store could not be written when it was released.
_alive: set[str] = set()


def is_held(row: Mapping[str, Any]) -> bool:
    """Say whether a row of the table of studies has a living owner."""
    owner, until = row["lease_owner"], row["lease_until"]
    return owner is not None and until > time.time() and not is_dead(owner)


def _here() -> str:
    """Return this machine's name; within it, where a process id means something."""
    try:
        # Two containers may share a name, and each have a process 7.
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return platform.node()
    return f"{platform.node()}/{namespace}"


def _start_of(pid: int) -> str:
    """Return when a process started, as the kernel counts: a pid may be reused."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def is_dead(owner: str) -> bool:
    """Say whether an owner is surely dead: a process of this machine that is gone."""
    here, pid, start, *_ = owner.split("|")
    if here != _here() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return owner not in _alive
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return bool(start) and _start_of(int(pid)) != start


def new_owner() -> str:
    """Return a new owner of something in the store: this process, until `forget`."""
    pid = os.getpid()
    owner = f"{_here()[:120]}|{pid}|{_start_of(pid)}|{uuid.uuid4().hex}"
    _alive.add(owner)
    return owner


def forget(owner: str) -> None:
    """Let what an owner of this process still has be free."""
    _alive.discard(owner)


def described(owner: str) -> str:
    """Return an owner as a sentence names it."""
    here, pid, *_ = owner.split("|")
    return f"process {pid} on {here.split('/')[0]}"


class Lease:
    """The right to write one study, held until `release`.

    Args:
        database: Where it is.
        study_id: Its number there.
        name: Its name.
        look: Is called once a second, by a thread beside the study.

    Raises:
        StoreLockedError: If another living process holds it.
    """

    def __init__(
        self,
        database: Database,
        study_id: int,
        name: str,
        look: Callable[[], None] | None = None,
    ) -> None:
        self._look = look
        self._database, self._url = database, database.url
        self._study_id, self._name = study_id, name
        self._owner = new_owner()
        self._stop = threading.Event()
        self._until = 0.0
        self._is_lost = False
        try:
            database.patience.tried(lambda _: self._acquire())
        except BaseException:  # raised again
            forget(self._owner)
            raise
        self._beside: threading.Thread | None = None
        # No other process can see a store in memory.
        if database.engine.url.database:
            self._beside = threading.Thread(target=self._renew_all, daemon=True)
            self._beside.start()

    def _acquire(self) -> None:
        table = schema.studies
        query = sa.select(table.c.lease_owner, table.c.lease_until)
        query = query.where(table.c.id == self._study_id)
        with explained(self._url), self._database.connected() as connection:
            with connection.begin():
                row = dict(connection.execute(query).mappings().one())
            owner = row["lease_owner"]
            if owner != self._owner and is_held(row):
                seconds = row["lease_until"] - time.time()
                raise StoreLockedError.held(self._name, described(owner), seconds)
            if not self._pass_on(connection, owner, self._owner):
                who = "a process that started at the same moment"
                raise StoreLockedError.held(self._name, who, LEASE_SECONDS)

    def _pass_on(
        self, connection: sa.Connection, before: str | None, after: str | None
    ) -> bool:
        """Make the lease another's, if it is still the one's before: atomic.

        One statement in a transaction of its own: had the row been read in the same
        one, some databases would see what it was, and not what it is.
        """
        table = schema.studies
        is_before = (
            table.c.lease_owner.is_(None)
            if before is None
            else table.c.lease_owner == before
        )
        until = None if after is None else time.time() + LEASE_SECONDS
        update = table.update().where(table.c.id == self._study_id, is_before)
        update = update.values(lease_owner=after, lease_until=until)
        with connection.begin():
            done = connection.execute(update).rowcount == 1
        self._until = until or 0.0
        return done

    def _renew(self) -> None:
        with explained(self._url), self._database.connected() as connection:
            self._is_lost = not self._pass_on(connection, self._owner, self._owner)

    def _renew_all(self) -> None:
        seconds = RENEW_SECONDS if self._look is None else _LOOK_SECONDS
        renewed_at = time.monotonic()
        while not self._is_lost and not self._stop.wait(seconds):
            try:
                if time.monotonic() - renewed_at >= RENEW_SECONDS:
                    self._renew()
                    renewed_at = time.monotonic()
                if self._look is not None:
                    self._look()
            except StoreError:
                continue  # a passing fault; the lease lasts for three more tries

    def check(self) -> None:
        """Raise if another process has taken the study over.

        Raises:
            StoreLockedError: If the lease is lost.
        """
        # A process that slept past its lease must ask before it writes.
        if time.time() > self._until:
            self._database.patience.tried(lambda _: self._renew())
        if self._is_lost:
            raise StoreLockedError.held(self._name, "another process by now", 0)

    def release(self, *, is_written: bool = True) -> None:
        """Give the study free.

        Args:
            is_written: Whether the store is told, which may be away.
        """
        self._stop.set()
        forget(self._owner)
        if not is_written:
            return
        with explained(self._url), self._database.connected() as connection:
            self._pass_on(connection, self._owner, None)
        if self._beside is not None:  # it may be looking, and has a connection
            self._beside.join(JOIN_SECONDS)
