"""Write one study: the only way into the store while it runs."""

from __future__ import annotations

import contextlib
import json
import math
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hpbridge.errors import HpbridgeError, StoreError
from hpbridge.numbers_json import dump_metrics, dump_reports
from hpbridge.store import schema
from hpbridge.store.failures import explained
from hpbridge.store.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from hpbridge.store.database import Database
    from hpbridge.trial import FinishedTrial

# Tell times are known only after the trial is on disk; they follow in batches.
_FLUSH_SECONDS = 2.0


class StudyWriter:
    """A study that this process writes, from `open` to `close`.

    Holds the lease and one connection. Use as a context manager.
    """

    def __init__(self, database: Database, study_id: int, name: str) -> None:
        self.study_id, self.name = study_id, name
        self._url = database.url
        self._lease = Lease(database.engine, database.url, study_id, name)
        with explained(self._url):
            self._connection = database.engine.connect()
        self._tell_seconds: dict[int, float] = {}
        self._flushed_at = time.monotonic()
        self._announced: set[int] = set()
        self._insert = schema.trials.insert()

    @classmethod
    def create(cls, database: Database, row: Mapping[str, Any]) -> StudyWriter:
        """Add a study and open it; its name gets a number if it is taken."""
        now = time.time()
        values = {**row, "status": "running", "created_at": now, "updated_at": now}
        study_id = database.insert_named(schema.studies, values)
        return cls(database, study_id, database.study(str(study_id))["name"])

    def __enter__(self) -> StudyWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def announce(self, trial: FinishedTrial) -> None:
        """Note that a trial was asked for and runs, so that an exact replay can.

        With one worker nobody needs it: what was asked is what follows the record.
        """
        row = self._row(trial)
        row.update(state=schema.RUNNING, told=None, started_at=None, run_seconds=None)
        with explained(self._url):
            self._forget(trial.number)
            self._connection.execute(self._insert, row)
            self._connection.commit()
        self._announced.add(trial.number)

    def add(self, trial: FinishedTrial) -> None:
        """Put a finished trial on disk. When this returns, it is there.

        Raises:
            StoreError: If it cannot be written; the message holds the trial.
        """
        self._lease.check()
        row = self._row(trial)
        try:
            with explained(self._url):
                if trial.number in self._announced:
                    self._forget(trial.number)
                self._connection.execute(self._insert, row)
                self._connection.commit()
        except StoreError as error:
            kept = {k: v for k, v in row.items() if v is not None and k != "traceback"}
            text = f"{error}\nThe trial that could not be saved: {json.dumps(kept)}"
            raise type(error)(text) from error

    def _forget(self, number: int) -> None:
        table = schema.trials
        mine = (table.c.study_id == self.study_id, table.c.number == number)
        self._connection.execute(table.delete().where(*mine))
        self._announced.discard(number)

    def _row(self, trial: FinishedTrial) -> dict[str, Any]:
        metrics = trial.metrics
        value = next(iter(metrics.values()), math.nan)
        return {
            "study_id": self.study_id,
            "number": trial.number,
            "state": trial.state.value,
            "origin": trial.origin.value,
            "value": value if math.isfinite(value) else None,
            "params": json.dumps(dict(trial.params)),
            "metrics": dump_metrics(metrics),
            "reports": dump_reports(trial.reports),
            "error": trial.error,
            "traceback": trial.traceback,
            "seed": str(trial.seed),
            "tells_before": trial.tells_before,
            "told": trial.told,
            "worker": trial.worker,
            "attempts": trial.attempts,
            "asked_at": trial.asked_at,
            "started_at": trial.started_at,
            "ask_seconds": trial.ask_seconds,
            "run_seconds": trial.run_seconds,
            "tell_seconds": trial.tell_seconds,
        }

    def note_tell(self, number: int, seconds: float) -> None:
        """Note how long the optimizer took to learn of a trial."""
        self._tell_seconds[number] = seconds
        if time.monotonic() - self._flushed_at > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the tell times that are not yet written."""
        self._flushed_at = time.monotonic()
        if not self._tell_seconds:
            return
        table = schema.trials
        update = table.update().where(
            table.c.study_id == self.study_id,
            table.c.number == sa.bindparam("of_number"),
        )
        rows = [
            {"of_number": number, "tell_seconds": seconds}
            for number, seconds in self._tell_seconds.items()
        ]
        with explained(self._url):
            self._connection.execute(update, rows)
            self._connection.commit()
        self._tell_seconds = {}

    def update(self, **values: Any) -> None:
        """Change columns of the study: status, stop_reason, notes, settings."""
        table = schema.studies
        update = table.update().where(table.c.id == self.study_id)
        with explained(self._url):
            self._connection.execute(update.values(updated_at=time.time(), **values))
            self._connection.commit()

    def close(self) -> None:
        """Write what is left and give the study free. May be called twice."""
        if self._connection.closed:
            return
        # A store that just failed fails here again; the first error is the one to see.
        with contextlib.suppress(HpbridgeError):
            self.flush()
        self._connection.close()
        with contextlib.suppress(HpbridgeError, sa.exc.SQLAlchemyError):
            self._lease.release()
