"""The tables. What is here is the open results format; the README documents it.

Plain columns for what people query, JSON text for what has parts. Times are Unix
seconds, durations are seconds. The fields of studies and trials are those of
`hpbridge.store.record`; one that is added there raises `STORE_SCHEMA`, and
`hpbridge.store.upgrade` brings older stores up to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from hpbridge.store.fields import Kind
from hpbridge.store.record import CHECKSUM, STUDY_FIELDS, TRIAL_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.store.fields import Field

STORE_SCHEMA = 5
"""Version of the tables; a store says which one it has."""

tables = MetaData()

# There, names are compared as written, and hold any character.
_MYSQL: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}

# MySQL keeps 64 KiB in a TEXT, less than a long traceback or a large space.
LongText = Text().with_variant(Text(2**24 - 1), "mysql", "mariadb")

_TYPES: dict[Kind, Any] = {
    Kind.INTEGER: Integer,
    Kind.REAL: Double,
    Kind.TEXT: LongText,
    Kind.JSON: LongText,
}


def _column(field: Field) -> Column[Any]:
    kind = _TYPES.get(field.kind) or String(field.length)
    # An older row has nothing in a column that was added after it.
    return Column(field.name, kind, nullable=field.is_optional or field.since > 1)


def _columns(fields: Iterable[Field], *special: Column[Any]) -> list[Column[Any]]:
    """Return the columns of fields; special ones stand in for those of their name."""
    ready = {column.name: column for column in special}
    return [ready.get(field.name, _column(field)) for field in fields]


def _since(fields: Iterable[Field], first: int, last: int) -> list[Field]:
    return [field for field in fields if first <= field.since <= last]


meta = Table(
    "hpbridge_meta",
    tables,
    Column("key", String(40), primary_key=True),
    Column("value", String(255), nullable=False),
    **_MYSQL,
)

comparisons = Table(
    "hpbridge_comparisons",
    tables,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("experiment", String(200), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("settings", LongText, nullable=False),
    # settings: JSON of what `compare` was asked for, by which --resume finds it.
    **_MYSQL,
)

studies = Table(
    "hpbridge_studies",
    tables,
    *_columns(
        _since(STUDY_FIELDS, 1, 1),
        Column("id", Integer, primary_key=True),
        Column("name", String(200), nullable=False, unique=True),
        Column("comparison_id", Integer, ForeignKey("hpbridge_comparisons.id")),
    ),
    Column("lease_owner", String(200)),
    Column("lease_until", Double),
    *_columns(_since(STUDY_FIELDS, 2, STORE_SCHEMA)),
    Column("n_ended", Integer),
    # n_ended: of its trials, at least so many have ended; exact once it has.
    **_MYSQL,
)

trials = Table(
    "hpbridge_trials",
    tables,
    Column("study_id", Integer, ForeignKey("hpbridge_studies.id"), primary_key=True),
    *_columns(
        TRIAL_FIELDS,
        Column("number", Integer, primary_key=True, autoincrement=False),
    ),
    Column(CHECKSUM, Integer),
    sqlite_with_rowid=False,  # one tree to write to, not a table and an index
    **_MYSQL,
)

checkpoints = Table(
    "hpbridge_checkpoints",
    tables,
    Column("study_id", Integer, ForeignKey("hpbridge_studies.id"), primary_key=True),
    Column("path", String(100), primary_key=True),
    # path: of its folder, in that of the study.
    Column("trial", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("step", Integer),
    # step: the last that the trial had reported; empty before any.
    Column("digest", String(64), nullable=False),
    Column("parent", String(100)),
    # parent: the path of the one that the trial came from, its own or another trial's.
    Column("created_at", Double, nullable=False),
    **_MYSQL,
)

requests = Table(
    "hpbridge_requests",
    tables,
    Column("id", Integer, primary_key=True),
    Column("study_id", Integer, ForeignKey("hpbridge_studies.id"), nullable=False),
    Column("what", String(20), nullable=False),
    # what: stop, more or enqueue; gone once whoever writes the study has done it.
    Column("data", LongText, nullable=False),
    Column("created_at", Double, nullable=False),
    sqlite_autoincrement=True,  # no id comes twice, or one could be taken for heard
    **_MYSQL,
)

_SPECIAL = {3: (studies.c.n_ended, trials.c[CHECKSUM])}

ADDED: dict[int, tuple[Column[Any], ...]] = {
    version: tuple(
        table.c[field.name]
        for table, fields in ((studies, STUDY_FIELDS), (trials, TRIAL_FIELDS))
        for field in _since(fields, version, version)
    )
    + _SPECIAL.get(version, ())
    for version in range(2, STORE_SCHEMA + 1)
}
"""The columns that each version added; they may be empty in older rows."""

ADDED_TABLES: dict[int, tuple[Table, ...]] = {4: (checkpoints,), 5: (requests,)}
"""The tables that each version added."""
