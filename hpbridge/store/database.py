"""Open a store and read from it. One engine a store, any number of readers."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from hpbridge.errors import StoreSchemaError, StudyNotFoundError
from hpbridge.store import schema
from hpbridge.store.failures import explained

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_STORE = "hpbridge.db"
"""The file, in the current folder, that is used when nothing else is asked for."""

STORE_VARIABLE = "HPBRIDGE_STORE"
"""Environment variable with another default."""

# Seconds that SQLite waits for another process's write before it gives up.
_BUSY_SECONDS = 30

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}


def open_store(store: str | os.PathLike[str] | Database | None = None) -> Database:
    """Return a store, made when it is not there.

    Args:
        store: A file, a SQLAlchemy URL, ``":memory:"``, an open store; None is the
            environment's ``HPBRIDGE_STORE`` or ``hpbridge.db`` in the current folder.

    Raises:
        StoreError: If it cannot be opened, is corrupt, or is from a newer version.
    """
    if isinstance(store, Database):
        return store
    if store is None:
        store = os.environ.get(STORE_VARIABLE, DEFAULT_STORE)
    return _open(url_of(os.fspath(store)), os.getpid())


def url_of(store: str) -> str:
    """Return the SQLAlchemy URL of a file or URL."""
    if store == ":memory:":
        return "sqlite://"
    scheme, separator, rest = store.partition("://")
    if not separator:
        return f"sqlite:///{os.path.abspath(store)}"
    return f"{_DRIVERS.get(scheme, scheme)}{separator}{rest}"


@functools.lru_cache(maxsize=32)
def _open(url: str, _pid: int) -> Database:
    # Cached by process: a connection must not be shared with a forked child.
    database = Database(url)
    if url == "sqlite://":
        _open.cache_clear()  # every ":memory:" is a store of its own
    return database


class Database:
    """An open store.

    Attributes:
        url: As shown to users; a password is starred out.
        engine: SQLAlchemy's.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        with explained(url):
            self.url = sa.make_url(url).render_as_string(hide_password=True)
            self.engine = _engine(url)
        if url.startswith("sqlite:///"):
            self.url = url.removeprefix("sqlite:///")
        with explained(self.url):
            self._prepare()

    def _prepare(self) -> None:
        with self.engine.begin() as connection:
            if not sa.inspect(connection).has_table(schema.meta.name):
                schema.tables.create_all(connection)
                row = {"key": "schema", "value": str(schema.SCHEMA_VERSION)}
                try:
                    with connection.begin_nested():
                        connection.execute(schema.meta.insert(), row)
                except sa.exc.IntegrityError:
                    return  # another process made it at the same moment
                return
            query = sa.select(schema.meta.c.value).where(schema.meta.c.key == "schema")
            found = connection.execute(query).scalar()
        if found is None or int(found) > schema.SCHEMA_VERSION:
            raise StoreSchemaError.newer(self.url, found, schema.SCHEMA_VERSION)

    def studies(self, **where: object) -> list[dict[str, Any]]:
        """Return the rows of studies, oldest first, without trials.

        Args:
            where: Column values that they must have.
        """
        query = sa.select(schema.studies).order_by(schema.studies.c.id)
        for column, value in where.items():
            query = query.where(schema.studies.c[column] == value)
        return self._rows(query)

    def study(self, name: str) -> dict[str, Any]:
        """Return the row of one study, by its name or its id.

        Raises:
            StudyNotFoundError: With the nearest name there is.
        """
        table = schema.studies
        rows = self._rows(sa.select(table).where(table.c.name == name))
        if not rows and name.isdigit():
            rows = self._rows(sa.select(table).where(table.c.id == int(name)))
        if not rows:
            names = [row["name"] for row in self.studies()]
            raise StudyNotFoundError.named(self.url, name, names)
        return rows[0]

    def trials(self, study_id: int) -> list[dict[str, Any]]:
        """Return the rows of a study's trials by number, running ones too."""
        table = schema.trials
        query = sa.select(table).where(table.c.study_id == study_id)
        return self._rows(query.order_by(table.c.number))

    def count_trials(self) -> dict[int, int]:
        """Return how many finished trials each study has, by the study's id."""
        table = schema.trials
        query = sa.select(table.c.study_id, sa.func.count().label("n"))
        query = query.where(table.c.state != schema.RUNNING).group_by(table.c.study_id)
        return {row["study_id"]: row["n"] for row in self._rows(query)}

    def comparisons(self) -> list[dict[str, Any]]:
        """Return the rows of comparisons, oldest first."""
        table = schema.comparisons
        return self._rows(sa.select(table).order_by(table.c.id))

    def comparison(self, comparison_id: int) -> dict[str, Any]:
        """Return the row of one comparison."""
        table = schema.comparisons
        return self._rows(sa.select(table).where(table.c.id == comparison_id))[0]

    def add_comparison(self, row: Mapping[str, Any]) -> int:
        """Add a comparison and return its id; its name gets a number if it is taken."""
        return self.insert_named(schema.comparisons, row)

    def insert_named(self, table: sa.Table, row: Mapping[str, Any]) -> int:
        """Insert a row with a unique name and return its id.

        The name gets ``-2``, ``-3`` … when it is taken, also by a process that takes
        it at the same moment.
        """
        wanted = str(row["name"])
        with explained(self.url):
            for attempt in range(1, 1_000_000):
                name = wanted if attempt == 1 else f"{wanted}-{attempt}"
                try:
                    with self.engine.begin() as connection:
                        done = connection.execute(table.insert(), {**row, "name": name})
                        key: Any = done.inserted_primary_key
                        return int(key[0])
                except sa.exc.IntegrityError:
                    continue
        msg = f"a million rows are named {wanted!r}"
        raise RuntimeError(msg)

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        with explained(self.url), self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _engine(url: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True)
    arguments = {"check_same_thread": False, "timeout": _BUSY_SECONDS}
    # One shared connection, or ":memory:" would be another database each time.
    pool = {"poolclass": StaticPool} if url == "sqlite://" else {}
    engine = sa.create_engine(url, connect_args=arguments, **pool)
    sa.event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    try:
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
