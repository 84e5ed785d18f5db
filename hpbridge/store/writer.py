"""Write one study: the only way into the store while it runs."""

from __future__ import annotations

import contextlib
import json
import shlex
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hpbridge.errors import HpbridgeError, StoreError
from hpbridge.store import schema
from hpbridge.store.failures import explained, meaning
from hpbridge.store.lease import Lease
from hpbridge.store.logs import folder_of, name_of
from hpbridge.store.record import (
    COLUMNS,
    PAUSED,
    RUNNING,
    Status,
    cells_of,
    paused_cells_of,
    row_of,
    running_cells_of,
    study_cells,
)
from hpbridge.store.requests import Inbox, is_done
from hpbridge.store.saved import by_trial, checkpoints_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from hpbridge.checkpoints.commits import Commit
    from hpbridge.store.database import Database
    from hpbridge.store.record import StudyRecord
    from hpbridge.trial import FinishedTrial

_OF_COMMITS = ("trial", "attempt", "step", "digest", "parent", "created_at")

# Tell times are known only after the trial is on disk; they follow in batches.
_FLUSH_SECONDS = 2.0

_columns = schema.trials.c
_is_study = _columns.study_id == sa.bindparam("of_study")
_is_trial = _is_study & (_columns.number == sa.bindparam("of_number"))
_INSERT = schema.trials.insert()
_REPLACE = schema.trials.update().where(_is_trial)
_REMOVE = schema.trials.delete().where(_is_trial)
_NOTE_TELL = (
    schema.trials.update()
    .where(_is_trial)
    .values(tell_seconds=sa.bindparam("of_tell_seconds"))
)
_KNOWN = sa.select(_columns.number, _columns.state).where(_is_study)
# The same for SQLite's own module: SQLAlchemy takes longer to execute a statement than
# SQLite, and every trial of a fast objective would pay for it.
_SQLITE_INSERT = (
    f"INSERT INTO {schema.trials.name} (study_id, {', '.join(COLUMNS)}) "
    f"VALUES (?{', ?' * len(COLUMNS)})"
)
_SQLITE_REPLACE = (
    f"UPDATE {schema.trials.name} SET {', '.join(f'{name} = ?' for name in COLUMNS)} "
    "WHERE study_id = ? AND number = ?"
)


