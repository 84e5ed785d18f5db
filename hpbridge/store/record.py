"""The record of studies and trials: every field of it, in one table each.

From `TRIAL_FIELDS` and `STUDY_FIELDS` are made the tables of the store, what is written
and read there, the columns of results, and the JSON data of exported studies. A new
field is one line here, with the version of the schema that adds it, and one in
`hpbridge.trial.FinishedTrial` or in `StudyRecord`.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from hpbridge.contract.resolving import ASKED
from hpbridge.space.space import Space
from hpbridge.store.fields import (
    BUDGET,
    COUNT,
    DATA,
    METRICS,
    NOTED,
    PATH,
    REPORTS,
    SECONDS,
    TEXT,
    Field,
    Form,
    Kind,
    one_of,
)
from hpbridge.store.settings import StudySettings
from hpbridge.trial import FinishedTrial, Origin, State

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNNING = "running"
"""State of a row whose trial was asked and has not ended (several workers only)."""
PAUSED = "paused"
"""State of a row whose trial has paused, and may go on; its reports are there."""


class Status(StrEnum):
    """How a study stands. The value is what the store and the exports hold."""

    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    """Its process was told to stop, or is gone."""
    FAILED = "failed"
    OPEN = "open"
    """Its loop is somebody's own, in several processes: asked and told by commands."""


def _main_value(trial: FinishedTrial) -> float | None:
    value = next(iter(trial.metrics.values()), math.nan)
    return value if math.isfinite(value) else None


def _of_stage(name: str, kind: Kind, form: Form) -> Field:
    return Field(
        name,
        kind,
        form=form,
        is_optional=True,
        is_shown=True,
        may_lack=True,
        is_seldom=True,
        since=4,
    )


TRIAL_FIELDS = (
    Field("number", Kind.INTEGER, is_shown=True),
    Field("state", Kind.NAME, 20, form=one_of(State), is_shown=True),
    Field("origin", Kind.NAME, 20, form=one_of(Origin), is_shown=True),
    # The first metric where it is finite, for SQL; `metrics` has everything.
    Field("value", Kind.REAL, is_optional=True, of=_main_value),
    Field("params", Kind.JSON, form=DATA),
    Field("metrics", Kind.JSON, form=METRICS),
    Field("reports", Kind.JSON, form=REPORTS, is_optional=True),
    Field("error", Kind.TEXT, form=TEXT, is_optional=True, is_shown=True),
    Field("traceback", Kind.TEXT, form=TEXT, is_optional=True),
    Field("seed", Kind.DIGITS, 40, is_shown=True),
    Field("tells_before", Kind.INTEGER, is_shown=True),
    Field("told", Kind.INTEGER, is_optional=True, is_shown=True),
    Field("worker", Kind.NAME, 100, is_shown=True),
    Field("attempts", Kind.INTEGER, is_shown=True),
    Field("asked_at", Kind.REAL, is_shown=True),
    Field(
        "started_at",
        Kind.REAL,
        form=SECONDS,
        is_optional=True,
        is_shown=True,
        may_lack=True,
    ),
    Field("ask_seconds", Kind.REAL, is_shown=True),
    Field(
        "run_seconds",
        Kind.REAL,
        form=SECONDS,
        is_optional=True,
        is_shown=True,
        may_lack=True,
    ),
    Field("tell_seconds", Kind.REAL, is_optional=True, is_shown=True),
    Field(
        "attributes", Kind.JSON, form=NOTED, is_optional=True, may_lack=True, since=2
    ),
    Field("native", Kind.JSON, form=NOTED, is_optional=True, may_lack=True, since=2),
    _of_stage("budget", Kind.REAL, BUDGET),
    *(_of_stage(name, Kind.INTEGER, COUNT) for name in ("bracket", "rung", "parent")),
)
"""The fields of a trial, in the order of the columns of a store and of results; those
that are not shown follow in JSON."""

KEPT_FIELDS = tuple(f for f in TRIAL_FIELDS if f.of is None)
"""The fields that a trial itself has."""

# In the order in which `cells_of` returns them.
_MADE = tuple(f for f in TRIAL_FIELDS if f.of is not None)
CHECKSUM = "checksum"
"""The column by which a trial knows that it comes back as it was written."""
COLUMNS = (*(f.name for f in (*KEPT_FIELDS, *_MADE)), CHECKSUM)

