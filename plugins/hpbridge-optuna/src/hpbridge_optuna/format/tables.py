"""Read a study from Optuna's tables: an SQLite file, or a database server.

The tables are read in one transaction that may not write, without Optuna.

Source:
    Optuna 5.0.0, `optuna/storages/_rdb/models.py`; the schema is that of 3.2 and later.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hpbridge.plugin import is_over, masked, read_json_text
from hpbridge_optuna.format.raw import (
    DamagedError,
    Distributions,
    RawStudy,
    RawTrial,
    pick,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = "v3.2.0.a"
"""The revision that is read: `alembic_version`, the last one of Optuna 3.2 to 5.0."""
OLDER_SCHEMAS = {
    *("v0.9.0.a", "v1.2.0.a", "v1.3.0.a", "v2.4.0.a", "v2.6.0.a"),
    *("v3.0.0.a", "v3.0.0.b", "v3.0.0.c", "v3.0.0.d"),
}
TABLES = {
    *("alembic_version", "version_info", "studies", "study_directions", "trials"),
    *("study_user_attributes", "study_system_attributes", "trial_params"),
    *("trial_values", "trial_intermediate_values", "trial_user_attributes"),
    "trial_system_attributes",
}
_FIRST_TABLES = {"studies", "trials", "version_info"}
"""Those of every version, also before there were migrations."""
_SQLITE_MAGIC = b"SQLite format 3\x00"
_WAL = 2
# Longest text or blob of a file: distributions and attributes are far below it.
_LONGEST = 64 * 2**20
_COMPUTED = {2, 3}
"""How SQLite marks a column of values that are computed when they are read."""
_STEPS = 100_000
"""Of SQLite's, after which it is asked whether it may go on."""
_FIRST_UTC = 5
_SPECIAL = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}


