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

import sqlalchemy as sa

from hpbridge.errors import StoreLockedError
from hpbridge.store import schema
from hpbridge.store.failures import explained

LEASE_SECONDS = 60.0
"""How long a lease outlives the last word of its owner."""
_RENEW_SECONDS = 15.0


def _start_of(pid: int) -> str:
    """Return when a process started, as the kernel counts: a pid may be reused."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def _is_dead(owner: str) -> bool:
    """Say whether an owner is surely dead: a process of this machine that is gone."""
    host, pid, start, *_ = owner.split("|")
    if host != platform.node() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return bool(start) and _start_of(int(pid)) != start


class Lease:
    """The right to write one study, held until `release`.

    Raises:
        StoreLockedError: If another living process holds it.
    """

    def __init__(self, engine: sa.Engine, url: str, study_id: int, name: str) -> None:
        self._engine, self._url = engine, url
        self._study_id, self._name = study_id, name
        pid = os.getpid()
        unique = uuid.uuid4().hex
        self._owner = f"{platform.node()}|{pid}|{_start_of(pid)}|{unique}"
        self._stop = threading.Event()
        self.is_lost = False
        self._acquire()
        # No other process can see a store in memory.
        if engine.url.database:
            threading.Thread(target=self._renew_all, daemon=True).start()

    def _acquire(self) -> None:
        table = schema.studies
        row = sa.select(table.c.lease_owner, table.c.lease_until)
        row = row.where(table.c.id == self._study_id)
        with explained(self._url), self._engine.begin() as connection:
            owner, until = connection.execute(row).one()
            now = time.time()
            if owner is not None and until > now and not _is_dead(owner):
                host, pid, *_ = owner.split("|")
                who = f"process {pid} on {host}"
                raise StoreLockedError.held(self._name, who, until - now)
            same = (
                table.c.lease_owner == owner if owner else table.c.lease_owner.is_(None)
            )
            taken = table.update().where(table.c.id == self._study_id, same)
            values = {"lease_owner": self._owner, "lease_until": now + LEASE_SECONDS}
            if connection.execute(taken.values(**values)).rowcount != 1:
                who = "a process that started at the same moment"
                raise StoreLockedError.held(self._name, who, LEASE_SECONDS)

    def _renew_all(self) -> None:
        while not self._stop.wait(_RENEW_SECONDS):
            try:
                self.is_lost = not self._renew(
                    {"lease_until": time.time() + LEASE_SECONDS}
                )
            except sa.exc.SQLAlchemyError:
                continue  # a passing fault; the lease lasts for three more tries
            if self.is_lost:
                return

    def _renew(self, values: dict[str, object]) -> bool:
        table = schema.studies
        mine = table.c.lease_owner == self._owner
        update = table.update().where(table.c.id == self._study_id, mine)
        with self._engine.begin() as connection:
            return connection.execute(update.values(**values)).rowcount == 1

    def check(self) -> None:
        """Raise if another process has taken the study over.

        Raises:
            StoreLockedError: If the lease is lost.
        """
        if self.is_lost:
            raise StoreLockedError.held(self._name, "another process by now", 0)

    def release(self) -> None:
        """Give the study free."""
        self._stop.set()
        with explained(self._url):
            self._renew({"lease_owner": None, "lease_until": None})