_values_of = attrgetter(*(f.name for f in KEPT_FIELDS))
_WRITTEN = [(k, f.to_cell) for k, f in enumerate(KEPT_FIELDS) if f.to_cell is not None]
_READ = [(f.name, f.of_cell) for f in KEPT_FIELDS]
_MAKERS = [f.of for f in _MADE if f.of is not None]
_PARAMS, _METRICS = (COLUMNS.index(name) for name in ("params", "metrics"))

# Of a trial that was asked for and has not ended: what its row has instead, and what
# is read for it.
_RUNNING_CELLS = {"state": RUNNING, "told": None}
_RUNNING_CELLS |= {"started_at": None, "run_seconds": None}
_PAUSED_CELLS = {"state": PAUSED, "told": None}
_UNENDED = {"state": State.FAILED.value, "told": 0, "metrics": "{}"}
_UNENDED |= {"started_at": 0.0, "run_seconds": 0.0}
_NOT_GONE_ON = {"state": State.PRUNED.value, "told": 0}


def cells_of(trial: FinishedTrial) -> list[Any]:
    """Return what the store holds of a trial, in the order of `COLUMNS`.

    Every trial of a fast objective pays for it, so that nothing is looked up here.
    """
    cells: list[Any] = list(_values_of(trial))
    for k, write in _WRITTEN:
        cells[k] = write(cells[k])
    cells += [make(trial) for make in _MAKERS]
    cells.append(checksum_of(cells[_PARAMS], cells[_METRICS]))
    return cells


def checksum_of(params: str, metrics: str) -> int:
    """Return what `CHECKSUM` holds: CRC-32, less 2**31, of the two as JSON text."""
    return zlib.crc32(f"{params}{metrics}".encode()) - 2**31


def running_cells_of(trial: FinishedTrial) -> list[Any]:
    """Return what the store holds of a trial that has not ended; see `cells_of`."""
    return _with(cells_of(trial), _RUNNING_CELLS)


def paused_cells_of(trial: FinishedTrial) -> list[Any]:
    """Return what the store holds of a trial that has paused; see `cells_of`."""
    return _with(cells_of(trial), _PAUSED_CELLS)


def _with(cells: list[Any], others: Mapping[str, Any]) -> list[Any]:
    for name, cell in others.items():
        cells[COLUMNS.index(name)] = cell
    return cells


def trial_of(row: Mapping[str, Any], space: Space) -> FinishedTrial:
    """Return the trial behind a row of the store.

    Args:
        row: Of a trial that ended; or of one that runs, which is as if it had failed at
            once; or of one that has paused, which is as if it was pruned there.
        space: Whose objects the choices become.
    """
    cells = row
    if row["told"] is None:
        cells = {**row, **(_NOT_GONE_ON if row["state"] == PAUSED else _UNENDED)}
    read = {
        name: cells[name] if load is None else load(cells[name]) for name, load in _READ
    }
    return FinishedTrial(values=space.to_objects(read["params"]), **read)


def trial_to_json(trial: FinishedTrial) -> dict[str, Any]:
    """Return a trial as JSON data: what is shown, then the rest."""
    shown = sorted(KEPT_FIELDS, key=lambda field: not field.is_shown)
    values = ((f, getattr(trial, f.name)) for f in shown)
    return {f.name: f.to_json(v) for f, v in values if not (f.is_seldom and v is None)}


