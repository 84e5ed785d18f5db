"""The tables. What is here is the open results format; the README documents it.

Plain columns for what people query, JSON text for what has parts. Times are Unix
seconds, durations are seconds. A change here raises `SCHEMA_VERSION` and adds the step
that brings an older store up to it.
"""

from __future__ import annotations

from typing import Any

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

SCHEMA_VERSION = 2

tables = MetaData()

# There, names are compared as written, and hold any character.
_MYSQL: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}

# MySQL keeps 64 KiB in a TEXT, less than a long traceback or a large space.
LongText = Text().with_variant(Text(2**24 - 1), "mysql", "mariadb")

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
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("experiment", String(200), nullable=False),
    Column("reference", LongText, nullable=False),
    Column("backend", String(100), nullable=False),
    Column("algorithm", String(100), nullable=False),
    Column("seed", String(40), nullable=False),
    Column("options", LongText, nullable=False),
    Column("space", LongText, nullable=False),
    Column("metrics", LongText, nullable=False),
    Column("settings", LongText, nullable=False),
    Column("versions", LongText, nullable=False),
    Column("machine", LongText, nullable=False),
    Column("notes", LongText, nullable=False),
    Column("comparison_id", Integer, ForeignKey("hpbridge_comparisons.id")),
    Column("status", String(20), nullable=False),
    Column("stop_reason", LongText),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("lease_owner", String(200)),
    Column("lease_until", Double),
    Column("attributes", LongText),
    Column("native", LongText),
    **_MYSQL,
)

trials = Table(
    "hpbridge_trials",
    tables,
    Column("study_id", Integer, ForeignKey("hpbridge_studies.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(20), nullable=False),
    Column("origin", String(20), nullable=False),
    Column("value", Double),
    # value: the first metric where it is finite, for SQL; `metrics` has everything.
    Column("params", LongText, nullable=False),
    Column("metrics", LongText, nullable=False),
    Column("reports", LongText),
    Column("error", LongText),
    Column("traceback", LongText),
    Column("seed", String(40), nullable=False),
    Column("tells_before", Integer, nullable=False),
    Column("told", Integer),
    Column("worker", String(100), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ask_seconds", Double, nullable=False),
    Column("run_seconds", Double),
    Column("tell_seconds", Double),
    Column("attributes", LongText),
    Column("native", LongText),
    sqlite_with_rowid=False,  # one tree to write to, not a table and an index
    **_MYSQL,
)

ADDED: dict[int, tuple[Column[Any], ...]] = {
    2: (studies.c.attributes, studies.c.native, trials.c.attributes, trials.c.native)
}
"""The columns that each version added; they may be empty in older rows."""

RUNNING = "running"
"""State of a row whose trial was asked and has not ended (several workers only)."""
