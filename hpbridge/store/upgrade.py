"""Make the tables of a new store, and bring those of an older one up to date.

An older store is brought up to date where it is, when it is opened. A file is copied
first: ``store.db`` of schema 1 is kept as it was in ``store.db.schema1.bak``, and the
log of this module says so. On a server there is no copy, but one transaction (MySQL
ends it at each change of a table; what is done twice there does no harm).

A version that adds fields needs no more than the table of fields in
`hpbridge.store.record`; what else a version changes is a step in `STEPS`.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hpbridge.errors import StoreDamagedError, StoreError, StoreSchemaError, masked
from hpbridge.store import schema
from hpbridge.store.bounded import refuse_what_computes
from hpbridge.store.failures import RESTORE, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

# How often a store is tried to be made, or changed, while others do so too.
_TRIES = 20

_log = logging.getLogger(__name__)

Step = Callable[[sa.Connection], None]


def prepare(engine: sa.Engine, url: str) -> None:
    """Make the tables of a new store; bring those of an old one up to date.

    Several processes may do so at the same moment, and one may die halfway: the
    version is written last, and whoever finds none goes on.

    Args:
        engine: Of the store.
        url: As shown to users.

    Raises:
        StoreSchemaError: If the store is from a newer version.
        StoreError: If no copy of the store can be kept.
    """
    tries = _TRIES
    while (found := _version_of(engine)) != str(schema.STORE_SCHEMA):
        tries -= 1
        try:
            if found is None:
                _make(engine)
            else:
                _upgrade(engine, url, found)
        except sa.exc.SQLAlchemyError:
            if tries == 0:
                raise
            time.sleep(0.05)
        else:
            return


def _version_of(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        try:
            known = sa.inspect(connection).get_table_names()
        except (TypeError, ValueError, AttributeError) as error:  # names that are none
            raise _corrupt(connection, "its list of tables is lost") from error
        if engine.dialect.name == "sqlite":
            refuse_what_computes(connection, _shown(connection))
        found = _version_in(connection) if schema.meta.name in known else None
        if found is None and schema.studies.name in known:
            _refuse_studies(connection)
        return None if found is None else str(found)


def _refuse_studies(connection: sa.Connection) -> None:
    """Raise if a store without a version holds studies: it was not made halfway."""
    query = sa.select(sa.func.count()).select_from(schema.studies)
    if connection.execute(query).scalar():
        raise _corrupt(connection, "its version is lost")


def _corrupt(connection: sa.Connection, why: str) -> StoreError:
    reason = f"is corrupt: {why}"
    return StoreDamagedError.failed(_shown(connection), reason, RESTORE)


def _shown(connection: sa.Connection) -> str:
    url = connection.engine.url
    return masked(
        url.database or "" if url.get_backend_name() == "sqlite" else str(url)
    )


def _version_in(connection: sa.Connection) -> str | None:
    query = sa.select(schema.meta.c.value).where(schema.meta.c.key == "schema")
    return connection.execute(query).scalar()


def _make(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schema.tables.create_all(connection)
        row = {"key": "schema", "value": str(schema.STORE_SCHEMA)}
        connection.execute(schema.meta.insert(), row)


def _upgrade(engine: sa.Engine, url: str, found: str) -> None:
    if not found.isdigit() or int(found) > schema.STORE_SCHEMA:
        engine.dispose()
        raise StoreSchemaError.newer(url, found, schema.STORE_SCHEMA)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # Now, and not at the first change: nobody may write between the copy and
            # the steps.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        version = _version_in(connection)
        if version != found:
            return  # another process was faster
        with _copy_kept(connection, url, found) as copy:
            for step in _steps_from(int(found)):
                step(connection)
            is_version = schema.meta.c.key == "schema"
            new = {"value": str(schema.STORE_SCHEMA)}
            connection.execute(schema.meta.update().where(is_version).values(new))
            connection.commit()
    kept = f"; as it was, it is kept in {copy}" if copy else ""
    _log.warning(
        "the store %s was brought from schema %s to %s%s",
        *(url, found, schema.STORE_SCHEMA, kept),
    )


@contextlib.contextmanager
def _copy_kept(
    connection: sa.Connection, url: str, version: str
) -> Iterator[Path | None]:
    """Keep a copy of a file beside it, unless what follows fails.

    Args:
        connection: In a transaction that keeps others from writing.
        url: As shown to users.
        version: Of the store's schema, for the copy's name.

    Raises:
        StoreError: If there can be no copy; then nothing was changed.
    """
    place = _file_of(connection)
    if place is None:
        yield None
        return
    copy = _free_name(place, version)
    try:
        _copy(place, copy)
    except (OSError, sqlite3.Error) as error:
        copy.unlink(missing_ok=True)
        reason = (
            f"has schema {version}, and no copy of it can be kept in {copy} while it "
            f"is brought to {schema.STORE_SCHEMA}: {one_line(error)}"
        )
        hint = "free some space, and make its folder writable"
        raise StoreError.failed(url, reason, hint) from error
    try:
        yield copy
    except BaseException:  # raised again
        copy.unlink(missing_ok=True)
        raise


def _file_of(connection: sa.Connection) -> Path | None:
    """Return the file of a store; None where it is none of this machine's."""
    if connection.dialect.name != "sqlite":
        return None
    for _, name, path in connection.exec_driver_sql("PRAGMA database_list"):
        if name == "main" and path:
            return Path(path)
    return None


def _free_name(place: Path, version: str) -> Path:
    copy = place.with_name(f"{place.name}.schema{version}.bak")
    number = 1
    while copy.exists():
        number += 1
        copy = place.with_name(f"{place.name}.schema{version}-{number}.bak")
    return copy


def _copy(place: Path, copy: Path) -> None:
    """Copy a database with what is in its log, as nobody writes to it."""
    # Made here, so that SQLite finds no folder, say, in a way that it cannot tell.
    copy.touch(exist_ok=False)
    source = sqlite3.connect(place)
    target = sqlite3.connect(copy)
    with contextlib.closing(source), contextlib.closing(target):
        source.backup(target)


def _adds(column: sa.Column[Any]) -> Step:
    """Return the step that adds a column to its table, unless it is there."""

    def add(connection: sa.Connection) -> None:
        table = column.table.name
        known = {each["name"] for each in sa.inspect(connection).get_columns(table)}
        if column.name not in known:
            kind = column.type.compile(connection.dialect)
            connection.exec_driver_sql(
                f"ALTER TABLE {table} ADD COLUMN {column.name} {kind}"
            )

    return add


def _makes(table: sa.Table) -> Step:
    """Return the step that makes a table, unless it is there."""
    return lambda connection: table.create(connection, checkfirst=True)


STEPS: dict[int, tuple[Step, ...]] = {
    version: (
        *map(_adds, columns),
        *map(_makes, schema.ADDED_TABLES.get(version, ())),
    )
    for version, columns in schema.ADDED.items()
}
"""What brings a store to each version from the one before. A step may be run twice."""


def _steps_from(version: int) -> Iterator[Step]:
    for later in range(version + 1, schema.STORE_SCHEMA + 1):
        yield from STEPS[later]
