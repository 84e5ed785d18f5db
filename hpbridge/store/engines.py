"""Make SQLAlchemy's engine of a store: a file's, memory's or a server's."""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool, StaticPool

from hpbridge.contract.bounds import is_over
from hpbridge.errors import StoreError
from hpbridge.store.answers import ANSWER_SECONDS, limit_answers

# Seconds that SQLite waits for another process's write before it gives up.
BUSY_SECONDS = 30
# A server that does not answer at all is away.
_CONNECT_SECONDS = 5
_LIMITS: dict[str, dict[str, int]] = {
    "psycopg": {"connect_timeout": _CONNECT_SECONDS},
    "psycopg2": {"connect_timeout": _CONNECT_SECONDS},
    "pymysql": {
        "connect_timeout": _CONNECT_SECONDS,
        "read_timeout": ANSWER_SECONDS,
        "write_timeout": ANSWER_SECONDS,
    },
}
_POOL = "hpbridge"
# Of SQLite's machine, between two looks at whether it takes more than it may.
_STEPS = 10_000


def engine_of(shown: str, url: str | sa.URL) -> sa.Engine:
    """Return the engine of a store.

    Args:
        shown: Its URL as shown to users.
        url: Its URL.

    Raises:
        StoreError: If that is none.
    """
    try:
        parsed = sa.make_url(url)
    except ValueError as error:  # a port that is no number, for one
        hint = "give a file, or a URL such as postgresql://user@host/name"
        raise StoreError.failed(shown, f"is no database URL: {error}", hint) from error
    if parsed.get_backend_name() != "sqlite":
        # A server may restart and a firewall forget while a trial runs for hours.
        return _engine_of_server(parsed)
    arguments = {"check_same_thread": False, "timeout": BUSY_SECONDS}
    # One shared connection, or ":memory:" would be another database each time.
    pool = NullPool if parsed.database else StaticPool
    engine = sa.create_engine(
        parsed,
        connect_args=arguments,
        poolclass=pool,
        pool_logging_name=_quiet_pool(pool.__name__),
    )
    sa.event.listen(engine, "do_connect", _open_read_only)
    sa.event.listen(engine, "connect", _set_pragmas)
    return engine


def _engine_of_server(url: sa.URL) -> sa.Engine:
    """Return the engine of a server that may restart while a trial runs for hours."""
    driver = url.get_driver_name()
    given = dict(_LIMITS.get(driver, {}))
    arguments = {k: v for k, v in given.items() if k not in url.query}
    engine = sa.create_engine(
        url,
        connect_args=arguments,
        pool_pre_ping=True,
        pool_logging_name=_quiet_pool("QueuePool"),
    )
    if driver == "psycopg":
        limit_answers(engine, ANSWER_SECONDS)
    return engine


def _quiet_pool(kind: str) -> str:
    """Return the name of pools of a kind that print nothing.

    What a pool meets when it puts a connection away that is lost, or is interrupted in
    it, it would tell with a traceback. The logger is that of these pools alone.
    """
    logging.getLogger(f"sqlalchemy.pool.impl.{kind}.{_POOL}").disabled = True
    return _POOL


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
    connection.set_progress_handler(is_over, _STEPS)
    cursor = connection.cursor()
    try:
        if cursor.execute("PRAGMA page_count").fetchone() == (0,):
            cursor.execute("PRAGMA synchronous=OFF")  # nothing is there to be lost
        # WAL: readers never wait for the writer. NORMAL: a commit survives the death
        # of the process at once, that of the machine after the next checkpoint.
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.Error as error:
        # A read-only file can be read all the same; what is worse shows itself soon.
        if "readonly" not in str(error):
            raise
    finally:
        cursor.close()
