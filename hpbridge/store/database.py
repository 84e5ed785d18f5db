"""Open a store and read from it. One engine a store, any number of readers."""

from __future__ import annotations

import contextlib
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool, StaticPool

from hpbridge.errors import (
    HpbridgeError,
    StoreError,
    StudyNotFoundError,
    masked,
)
from hpbridge.store import schema
from hpbridge.store.failures import explained, one_line
from hpbridge.store.fields import writable
from hpbridge.store.lease import is_held
from hpbridge.store.record import (
    RUNNING,
    ComparisonRecord,
    Status,
    StudyRecord,
    TrialRecords,
    study_cells,
    study_record,
    trials_of,
)
from hpbridge.store.upgrade import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpbridge.space.space import Space

DEFAULT_STORE = "hpbridge.db"
"""The file, in the current folder, that is used when nothing else is asked for."""

STORE_VARIABLE = "HPBRIDGE_STORE"
"""Environment variable with another default."""

# Seconds that SQLite waits for another process's write before it gives up.
BUSY_SECONDS = 30

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
    """
    if isinstance(store, Database):
        return store
    if store is None:
        store = os.environ.get(STORE_VARIABLE) or DEFAULT_STORE
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
            self.engine = _engine(self.url, url)
            prepare(self.engine, self.url)

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
        return [self._record(row) for row in self._rows(query)]

    def study(self, name: str | int) -> StudyRecord:
        """Return the record of one study, by its name, or else by its id.

        Args:
            name: An int is an id; a string is a name, and an id if there is no such.

        Raises:
            StudyNotFoundError: With the nearest name there is.
        """
        table = schema.studies
        rows = []
        if isinstance(name, str):
            name = writable(name)
            rows = self._rows(sa.select(table).where(table.c.name == name))
        if not rows and str(name).isdecimal() and int(name) <= _LARGEST_ID:
            rows = self._rows(sa.select(table).where(table.c.id == int(name)))
        if not rows:
            names = [row["name"] for row in self._rows(sa.select(table.c.name))]
            raise StudyNotFoundError.named(self.url, str(name), names)
        return self._record(rows[0])

    def _record(self, row: dict[str, Any]) -> StudyRecord:
        """Return a study as it is: one whose process died runs no more."""
        if row["status"] == Status.RUNNING and not is_held(row):
            row["status"] = Status.INTERRUPTED.value
        try:
            return study_record(row)
        except (HpbridgeError, ValueError, TypeError, KeyError) as error:
            reason = f"holds a damaged study {row['name']!r}: {one_line(error):.200}"
            raise StoreError.failed(self.url, reason, "restore a copy") from error

    def trials(self, study: StudyRecord, space: Space | None = None) -> TrialRecords:
        """Return a study's trials by number.

        Args:
            study: As `study` returns it.
            space: Whose objects the choices become; by default the record's.
        """
        table = schema.trials
        query = sa.select(table).where(table.c.study_id == study.id)
        rows = self._rows(query.order_by(table.c.number))
        return trials_of(rows, space or study.space)

    def count_trials(self) -> dict[int, int]:
        """Return how many finished trials each study has, by the study's id."""
        table = schema.trials
        query = sa.select(table.c.study_id, sa.func.count().label("n"))
        query = query.where(table.c.state != RUNNING).group_by(table.c.study_id)
        return {row["study_id"]: row["n"] for row in self._rows(query)}

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

    def insert_named(self, table: sa.Table, row: Mapping[str, Any]) -> tuple[int, str]:
        """Insert a row with a unique name and return its id and its name.

        The name gets ``-2``, ``-3`` … when it is taken, also by a process that takes
        it at the same moment.
        """
        wanted = name = str(row["name"])
        attempt = 1
        with explained(self.url):
            while (key := self._insert(table, {**row, "name": name})) is None:
                attempt += 1
                name = f"{wanted}-{attempt}"
        return key, name

    def _insert(self, table: sa.Table, row: Mapping[str, Any]) -> int | None:
        """Insert a row and return its id; None when its name is taken."""
        try:
            with self.engine.begin() as connection:
                key: Any = connection.execute(table.insert(), row).inserted_primary_key
                return int(key[0])
        except sa.exc.IntegrityError:
            if self._rows(sa.select(table.c.id).where(table.c.name == row["name"])):
                return None
            raise

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        with explained(self.url), self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _engine(shown: str, url: str | sa.URL) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except ValueError as error:  # a port that is no number, for one
        hint = "give a file, or a URL such as postgresql://user@host/name"
        raise StoreError.failed(shown, f"is no database URL: {error}", hint) from error
    if parsed.get_backend_name() != "sqlite":
        # A server may restart and a firewall forget while a trial runs for hours.
        return sa.create_engine(parsed, pool_pre_ping=True)
    arguments = {"check_same_thread": False, "timeout": BUSY_SECONDS}
    # One shared connection, or ":memory:" would be another database each time.
    pool = NullPool if parsed.database else StaticPool
    engine = sa.create_engine(parsed, connect_args=arguments, poolclass=pool)
    sa.event.listen(engine, "do_connect", _open_read_only)
    sa.event.listen(engine, "connect", _set_pragmas)
    return engine


def _open_read_only(
    _dialect: object, _record: object, args: list[Any], options: dict[str, Any]
) -> None:
    """Let SQLite read a file that it may not write; it would refuse even that.

    Reading in WAL mode writes to two more files. Without them, and with nobody who
    may write, the file does not change and is read as it is.
    """
    path = Path(args[0])
    may_write = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if may_write or not path.is_file():
        return
    is_alone = not path.with_name(path.name + "-wal").exists()
    unchanging = "&immutable=1" if is_alone else ""
    args[0] = f"file:{quote(str(path))}?mode=ro{unchanging}"
    options["uri"] = True


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    try:
        if cursor.execute("PRAGMA page_count").fetchone() == (0,):
            cursor.execute("PRAGMA synchronous=OFF")  # nothing is there to be lost
        # WAL: readers never wait for the writer. NORMAL: a commit survives the death
        # of the process at once, that of the machine after the next checkpoint.
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
    except Exception as error:
        # A read-only file can be read all the same; what is worse shows itself soon.
        if "readonly" not in str(error):
            raise
    finally:
        cursor.close()
