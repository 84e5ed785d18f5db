"""Open a store and read from it. One engine a store, any number of readers."""

from __future__ import annotations

import contextlib
import copy
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from hpbridge.errors import (
    ArgumentError,
    StoreDamagedError,
    StudyNotFoundError,
    masked,
)
from hpbridge.store import schema
from hpbridge.store.bounded import bounded
from hpbridge.store.damage import UNREADABLE, check_count, read_whole, salvaged
from hpbridge.store.engines import engine_of
from hpbridge.store.failures import RESTORE, explained, meaning, one_line
from hpbridge.store.fields import writable
from hpbridge.store.lease import is_held
from hpbridge.store.patience import Patience
from hpbridge.store.place import DEFAULT_STORE, STORE_VARIABLE
from hpbridge.store.record import (
    ComparisonRecord,
    Status,
    StudyRecord,
    TrialRecords,
    study_cells,
    study_record,
)
from hpbridge.store.upgrade import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hpbridge.space.space import Space

    T = TypeVar("T")

# How long SQLite waits for another process's write, where this is one try of many.
_TURN_MILLISECONDS = 1000

_LARGEST_ID = 2**31 - 1

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}


def open_store(store: str | os.PathLike[str] | Database | None = None) -> Database:
    """Return a store, made when it is not there.

    One of an older version is brought up to date; a file's copy is kept beside it, as
    in ``hpbridge.db.schema1.bak``.

    Args:
        store: A file, a SQLAlchemy URL, ``":memory:"``, an open store; None is the
            environment's ``HPBRIDGE_STORE`` or ``hpbridge.db`` in the current folder.

    Raises:
        StoreError: If it cannot be opened, is corrupt, or is from a newer version.
        ArgumentError: If it is nothing that could be a store.
    """
    if isinstance(store, Database):
        return store
    if store is None:
        store = os.environ.get(STORE_VARIABLE) or DEFAULT_STORE
    if not isinstance(store, (str, os.PathLike)):
        raise ArgumentError.no_store(store)
    place = os.fspath(store)
    if place == ":memory:":
        return Database("sqlite://")
    scheme, separator, rest = place.partition("://")
    if separator and not scheme.startswith("sqlite"):
        return _connected(
            f"{_DRIVERS.get(scheme, scheme)}{separator}{rest}", os.getpid()
        )
    # A file is opened anew each time: it may have been removed or replaced.
    return Database(place if separator else Path(place).absolute())


@functools.lru_cache(maxsize=32)
def _connected(url: str, _pid: int) -> Database:
    # Cached by process: a connection must not be shared with a forked child.
    return Database(url)