class Rows:
    """What queries return.

    Args:
        run: ``run(query) -> cursor``.
        quote: How a name is quoted.
        is_file: Whether it is a file, whose pages can be checked.

    Attributes:
        tables: The names of all.
    """

    def __init__(
        self, run: Callable[[str], Any], *, quote: str = '"', is_file: bool = False
    ) -> None:
        self._run, self.quote, self.is_file = run, quote, is_file
        self.tables: set[str] = set()

    def __call__(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query does."""
        # One by one: a row may be large, and reading ends between two of them.
        return [tuple(row) for row in self._run(query)]


def sqlite_path(url: str) -> Path | None:
    """Return the file of an SQLite URL, whatever driver and options it names."""
    match = re.match(r"sqlite(\+\w+)?:///(?:file:)?([^?]*)", url)
    return Path(match[2]) if match and match[2] else None


def is_sqlite(path: Path) -> bool:
    """Say whether it is an SQLite file with Optuna's tables."""
    try:
        with path.open("rb") as file:
            if file.read(len(_SQLITE_MAGIC)) != _SQLITE_MAGIC:
                return False
        with sqlite_file(path) as rows:
            return rows.tables >= _FIRST_TABLES
    except (OSError, DamagedError, sqlite3.Error):
        return False


@contextlib.contextmanager
def sqlite_file(path: Path) -> Iterator[Rows]:
    """Open a file to read; it is neither made nor changed.

    Raises:
        DamagedError: If SQLite cannot read it.
    """
    try:
        with contextlib.closing(_connect(path)) as connection:
            connection.execute("BEGIN")
            rows = Rows(connection.execute, is_file=True)
            # Tables only: a view could be a query without an end.
            query = "SELECT name FROM sqlite_master WHERE type='table'"
            rows.tables = {name for (name,) in rows(query)}
            yield rows
    except sqlite3.Error as error:
        hint = ""
        if "locked" in str(error):
            hint = "try again when nobody writes to it"
        msg = f"SQLite cannot read it: {error}"
        raise DamagedError(msg, hint) from error


def _connect(path: Path) -> sqlite3.Connection:
    # In WAL mode SQLite makes two more files to read; without a log that waits in one
    # of them, the file is read as it is.
    with path.open("rb") as file:
        is_wal = file.read(19)[18:] == bytes([_WAL])
    log = path.with_name(path.name + "-wal")
    alone = "&immutable=1" if is_wal and not log.exists() else ""
    uri = f"file:{quote(str(path.resolve()))}?mode=ro{alone}"
    connection = sqlite3.connect(uri, uri=True, timeout=30)
    # A hostile schema runs nothing, and no value fills the memory.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    connection.set_progress_handler(is_over, _STEPS)
    return connection


@contextlib.contextmanager
def server(url: str) -> Iterator[Rows]:
    """Open a database of any kind that SQLAlchemy knows, to read.

    Raises:
        DamagedError: If it cannot be reached, or not read.
    """
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    try:
        engine = sa.create_engine(with_driver(url), poolclass=NullPool)
        with engine.connect() as plain:
            connection = _read_only(plain)
            quote = connection.dialect.identifier_preparer.initial_quote
            rows = Rows(connection.exec_driver_sql, quote=quote)
            rows.tables = set(sa.inspect(connection).get_table_names())
            yield rows
    except ModuleNotFoundError as error:
        msg = f"{masked(url)} needs the package {error.name!r}, which is not installed"
        raise DamagedError(msg, f"`pip install {error.name}`") from error
    except (sa.exc.SQLAlchemyError, ValueError) as error:
        if isinstance(error, DamagedError):
            raise
        text = " ".join(str(getattr(error, "orig", None) or error).split())
        hint = "check that the server runs, and the name and password in the URL"
        raise DamagedError(masked(text), hint) from error


def with_driver(url: str) -> Any:
    """Return a parsed URL; one that names no driver gets one that is installed."""
    import importlib.util

    import sqlalchemy as sa

    parsed = sa.make_url(url)
    ours = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
    driver = ours.get(parsed.drivername)
    if driver is None or importlib.util.find_spec(driver) is None:
        return parsed
    return parsed.set(drivername=f"{parsed.drivername}+{driver}")


def _read_only(connection: Any) -> Any:
    if connection.dialect.name == "postgresql":
        connection = connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    elif connection.dialect.name in {"mysql", "mariadb"}:
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.commit()
    return connection


def read_tables(rows: Rows, wanted: str | None) -> RawStudy:
    """Return the study of a name, or the only one.

    Raises:
        DamagedError: If there is no such study, or the tables are not Optuna's.
    """
    missing = sorted(TABLES - rows.tables)
    if missing and rows.tables >= _FIRST_TABLES:
        _check_schema(rows)
    if missing:
        msg = f"it has no table {missing[0]!r}, so it is no storage of Optuna 3.2 to 5"
        raise DamagedError(msg, "name the file or URL that was `storage=` in Optuna")
    if rows.is_file:
        _check_columns(rows)
        _check_pages(rows)
    _check_schema(rows)
    studies = {
        name: key for key, name in rows("SELECT study_id, study_name FROM studies")
    }
    name = pick(list(studies), wanted)
    return _read(rows, name, studies[name])


def _check_schema(rows: Rows) -> None:
    is_dated = "alembic_version" in rows.tables
    found = rows("SELECT version_num FROM alembic_version") if is_dated else []
    versions = [version for (version,) in found]
    if versions == [SCHEMA]:
        return
    version = versions[0] if versions else None
    msg = f"its schema is {version!r}, and hpbridge reads {SCHEMA!r}"
    if version in OLDER_SCHEMAS or not is_dated:
        raise DamagedError(msg, "`optuna storage upgrade` on a copy of it")
    raise DamagedError(msg, "`pip install --upgrade hpbridge-optuna`")


def _check_columns(rows: Rows) -> None:
    """Refuse columns that are computed: by what could be without an end."""
    for table in sorted(TABLES):
        found = rows(f"PRAGMA table_xinfo({table})")
        computed = [name for _, name, *_, hidden in found if hidden in _COMPUTED]
        if computed:
            msg = f"its column {computed[0]!r:.80} of {table!r} is computed"
            raise DamagedError(msg, "copy the study with Optuna")


def _check_pages(rows: Rows) -> None:
    # A flipped bit in the tree of pages would make rows vanish without a word.
    found = rows("PRAGMA quick_check(1)")
    if found != [("ok",)]:
        msg = f"its pages are damaged: {found[0][0]!s:.100}"
        raise DamagedError(msg, "restore it from a backup, or `sqlite3 FILE .recover`")


def _read(rows: Rows, name: str, key: int) -> RawStudy:
    order = f"WHERE study_id = {key} ORDER BY objective"
    directions = rows(f"SELECT direction FROM study_directions {order}")
    study = RawStudy(name, [str(direction).lower() for (direction,) in directions])
    for kind, target in (("user", study.user), ("system", study.system)):
        table = f"study_{kind}_attributes"
        columns = f"{rows.quote}key{rows.quote}, value_json"
        query = f"SELECT {columns} FROM {table} WHERE study_id = {key}"
        target.update((k, read_json_text(text)) for k, text in rows(query))
    trials = _read_trials(rows, key, study)
    _read_params(rows, key, trials)
    _read_numbers(rows, key, trials)
    _read_attributes(rows, key, trials)
    study.trials = sorted(trials.values(), key=lambda trial: trial.number)
    return study


def _read_trials(rows: Rows, key: int, study: RawStudy) -> dict[int, RawTrial]:
    versions = rows("SELECT library_version FROM version_info")
    first = str(versions[0][0]).split(".")[0] if versions else ""
    is_local = first.isdigit() and int(first) < _FIRST_UTC
    if is_local:
        study.notes.append(
            f"Optuna {versions[0][0]} kept times without a zone; "
            "they are taken for this machine's"
        )
    columns = "trial_id, number, state, datetime_start, datetime_complete"
    query = f"SELECT {columns} FROM trials WHERE study_id = {key}"
    return {
        identity: RawTrial(
            number=int(number),
            id=int(identity),
            state=str(state),
            started=_unix(start, is_local),
            ended=_unix(end, is_local),
        )
        for identity, number, state, start, end in rows(query)
    }


def _unix(moment: Any, is_local: bool) -> float | None:
    if moment is None:
        return None
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.fromisoformat(moment)
    if moment.tzinfo is None and not is_local:
        moment = moment.replace(tzinfo=dt.UTC)
    return float(moment.timestamp())


def _select(rows: Rows, columns: str, table: str, key: int, order: str) -> Any:
    where = f"trial_id IN (SELECT trial_id FROM trials WHERE study_id = {key})"
    return rows(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY {order}")


def _read_params(rows: Rows, key: int, trials: dict[int, RawTrial]) -> None:
    columns = "trial_id, param_name, param_value, distribution_json"
    distributions = Distributions()
    for identity, name, value, text in _select(
        rows, columns, "trial_params", key, "param_id"
    ):
        trials[identity].params[name] = distributions.value(text, value)


def _read_numbers(rows: Rows, key: int, trials: dict[int, RawTrial]) -> None:
    columns = "trial_id, objective, value, value_type"
    for identity, objective, value, kind in _select(
        rows, columns, "trial_values", key, "trial_id, objective"
    ):
        trial = trials[identity]
        trial.values = trial.values or []
        if objective != len(trial.values):
            msg = f"trial {trial.number} has no value {len(trial.values)}"
            raise DamagedError(msg)
        trial.values.append(_number(value, kind))
    columns = "trial_id, step, intermediate_value, intermediate_value_type"
    for identity, step, value, kind in _select(
        rows, columns, "trial_intermediate_values", key, "trial_intermediate_value_id"
    ):
        trials[identity].reports[int(step)] = _number(value, kind)


def _number(value: Any, kind: str) -> float:
    return float(value) if kind == "FINITE" else _SPECIAL[kind]


def _read_attributes(rows: Rows, key: int, trials: dict[int, RawTrial]) -> None:
    columns = f"trial_id, {rows.quote}key{rows.quote}, value_json"
    for kind in ("user", "system"):
        table = f"trial_{kind}_attributes"
        for identity, name, text in _select(
            rows, columns, table, key, f"trial_{kind}_attribute_id"
        ):
            getattr(trials[identity], kind)[name] = read_json_text(text)
