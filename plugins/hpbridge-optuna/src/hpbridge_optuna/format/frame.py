"""Read what `Study.trials_dataframe` made: a frame, or a file of it.

Its columns become those of the results schema, and the core reads the table.

Source:
    Optuna 5.0.0, `optuna/study/_dataframe.py`: the names of the columns. Moments are
    naive and local, whole numbers floats where some trials lack them.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    ForeignStudy,
    FormatError,
    Table,
    names_of,
    read_table,
    study_of_table,
)
from hpbridge_optuna.format.raw import FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hpbridge.plugin import ForeignTrial, Hints

_OWN = {"number", "state", "datetime_start", "datetime_complete", "duration"}
_NAMED = re.compile(r"(params|user_attrs|intermediate_values|values?)_(.+)", re.S)
_ROLES = {"params": "param:", "user_attrs": "attribute:"}
_REPORTS = "attribute:hpbridge:reports"
_DURATION = re.compile(r"(?:(-?\d+) days?,? ?\+?)?(?:(\d+):(\d\d):(\d\d(?:\.\d+)?))?\Z")
_INDEX = {"", "Unnamed: 0", "index", "__index_level_0__"}


def recognizes_frame(source: object) -> bool:
    """Say whether its columns have the names that Optuna gives them."""
    names = set(names_of(source))
    has_params = any(name.startswith("params_") for name in names)
    has_value = "value" in names or any(
        name.startswith(("value_", "values_")) for name in names
    )
    return has_params and (has_value or "state" in names) and bool(names & _OWN)


def read_frame(source: Any, hints: Hints) -> ForeignStudy:
    """Return the study in such a table.

    Raises:
        FormatError: If it is damaged, or holds no value.
    """
    given = read_table(source, FORMAT)
    columns, unread, notes = _columns(given)
    if not any(name.startswith("metric:") for name in columns):
        problem = "it has no column 'value', so nothing says how good a trial was"
        hint = "`study.trials_dataframe()` has it, with no attrs="
        raise FormatError.unreadable(FORMAT, given.source, [problem], hint)
    metrics = [n.removeprefix("metric:") for n in columns if n.startswith("metric:")]
    if not hints.direction:
        hints = replace(hints, direction=dict.fromkeys(metrics, "minimize"))
        listed = ", ".join(map(repr, metrics))
        taken = "is" if len(metrics) == 1 else "are"
        notes.insert(
            0, f"the table has no direction: {listed} {taken} taken to be minimized"
        )
    if unread:
        notes.append(f"columns that are not read: {', '.join(unread[:5])}")
    table = Table(FORMAT, given.source, columns, given.name)
    study = study_of_table(table, replace(hints, columns={}))
    return replace(
        study,
        trials=tuple(map(_with_reports, study.trials)),
        notes=(*notes, *study.notes),
    )


def _columns(table: Table) -> tuple[dict[str, Sequence[Any]], list[str], list[str]]:
    """Return the columns of the results schema, those not read, and notes."""
    columns: dict[str, Sequence[Any]] = {}
    reports: dict[int, Sequence[Any]] = {}
    unread: list[str] = []
    notes: list[str] = []
    for name, cells in table.columns.items():
        found = _NAMED.fullmatch(name)
        if name in _PLAIN:
            role, read = _PLAIN[name]
            columns[role] = [read(cell) for cell in cells]
        elif found is None:
            unread += [] if name in _INDEX | _OWN else [repr(name)]
        elif found[1] == "intermediate_values":
            reports[int(found[2])] = cells
        else:
            role = _role(found[1], found[2])
            is_parameter = found[1] == "params"
            columns[role] = _whole(found[2], cells, notes) if is_parameter else cells
    ends = table.columns.get("datetime_complete")
    if ends is not None and "started_at" in columns and "run_seconds" not in columns:
        columns["run_seconds"] = [
            _between(start, _local(end))
            for start, end in zip(columns["started_at"], ends, strict=True)
        ]
    if reports:
        columns[_REPORTS] = _by_row(reports)
    return columns, unread, notes


def _role(kind: str, name: str) -> str:
    """Return the column of the results schema for one of a dict's or a list's."""
    if kind in _ROLES:
        return f"{_ROLES[kind]}{name}"
    return f"metric:value_{name}" if name.isdigit() else f"metric:{name}"


def _is_missing(cell: Any) -> bool:
    return cell is None or cell != cell or cell == ""  # noqa: PLR0124 - NaN


def _whole(name: str, cells: Sequence[Any], notes: list[str]) -> list[Any]:
    """Return whole numbers as such where a frame has floats, since some lack them."""
    told = [cell for cell in cells if not _is_missing(cell)]
    try:
        numbers = {cell: float(cell) for cell in told if not isinstance(cell, bool)}
    except (TypeError, ValueError):
        return list(cells)
    is_whole = all(number.is_integer() for number in numbers.values())
    is_float = all(isinstance(c, float) or "." in str(c) for c in told)
    if not told or len(told) == len(cells) or not (is_whole and is_float):
        return list(cells)
    notes.append(f"{name!r} is taken for whole numbers: where it is missing, frames")
    notes[-1] += " keep them as floats"
    return [None if _is_missing(cell) else int(numbers[cell]) for cell in cells]


def _seconds(cell: Any) -> float | None:
    """Return a duration as a number, from one of pandas or the text of one."""
    if _is_missing(cell):
        return None
    if hasattr(cell, "total_seconds"):
        return float(cell.total_seconds())
    if isinstance(cell, (int, float)):
        return float(cell)
    match = _DURATION.fullmatch(str(cell).strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return 86400 * days + 3600 * hours + 60 * minutes + seconds


def _local(cell: Any) -> float | None:
    """Return a moment in Unix time; pandas takes a naive one for UTC."""
    if _is_missing(cell):
        return None
    if hasattr(cell, "to_pydatetime"):
        cell = cell.to_pydatetime(warn=False)
    if not isinstance(cell, dt.datetime):
        try:
            cell = dt.datetime.fromisoformat(str(cell))
        except ValueError:
            return None
    return float(cell.timestamp())


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(end - start, 0.0)


def _same(cell: Any) -> Any:
    return cell


_PLAIN: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "number": ("number", _same),
    "state": ("state", _same),
    "value": ("metric:value", _same),
    "datetime_start": ("started_at", _local),
    "duration": ("run_seconds", _seconds),
}
"""What each column becomes that is of no dict or list."""


def _by_row(reports: dict[int, Sequence[Any]]) -> list[list[list[float]]]:
    steps = sorted(reports)
    rows = zip(*(reports[step] for step in steps), strict=True)
    return [
        [
            [step, float(cell)]
            for step, cell in zip(steps, row, strict=True)
            if not _is_missing(cell)
        ]
        for row in rows
    ]


def _with_reports(trial: ForeignTrial) -> ForeignTrial:
    name = _REPORTS.removeprefix("attribute:")
    if name not in trial.attributes:
        return trial
    attributes = dict(trial.attributes)
    found: Iterable[Any] = attributes.pop(name)
    reports = tuple((int(step), float(value)) for step, value in found)
    return replace(trial, attributes=attributes, reports=reports)
