"""Read a store's file, which anybody may have written, in the bounds of its size.

Tables of SQLite's may compute: a view has rows without an end, a trigger runs as rows
are written. Those of a store do not, or it is none of ours. What else takes more time
or memory than a file may is ended, unless `HPBRIDGE_TRUST_STORE` is set.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hpbridge.contract.bounds import TooLargeError, within
from hpbridge.errors import StoreDamagedError, StoreError
from hpbridge.store import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    T = TypeVar("T")

TRUST_VARIABLE = "HPBRIDGE_TRUST_STORE"
"""Environment variable that lifts the bounds."""
_TRUST_HINT = f"where you trust it, {TRUST_VARIABLE}=1 reads it"

_OURS = {table.name for table in schema.tables.sorted_tables}
_CALLS = {"varchar", "key", "unique", "json_extract", *_OURS}
"""What may stand before a bracket in what makes a table or an index of ours."""
_QUOTES = r"""["`\[\]']?"""
_MADE = re.compile(
    r"\s*CREATE\s+(?:TEMP\w*\s+|VIRTUAL\s+|UNIQUE\s+)?(\w+)\s+"
    rf"(?:IF\s+NOT\s+EXISTS\s+)?(?:main\.)?{_QUOTES}(\w+)",
    re.IGNORECASE,
)
_CALL = re.compile(rf"(\w+){_QUOTES}\s*\(")


def bounded(engine: sa.Engine, shown: str, work: Callable[[], T]) -> T:
    """Do some work on a store; where it is a file, in the bounds of its size.

    Args:
        engine: Of the store.
        shown: Its URL as shown to users.
        work: What reads it.

    Raises:
        StoreError: If it takes more than that.
        Exception: What the work raises.
    """
    size = _size_of(engine)
    if size is None:
        return work()
    try:
        is_trusted = os.environ.get(TRUST_VARIABLE, "0") not in {"", "0"}
        return within(size, work, is_trusted=is_trusted)
    except TooLargeError as error:
        reason = f"is not what its size is due to: {error}"
        raise StoreError.failed(shown, reason, _TRUST_HINT) from error


def _size_of(engine: sa.Engine) -> int | None:
    """Return the bytes of a file, with its log; None of what is no file."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or ":memory:" in name:
        return None
    path, size = name.removeprefix("file:").partition("?")[0], 0
    for each in (path, f"{path}-wal"):
        with contextlib.suppress(OSError, ValueError):
            size += Path(each).stat().st_size
    return size


def refuse_what_computes(connection: sa.Connection, shown: str) -> None:
    """Raise if a table of ours is none, or something in it computes.

    Args:
        connection: To a file of SQLite's.
        shown: Its URL as shown to users.

    Raises:
        StoreDamagedError: With what it is.
    """
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    for name, sql in connection.exec_driver_sql(query):
        if what := _what_computes(str(sql)):
            reason = f"is not as hpbridge makes one: {str(name)!r:.60} {what}"
            hint = "remove that with `sqlite3 FILE`, or restore a copy"
            raise StoreDamagedError.failed(shown, reason, hint)


def _what_computes(sql: str) -> str:
    """Return what is wrong with what makes a table, an index, a view or a trigger."""
    if not any(name in sql.lower() for name in _OURS):
        return ""  # a user's own, which nobody reads here
    made = _MADE.match(sql)
    kind, name = (made[1].lower(), made[2].lower()) if made else ("", "")
    if kind in {"view", "table"} and name not in _OURS:
        return ""
    if kind not in {"table", "index"} or re.match(r"\W*CREATE\s+VIRTUAL", sql, re.I):
        return f"is a {kind or 'thing of no kind'}, no table of rows"
    calls = {word.lower() for word in _CALL.findall(sql)} - _CALLS
    is_plain = not calls and "/*" not in sql and "--" not in sql
    return "" if is_plain else f"computes: {', '.join(sorted(calls)):.60}"
