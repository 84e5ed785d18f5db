"""A table of trials: one row each, and which column holds what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import ForeignStudy, ForeignTrial
from hpbridge.errors import FormatError, count, nearest
from hpbridge.formats.cells import (
    NONE_CHOICE,
    duration_of,
    number_of,
    plain_cell,
    seconds_of,
    state_of,
)
from hpbridge.formats.columns import Columns
from hpbridge.formats.quoting import unquoted, unquoted_column
from hpbridge.formats.trials import FOREIGN_FIELDS, placed
from hpbridge.space.categorical import Categorical
from hpbridge.store.attributes import PREFIX, from_cell
from hpbridge.store.fields import Kind
from hpbridge.study import RESULT_COLUMNS
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hpbridge.contract.foreign import Hints
    from hpbridge.space.space import Space
    from hpbridge.store.fields import Field

_FIELDS = ("number", *(f.name for f in FOREIGN_FIELDS if f.is_shown), "study")
_ALSO_OURS = tuple(name for name in RESULT_COLUMNS if name not in _FIELDS)
"""Columns of the results schema that say how a study was run; nothing to import."""
_KINDS = ("param:", "metric:", PREFIX)
_OF_STAGES = {f.name: f for f in FOREIGN_FIELDS if f.is_seldom}
_MOST_NAMED = 5

HINT = "`--column param:NAME=COLUMN --column metric:NAME=COLUMN` says what is what"


@dataclass
class Table:
    """Columns by name, all of one length; a cell is text, a value, or None."""

    form: str
    source: object
    columns: Mapping[str, Sequence[Any]]
    name: str

    def unreadable(self, problems: Sequence[str], hint: str = HINT) -> FormatError:
        """Return the error for a table with these problems."""
        return FormatError.unreadable(self.form, self.source, problems, hint)


def study_of_table(table: Table, hints: Hints) -> ForeignStudy:
    """Return the study in a table.

    Args:
        table: With the columns of the results schema, or with those that
            ``hints.columns`` names for it.
        hints: Their space, where there is one, says of which type the values are.

    Raises:
        FormatError: With everything that is wrong with the columns and their cells.
    """
    roles = _roles_of(table, hints)
    rows = _rows_of_study(table, roles, hints)
    columns = {
        role: [table.columns[column][row] for row in rows]
        for role, column in roles.items()
    }
    found = _Trials(columns, rows, hints.space, roles)
    metrics = _directions(found.metrics, hints, table)
    if found.read.problems:
        hint = f"{HINT}; --space says what a parameter is"
        raise table.unreadable(found.read.problems, hint)
    trials = [found.trial(k, list(metrics)) for k in range(len(rows))]
    kept = [trial for trial in trials if trial is not None]
    numbers = [n for n, trial in zip(found.numbers, trials, strict=True) if trial]
    name = hints.name or _only(columns.get("study", [])) or table.name
    return ForeignStudy(
        name=str(name),
        trials=placed(kept, numbers),
        metrics=metrics,
        space=hints.space,
        notes=(
            *_notes(table, roles, hints, metrics, len(trials) - len(kept)),
            *found.read.notes,
        ),
    )


def _only(cells: Sequence[Any]) -> Any:
    values = {unquoted(str(cell)) for cell in cells if cell}
    return values.pop() if len(values) == 1 else None


def _is_role(name: object) -> bool:
    text = str(name)
    return text in _FIELDS or any(
        text.startswith(kind) and text != kind for kind in _KINDS
    )


def _roles_of(table: Table, hints: Hints) -> dict[str, str]:
    """Return the column of each role: as the header says, and as the user says."""
    roles = {unquoted_column(name): name for name in table.columns if _is_role(name)}
    if not _of_kind(roles, "param:"):  # it is none of ours, and the words mean others
        roles = {r: name for r, name in roles.items() if r not in _OF_STAGES}
    roles |= dict(hints.columns)
    if hints.space is not None and not _of_kind(roles, "param:"):
        roles |= {f"param:{n}": n for n in hints.space.searched if n in table.columns}
    if not _of_kind(roles, "metric:"):
        roles |= {f"metric:{m}": m for m in hints.direction if m in table.columns}
    problems = [
        f"{role!r} is nothing that a trial has; {_meant(role)}"
        for role in roles
        if not _is_role(role)
    ]
    problems += [
        f"there is no column {column!r} for {role!r}; {nearest(column, table.columns)}"
        for role, column in roles.items()
        if column not in table.columns
    ]
    problems += [
        f"no column is a {what}; there are the columns {_named(table.columns)}"
        for kind, what in (("param:", "parameter"), ("metric:", "metric"))
        if not _of_kind(roles, kind)
    ]
    if hints.space is not None:
        problems += [
            f"the space has no parameter {name!r}; {nearest(name, hints.space)}"
            for name in _of_kind(roles, "param:")
            if name not in hints.space
        ]
    problems += [
        f"no column is the metric {metric!r}; "
        f"{nearest(metric, _of_kind(roles, 'metric:'))}"
        for metric in hints.direction
        if metric not in _of_kind(roles, "metric:")
    ]
    if problems:
        raise table.unreadable(problems)
    return roles


def _meant(role: str) -> str:
    name = role.partition(":")[2] or "NAME"
    return nearest(role, [*_FIELDS, *(f"{kind}{name}" for kind in _KINDS)])


def _named(names: Sequence[str] | Mapping[str, Any]) -> str:
    listed = [repr(str(name)) for name in names]
    more = [] if len(listed) <= _MOST_NAMED else ["..."]
    return ", ".join(listed[:_MOST_NAMED] + more)


def _of_kind(roles: Iterable[str], kind: str) -> list[str]:
    return [role.removeprefix(kind) for role in roles if role.startswith(kind)]


def _rows_of_study(table: Table, roles: Mapping[str, str], hints: Hints) -> list[int]:
    """Return the rows of one study, in the order of its trials."""
    n_rows = len(next(iter(table.columns.values()), ()))
    rows = list(range(n_rows))
    if "study" in roles:
        of_row = [unquoted(str(cell)) for cell in table.columns[roles["study"]]]
        names = list(dict.fromkeys(of_row))
        wanted = hints.name
        if len(names) > 1 and wanted not in names:
            said = "no name says which" if wanted is None else f"none is {wanted!r}"
            problem = f"it holds {len(names)} studies, and {said}: {_named(names)}"
            raise table.unreadable([problem], "`--study NAME` says which one")
        if wanted is not None and wanted not in names:
            problem = f"it holds the study {names[0]!r}, not {wanted!r}"
            raise table.unreadable([problem], "leave `--study` out, or give that name")
        if len(names) > 1:
            rows = [row for row in rows if of_row[row] == wanted]
    if not rows:
        raise table.unreadable(["it has no row"], "export a study that has a trial")
    if "number" in roles:
        cells = [table.columns[roles["number"]][row] for row in rows]
        numbers = Columns({"number": cells}).parameter("number")
        if all(type(n) in {int, float} for n in numbers):
            rows = [row for _, row in sorted(zip(numbers, rows, strict=True))]
    return rows


def _directions(metrics: list[str], hints: Hints, table: Table) -> dict[str, str]:
    if not hints.direction:
        return {metrics[0]: "minimize"}
    known = ("minimize", "maximize")
    problems = [
        f"direction of {metric!r} is {way!r}; {nearest(str(way), known)}"
        for metric, way in hints.direction.items()
        if way not in known
    ]
    if problems:
        raise table.unreadable(problems, "`--direction METRIC=minimize`")
    return dict(hints.direction)


def _notes(
    table: Table,
    roles: Mapping[str, str],
    hints: Hints,
    metrics: Mapping[str, str],
    n_running: int,
) -> Iterator[str]:
    if not hints.direction:
        metric = next(iter(metrics))
        yield f"the table has no direction: {metric!r} is taken to be minimized"
    used = {*roles.values(), *(c for c in _ALSO_OURS if "state" in table.columns)}
    unread = [name for name in table.columns if name not in used]
    if unread:
        are = "is" if len(unread) == 1 else "are"
        yield f"{count(len(unread), 'column')} {are} not read: {_named(unread)}"
    if n_running:
        yield f"{n_running} trials that had not ended are left out"


def _is_measured(role: str) -> bool:
    known = {"state", "started_at", "run_seconds", "number", *_OF_STAGES}
    return role in known or role.startswith(("param:", "metric:"))


def _whole_of(cell: Any) -> int | None:
    number = number_of(cell)
    if number is None or math.isnan(number):
        return None
    if not number.is_integer():
        msg = "is not whole"
        raise ValueError(msg)
    return int(number)


def _stage_reader(field: Field) -> Callable[[Any], Any]:
    def read(cell: Any) -> Any:
        if field.kind is Kind.INTEGER:
            return _whole_of(cell)
        number = number_of(cell)
        is_none = number is None or math.isnan(number)
        return None if is_none else field.of_json(number)

    return read


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell)


class _Trials:
    """The trials of a study, read from columns by role."""

    def __init__(
        self,
        columns: Mapping[str, list[Any]],
        rows: list[int],
        space: Space | None,
        roles: Mapping[str, str],
    ) -> None:
        self._space = space
        self._columns = columns
        self.metrics = _of_kind(columns, "metric:")
        self.read = read = Columns(
            {
                role: cells
                for role, cells in columns.items()
                if _is_measured(role) and (role != "number" or "parent" in columns)
            },
            roles,
            rows,
        )
        self._values = {m: read.numbers(f"metric:{m}") for m in self.metrics}
        self._params = {
            name: read.parameter(
                f"param:{name}", None if space is None else space.get(name)
            )
            for name in _of_kind(columns, "param:")
        }
        self._states = read.read("state", state_of, "is no state of a trial")
        self._starts = read.read("started_at", seconds_of, "is no moment")
        wrong = "is no number of seconds"
        self._seconds = read.numbers("run_seconds", duration_of, wrong)
        self._stages = {
            name: read.numbers(name, _stage_reader(field), "is none of a trial")
            for name, field in _OF_STAGES.items()
        }
        self.numbers = self._numbers(len(rows))

    def trial(self, k: int, objectives: list[str]) -> ForeignTrial | None:
        """Return one trial; None where it has not ended."""
        state = self._at(self._states, k)
        if state == "running":
            return None
        found = {m: self._at(self._values[m], k) for m in self.metrics}
        metrics = {m: value for m, value in found.items() if value is not None}
        lacking = [m for m in objectives if math.isnan(metrics.get(m, math.nan))]
        error = self._error(k)
        if state is None or (state is State.COMPLETE and lacking):
            state = State.FAILED if lacking else State.COMPLETE
            if lacking and error is None and self._states is not None:
                error = f"it has no value of {lacking[0]!r}"
        return ForeignTrial(
            state=state,
            params=self._point(k),
            metrics=metrics,
            error=error,
            started_at=self._at(self._starts, k),
            run_seconds=self._at(self._seconds, k),
            **{name: self._at(column, k) for name, column in self._stages.items()},
            attributes={
                name: from_cell(plain_cell(cell))
                for name in _of_kind(self._columns, PREFIX)
                if not _is_empty(cell := self._columns[f"{PREFIX}{name}"][k])
            },
        )

    def _numbers(self, n_trials: int) -> list[Any]:
        """Return what the trials are called by others, which went on from them."""
        if self._stages["parent"] is None:
            return list(range(n_trials))
        numbers = self.read.numbers("number", _whole_of, "is no number of a trial")
        return list(range(n_trials)) if numbers is None else numbers

    @staticmethod
    def _at(values: list[Any] | None, k: int) -> Any:
        return None if values is None else values[k]

    def _error(self, k: int) -> str | None:
        cell = plain_cell(self._at(self._columns.get("error"), k))
        return None if _is_empty(cell) else unquoted(str(cell))

    def _point(self, k: int) -> dict[str, Any]:
        point = {n: cells[k] for n, cells in self._params.items()}
        space = self._space
        if space is None:
            known = {n: v for n, v in point.items() if v is not None}
            return {n: None if v is NONE_CHOICE else v for n, v in known.items()}
        active: dict[str, Any] = {}
        for name, parameter in space.searched.items():
            value = None if point.get(name) is NONE_CHOICE else point.get(name)
            # An empty cell is a choice of None where the parameter is active.
            is_none = isinstance(parameter, Categorical) and None in parameter.labels
            is_given = name in point and is_none and space.is_active(name, active)
            if value is not None or is_given:
                active[name] = value
        return active