class StudyWriter:
    """A study that this process writes, until `close`.

    Holds the lease and, to a file, one connection. Use as a context manager.

    Args:
        database: Where it is.
        study_id: Its number there.
        name: Its name.
        created_at: When it began, Unix time in seconds: its trials have logs then.

    Attributes:
        checkpoints: The folder of its trials' checkpoints, there or not.
        inbox: What others ask of it.

    Raises:
        StoreLockedError: If another living process writes the study.
    """

    def __init__(
        self,
        database: Database,
        study_id: int,
        name: str,
        created_at: float | None = None,
    ) -> None:
        self.study_id, self.name = study_id, name
        self._logs: Path | None = None
        if created_at is not None:
            self._logs = folder_of(database, study_id, created_at)
        self.checkpoints = str(checkpoints_of(database, study_id, created_at or 0.0))
        self._url, self._database = database.url, database
        self._patience = database.patience
        self._held: sa.Connection | None = None
        self._sqlite: sqlite3.Connection | None = None
        self._tell_seconds: dict[int, float] = {}
        self._flushed_at = time.monotonic()
        self._announced: set[int] = set()
        self._n_ended = self._n_noted = 0
        self._is_closed = False
        # Paths by trial, once they are looked for.
        self._commits: dict[str, set[str]] | None = None
        self.inbox = Inbox(database, study_id)
        with database.kept_open():
            self._lease = Lease(database, study_id, name, self.inbox.look)
            self._start(database)

    def _start(self, database: Database) -> None:
        try:
            self._patience.tried(lambda _: self._open(database))
        except BaseException:  # raised again
            self.close()
            raise

    def _open(self, database: Database) -> None:
        if database.is_sqlite and self._held is None:
            with explained(self._url):
                self._held = database.connected()
                self._sqlite = self._held.connection.driver_connection
        with explained(self._url), self._connection() as connection:
            known = connection.execute(_KNOWN, {"of_study": self.study_id}).all()
            self.inbox.begin(connection)
        unended = {RUNNING, PAUSED}
        self._announced.update(n for n, state in known if state in unended)
        self._n_ended = self._n_noted = len(known) - len(self._announced)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        """Give a connection in a transaction of its own."""
        if self._held is None:
            with self._database.engine.begin() as connection:
                yield connection
        else:
            with self._held.begin():
                yield self._held

    @classmethod
    def create(cls, database: Database, study: StudyRecord) -> StudyWriter:
        """Add a study and open it; its name gets a number if it is taken."""
        now = time.time()
        row = row_of(study)
        row |= {"status": Status.RUNNING.value, "created_at": now, "updated_at": now}
        with database.kept_open():
            return cls(database, *database.insert_named(schema.studies, row), now)

    def __enter__(self) -> StudyWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def log_of(self, number: int) -> str | None:
        """Return the file for what a trial prints, whether it is there or not."""
        return None if self._logs is None else f"{self._logs}/{name_of(number)}"

    def announce(self, trial: FinishedTrial, request: int | None = None) -> None:
        """Note that a trial was asked for and runs, so that an exact replay can.

        With one worker nobody needs it: what was asked is what follows the record.

        Args:
            trial: Which runs.
            request: That it does; done with the same.
        """
        if trial.number in self._announced:
            return  # by the process that is gone, and runs again
        try:
            self._lease.check()
            if request is None:
                self._insert(running_cells_of(trial))
            else:
                row = [self._row(running_cells_of(trial))]
                self._execute(_INSERT, row, anew=True, besides=is_done(request))
        except StoreError as error:
            raise self._ended(error, error.problems) from error
        self._announced.add(trial.number)

    def pause(self, trial: FinishedTrial) -> None:
        """Note that a trial has paused, with what it has reported.

        Raises:
            StoreError: If it cannot be written.
        """
        self._write(trial, paused_cells_of(trial))
        self._announced.add(trial.number)

    def add(self, trial: FinishedTrial) -> None:
        """Put a finished trial on disk. When this returns, it is there.

        Raises:
            StoreError: If it cannot be written; the message holds the trial.
        """
        self._write(trial, cells_of(trial))
        self._announced.discard(trial.number)
        self._n_ended += 1

    def _write(self, trial: FinishedTrial, cells: list[Any]) -> None:
        try:
            self._lease.check()
            if trial.number in self._announced:
                self._replace(trial.number, cells)
            else:
                self._insert(cells)
        except StoreError as error:
            raise self._unsaved(error, cells) from error

    def _unsaved(self, error: StoreError, cells: list[Any]) -> StoreError:
        """Return the error with the trial in it."""
        row = self._row(cells)
        kept = {k: v for k, v in row.items() if v is not None and k != "traceback"}
        lost = f"the trial that could not be saved: {json.dumps(kept)}"
        return self._ended(error, [*error.problems, lost])

    def _ended(self, error: StoreError, problems: Sequence[str]) -> StoreError:
        """Return the error of a study that ends with it, with how to go on."""
        command = shlex.join(["hpbridge", "resume", self.name])
        hint = f"{error.hint}, then go on with `{command}`"
        return type(error)(error.headline, problems, hint)

    def add_commits(self, commits: Sequence[Commit]) -> None:
        """Note what trials have saved: a row for each checkpoint that has none yet."""
        known = self._known_commits()
        rows = [
            {"study_id": self.study_id, "path": commit.place}
            | {name: getattr(commit, name) for name in _OF_COMMITS}
            for commit in commits
            if commit.place not in known[str(commit.trial)]
        ]
        if not rows:
            return
        table = schema.checkpoints
        paths = [row["path"] for row in rows]
        is_any = (table.c.study_id == self.study_id) & table.c.path.in_(paths)

        def insert(is_again: bool) -> None:
            self._lease.check()
            with explained(self._url), self._connection() as connection:
                if is_again:  # a server that was lost may have done so
                    connection.execute(table.delete().where(is_any))
                connection.execute(table.insert(), rows)

        try:
            self._patience.tried(insert)
        except StoreError as error:
            raise self._ended(error, error.problems) from error
        for commit in commits:
            known[str(commit.trial)].add(commit.place)

    def last_commit(self, number: int) -> str | None:
        """Return the path of the last checkpoint of a trial that is recorded."""
        return max(self._known_commits()[str(number)], default=None)

    def _known_commits(self) -> dict[str, set[str]]:
        if self._commits is None:
            table = schema.checkpoints
            query = sa.select(table.c.path).where(table.c.study_id == self.study_id)

            def known(_: bool) -> set[str]:
                with explained(self._url), self._connection() as connection:
                    return {*connection.execute(query).scalars()}

            self._commits = by_trial(self._patience.tried(known))
        return self._commits

    def add_all(self, trials: Sequence[FinishedTrial]) -> None:
        """Put trials of another study on disk, all or none."""
        rows = [self._row(cells_of(trial)) for trial in trials]
        self._lease.check()
        self._execute(_INSERT, rows, anew=True)
        self._n_ended += len(rows)

    def _insert(self, cells: list[Any]) -> None:
        if self._sqlite is None:
            self._execute(_INSERT, [self._row(cells)], anew=True)
        else:
            self._execute_sqlite(_SQLITE_INSERT, [self.study_id, *cells])

    def _replace(self, number: int, cells: list[Any]) -> None:
        if self._sqlite is None:
            where = {"of_study": self.study_id, "of_number": number}
            self._execute(_REPLACE, {**self._row(cells), **where})
        else:
            self._execute_sqlite(_SQLITE_REPLACE, [*cells, self.study_id, number])

    def _execute_sqlite(self, statement: str, cells: list[Any]) -> None:
        """Execute a statement in a transaction of its own, again where it was away."""
        sqlite = self._sqlite
        assert sqlite is not None

        def execute(_: bool) -> None:
            try:
                with sqlite:
                    sqlite.execute(statement, cells)
            except sqlite3.Error as error:
                raise meaning(self._url, error) from error

        self._patience.tried(execute)

    def _execute(
        self,
        statement: sa.Executable,
        rows: Any,
        *,
        anew: bool = False,
        besides: sa.Executable | None = None,
    ) -> None:
        """Execute a statement, again where the store was away.

        Args:
            statement: To execute.
            rows: Its parameters.
            anew: Whether it inserts trials. A server that was lost may have done so.
            besides: To execute in the same transaction.
        """

        def execute(is_again: bool) -> None:
            if is_again:
                self._lease.check()
            with explained(self._url), self._connection() as connection:
                if is_again and anew:
                    connection.execute(_REMOVE, [_place_of(row) for row in rows])
                connection.execute(statement, rows)
                if besides is not None:
                    connection.execute(besides)

        self._patience.tried(execute)

    def stop_waiting(self) -> None:
        """Let no call wait for the store any more; a signal's handler may say so."""
        self._patience.is_over = True

    def _row(self, cells: list[Any]) -> dict[str, Any]:
        row = dict(zip(COLUMNS, cells, strict=True))
        return {"study_id": self.study_id, **row}

    def note_tell(self, number: int, seconds: float) -> None:
        """Note how long the optimizer took to learn of a trial."""
        self._tell_seconds[number] = seconds
        if time.monotonic() - self._flushed_at > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the tell times that are not yet written, and how many trials ended."""
        self._flushed_at = time.monotonic()
        if self._n_noted != self._n_ended:
            self.update()
        if not self._tell_seconds:
            return
        rows = [
            {
                "of_study": self.study_id,
                "of_number": number,
                "of_tell_seconds": seconds,
            }
            for number, seconds in self._tell_seconds.items()
        ]
        self._execute(_NOTE_TELL, rows)
        self._tell_seconds = {}

    def update(self, **values: Any) -> None:
        """Change fields of the study: status, stop_reason, notes, settings, space."""
        table = schema.studies
        update = table.update().where(table.c.id == self.study_id)
        cells = {**study_cells(values), "updated_at": time.time()}
        cells["n_ended"] = n_ended = self._n_ended
        self._execute(update.values(**cells), None)
        self._n_noted = n_ended

    def close(self) -> None:
        """Write what is left and give the study free. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        # A store that just failed fails here again; the first error is the one to see.
        with contextlib.suppress(HpbridgeError):
            self.flush()
        with contextlib.suppress(HpbridgeError):
            self._lease.release(is_written=not self._patience.is_spent)
        if self._held is not None:
            self._held.close()


def _place_of(row: Mapping[str, Any]) -> dict[str, int]:
    return {"of_study": row["study_id"], "of_number": row["number"]}