class Database:
    """An open store.

    Args:
        place: A SQLAlchemy URL, or the path of a file.

    Attributes:
        url: As shown to users; a password is starred out.
        engine: SQLAlchemy's.
    """

    def __init__(self, place: str | Path) -> None:
        url: str | sa.URL
        if isinstance(place, Path):
            self.url, url = str(place), sa.URL.create("sqlite", database=str(place))
        else:
            self.url, url = masked(place).removeprefix("sqlite:///"), place
        with explained(self.url):
            self.engine = engine_of(self.url, url)
        self._bounded(self._prepare)
        self.patience = Patience()

    def _prepare(self) -> None:
        with explained(self.url):
            prepare(self.engine, self.url)

    def _bounded(self, work: Callable[[], T]) -> T:
        return bounded(self.engine, self.url, work)

    def patient(self, seconds: float) -> Database:
        """Return the same store for one study, which waits for it when it is away."""
        same = copy.copy(self)
        same.patience = Patience(seconds)
        return same

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file, or memory, of this process's own."""
        return self.engine.dialect.name == "sqlite"

    @contextlib.contextmanager
    def kept_open(self) -> Iterator[None]:
        """Keep a file open while several connections to it come and go.

        The last one to go copies the log into the file and waits for the disk.
        """
        with contextlib.ExitStack() as stack:
            if self.is_sqlite:
                with explained(self.url):
                    stack.enter_context(self.engine.connect())
            yield

    def studies(self, **where: Any) -> list[StudyRecord]:
        """Return the records of studies, oldest first, without trials.

        Args:
            where: Values of fields that they must have.
        """
        query = sa.select(schema.studies).order_by(schema.studies.c.id)
        for column, cell in study_cells(where).items():
            query = query.where(schema.studies.c[column] == cell)
        return self._bounded(lambda: [*map(self._record, self._rows(query))])

    def study(self, name: str | int) -> StudyRecord:
        """Return the record of one study, by its name, or else by its id.

        Args:
            name: An int is an id; a string is a name, and an id if there is no such.

        Raises:
            StudyNotFoundError: With the nearest name there is.
            StoreDamagedError: If a study has no name.
            StoreError: If a file takes more time or memory than is due to its size.
        """
        return self._bounded(lambda: self._study(name))

    def _study(self, name: str | int) -> StudyRecord:
        table = schema.studies
        rows = []
        if isinstance(name, str):
            name = writable(name)
            rows = self._rows(sa.select(table).where(table.c.name == name))
        if not rows and str(name).isdecimal() and int(name) <= _LARGEST_ID:
            rows = self._rows(sa.select(table).where(table.c.id == int(name)))
        if not rows:
            names = [row["name"] for row in self._rows(sa.select(table.c.name))]
            if not all(isinstance(each, str) for each in names):
                reason = "is corrupt: the name of a study is lost"
                raise StoreDamagedError.failed(self.url, reason, RESTORE)
            raise StudyNotFoundError.named(self.url, str(name), names)
        return self._record(rows[0])

    def _record(self, row: dict[str, Any]) -> StudyRecord:
        """Return a study as it is: one whose process died runs no more."""
        try:
            if row["status"] == Status.RUNNING and not is_held(row):
                row["status"] = Status.INTERRUPTED.value
            return study_record(row)
        except UNREADABLE as error:
            reason = f"holds a damaged study {row['name']!r}: {one_line(error):.200}"
            hint = "restore a copy"
            raise StoreDamagedError.failed(self.url, reason, hint) from error

    def trials(self, study: StudyRecord, space: Space | None = None) -> TrialRecords:
        """Return a study's trials by number.

        Args:
            study: As `study` returns it.
            space: Whose objects the choices become; by default the record's.

        Raises:
            StoreDamagedError: If they are not all that ended, or not as written.
            StoreError: If a file takes more time or memory than is due to its size.
        """
        return self._bounded(lambda: self._trials(study, space))

    def _trials(self, study: StudyRecord, space: Space | None) -> TrialRecords:
        table = schema.trials
        query = sa.select(table).where(table.c.study_id == study.id)
        try:
            n_ended = self._n_ended(study)  # before the trials: there may be more then
            rows = self._rows(query.order_by(table.c.number))
            records, problems = read_whole(rows, study, space or study.space)
            problems += check_count(len(records.finished), n_ended)
            if not problems and n_ended != len(records.finished):
                problems = self._file_problems()
        except StoreDamagedError as error:
            problems = [error.headline]
        if problems:
            raise StoreDamagedError.of_study(self.url, study.name, problems)
        return records

    def _n_ended(self, study: StudyRecord) -> Any:
        table = schema.studies
        rows = self._rows(sa.select(table.c.n_ended).where(table.c.id == study.id))
        return rows[0]["n_ended"] if rows else None

    def _file_problems(self) -> list[str]:
        """Return what SQLite finds wrong with the trials in its file.

        For a study that cannot know of its last trials, since its process was killed.
        """
        if not self.is_sqlite:
            return []
        found = self._rows(sa.text(f"PRAGMA quick_check({schema.trials.name})"))
        texts = [str(text) for row in found for text in row.values()]
        return [] if texts == ["ok"] else [one_line(Exception(texts[0]))]

    def salvage(self, study: StudyRecord) -> tuple[TrialRecords, str]:
        """Return what can be read of a damaged study, and a sentence of how much it is.

        Args:
            study: As `study` returns it.
        """
        return self._bounded(lambda: salvaged(self._rows, study))

    def tuples(self, query: sa.Select[Any]) -> list[Sequence[Any]]:
        """Return what a query finds, a tuple a row: cells as the database gives them.

        Raises:
            StoreError: If a file takes more time or memory than is due to its size.
        """
        text = str(query.compile(self.engine, compile_kwargs={"literal_binds": True}))

        def tuples(_: bool) -> list[Sequence[Any]]:
            with explained(self.url), self.connected() as held:
                # SQLAlchemy's rows take as long as SQLite: the driver's own are taken.
                cursor = held.connection.cursor()
                try:
                    cursor.execute(text)
                    return [*cursor.fetchall()]
                except held.dialect.loaded_dbapi.Error as error:
                    raise meaning(self.url, error) from error
                finally:
                    cursor.close()

        return self._bounded(lambda: self.patience.tried(tuples))

    def count_trials(self) -> dict[int, int]:
        """Return how many finished trials each study has, by the study's id."""
        table = schema.trials
        query = sa.select(table.c.study_id, sa.func.count().label("n"))
        query = query.where(table.c.told.is_not(None)).group_by(table.c.study_id)
        return {row["study_id"]: row["n"] for row in self._rows(query)}

    def check_studies(self, counts: Mapping[int, int]) -> set[int]:
        """Return the ids of studies that have lost trials.

        Args:
            counts: As `count_trials` returns them.

        Raises:
            StoreDamagedError: If there are trials of studies that are not there.
        """
        table = schema.studies
        rows = self._rows(sa.select(table.c.id, table.c.n_ended))
        known = {row["id"]: row["n_ended"] for row in rows}
        if not counts.keys() <= known.keys():
            reason = "is corrupt: holds trials of studies that it does not list"
            raise StoreDamagedError.failed(self.url, reason, RESTORE)
        return {k for k, n in known.items() if check_count(counts.get(k, 0), n)}

    def comparisons(self) -> list[ComparisonRecord]:
        """Return the records of comparisons, oldest first."""
        table = schema.comparisons
        rows = self._rows(sa.select(table).order_by(table.c.id))
        return [ComparisonRecord(**row) for row in rows]

    def add_comparison(self, comparison: ComparisonRecord) -> tuple[int, str]:
        """Add a comparison; return its id, and its name, numbered if it is taken."""
        row = {k: v for k, v in vars(comparison).items() if k != "id"}
        row |= {key: writable(row[key]) for key in ("name", "experiment")}
        return self.insert_named(schema.comparisons, row)

    def update_comparison(self, key: int, settings: str) -> None:
        """Change what a comparison was asked for, as it goes on with more."""
        table = schema.comparisons
        update = table.update().where(table.c.id == key).values(settings=settings)

        def execute(_: bool) -> None:
            with explained(self.url), self.connected() as held, held.begin():
                held.execute(update)

        self.patience.tried(execute)

    def insert_named(self, table: sa.Table, row: Mapping[str, Any]) -> tuple[int, str]:
        """Insert a row with a unique name and return its id and its name.

        The name gets ``-2``, ``-3`` … when it is taken, also by a process that takes
        it at the same moment.
        """
        wanted = name = str(row["name"])
        attempt = 1
        with explained(self.url):  # of another clash than that of names
            while (key := self._insert(table, {**row, "name": name})) is None:
                attempt += 1
                name = f"{wanted}-{attempt}"
        return key, name

    def _insert(self, table: sa.Table, row: Mapping[str, Any]) -> int | None:
        """Insert a row and return its id; None when its name is taken."""
        named = sa.select(table.c.id, table.c.created_at)
        named = named.where(table.c.name == row["name"])

        def insert(is_again: bool) -> int | None:
            for found in self._rows(named) if is_again else ():
                if found["created_at"] == row["created_at"]:
                    return int(found["id"])  # it was inserted, and nobody could say so
            with explained(self.url, sa.exc.IntegrityError), self.connected() as held:
                with held.begin():
                    done: Any = held.execute(table.insert(), row).inserted_primary_key
                return int(done[0])

        try:
            return self.patience.tried(insert)
        except sa.exc.IntegrityError:
            if self._rows(named):
                return None
            raise

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        def rows(_: bool) -> list[dict[str, Any]]:
            with explained(self.url), self.connected() as connection:
                return [dict(row) for row in connection.execute(query).mappings()]

        return self._bounded(lambda: self.patience.tried(rows))

    def connected(self) -> sa.Connection:
        """Return a connection; to a locked file, one that waits in short turns.

        Python hears of no Ctrl-C while SQLite waits.
        """
        connection = self.engine.connect()
        if self.is_sqlite and self.patience.seconds > 0:
            file: Any = connection.connection.driver_connection
            file.execute(f"PRAGMA busy_timeout={_TURN_MILLISECONDS}")
        return connection