STUDY_FIELDS = (
    Field("id", Kind.INTEGER),
    # Room for the number that a name gets when it is taken.
    Field("name", Kind.NAME, 200, most=190, is_shown=True),
    Field("experiment", Kind.NAME, 200, most=200, is_shown=True),
    Field("reference", Kind.TEXT, form=PATH),
    Field("backend", Kind.NAME, 100, is_shown=True),
    Field("algorithm", Kind.NAME, 100, is_shown=True),
    Field("seed", Kind.DIGITS, 40, is_shown=True),
    Field("options", Kind.JSON, form=DATA, is_shown=True),
    Field("space", Kind.JSON, form=Form(Space.to_json, Space.from_json), is_shown=True),
    Field("metrics", Kind.JSON, form=DATA, is_shown=True),
    Field(
        "settings",
        Kind.JSON,
        form=Form(StudySettings.to_json, StudySettings.from_json),
        is_shown=True,
    ),
    Field("versions", Kind.JSON, form=DATA, is_shown=True),
    Field("machine", Kind.JSON, form=DATA, is_shown=True),
    Field("notes", Kind.JSON, form=Form(list, tuple), is_shown=True),
    Field("comparison_id", Kind.INTEGER, is_optional=True),
    Field("status", Kind.NAME, 20, form=one_of(Status), is_shown=True),
    Field("stop_reason", Kind.TEXT, is_optional=True, is_shown=True),
    Field("created_at", Kind.REAL, is_shown=True),
    Field("updated_at", Kind.REAL),
    Field(
        "attributes", Kind.JSON, form=NOTED, is_optional=True, is_shown=True, since=2
    ),
    Field("native", Kind.JSON, form=NOTED, is_optional=True, is_shown=True, since=2),
)
"""The fields of a study, in the order of the columns of a store and of JSON."""


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """What the store holds of a study, but for its trials.

    Attributes:
        id: In its store; 0 outside of one.
        reference: ``file.py:name`` or ``module:name`` of the experiment, where known.
        algorithm: Empty when the source of an imported study does not say.
        seed: None when the source of an imported study does not say.
        space: As it was searched. Read from a store, its choices are their labels.
        metrics: Direction by metric, in order; the first one is the main one.
        versions: Of Python, hpbridge, the plugin and every library involved.
        notes: What was said before and while it ran: what could not be taken, say.
        status: ``running``, ``finished``, ``interrupted`` or ``failed``.
        stop_reason: Why it ended before its budget was used up, if it did.
    """

    id: int = 0
    name: str
    experiment: str
    reference: str = ""
    backend: str
    algorithm: str
    seed: int | None
    options: Mapping[str, Any]
    space: Space
    metrics: Mapping[str, str]
    settings: StudySettings
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    comparison_id: int | None = None
    status: Status = Status.RUNNING
    stop_reason: str | None = None
    created_at: float = 0.0
    """Unix time, seconds."""
    updated_at: float = 0.0
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What the user noted with the study: JSON data."""
    native: Mapping[str, Any] = field(default_factory=dict)
    """The state that the library of an imported study kept: JSON data."""

    @property
    def label(self) -> str:
        """How it is called among others: as it was asked for, or by its optimizer."""
        asked = self.attributes.get(ASKED)
        return asked if asked and isinstance(asked, str) else self.optimizer

    @property
    def optimizer(self) -> str:
        """Backend and algorithm, as in ``optuna:tpe``."""
        return f"{self.backend}:{self.algorithm}" if self.algorithm else self.backend


_STUDY_CELLS = {f.name: f.to_cell for f in STUDY_FIELDS}
_STUDY_TYPES = [(f.name, f.cell_types, f.longest_cell) for f in STUDY_FIELDS]
_STUDY_READ = [(f.name, f.of_cell) for f in STUDY_FIELDS]


def study_cells(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the store holds of values of a study's fields."""
    return {
        name: value if (write := _STUDY_CELLS[name]) is None else write(value)
        for name, value in values.items()
    }


def row_of(study: StudyRecord) -> dict[str, Any]:
    """Return the row of a study that is not in the store yet."""
    values = {f.name: getattr(study, f.name) for f in STUDY_FIELDS if f.name != "id"}
    return study_cells(values)


def study_record(row: Mapping[str, Any]) -> StudyRecord:
    """Return what a row of the store says of a study."""
    for name, types, longest in _STUDY_TYPES:
        cell = row[name]
        if type(cell) not in types or (longest and len(cell or "") > longest):
            msg = f"its {name} cannot be {cell!r:.80}"
            raise ValueError(msg)
    read = {
        name: row[name] if load is None else load(row[name])
        for name, load in _STUDY_READ
    }
    ways = {*read["metrics"].values()}
    if not ways or not ways <= {"minimize", "maximize"}:
        msg = f"its metrics cannot be {read['metrics']!r:.80}"
        raise ValueError(msg)
    return StudyRecord(**read)


@dataclass(frozen=True)
class TrialRecords:
    """The trials of a study, by number.

    Attributes:
        finished: Those that ended.
        running: Those that were asked for and have not ended, nor paused.
        paused: Those that have paused, and may go on.
    """

    finished: tuple[FinishedTrial, ...] = ()
    running: tuple[FinishedTrial, ...] = ()
    paused: tuple[FinishedTrial, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ComparisonRecord:
    """What the store holds of a comparison, but for its studies.

    Attributes:
        settings: JSON text of what was asked for, by which it is found to go on.
    """

    id: int = 0
    name: str
    experiment: str
    created_at: float
    settings: str
