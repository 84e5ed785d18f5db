"""Write results in open formats: CSV, Parquet, JSON, a data frame.

The results schema, the same whoever ran a study; a row is a trial:

================ =====================================================================
column           holds
================ =====================================================================
study            name of the study
backend          as in ``optuna``
algorithm        as in ``tpe``
number           place in the order of asking, from 0
state            ``complete``, ``failed`` or ``pruned``
origin           ``asked``, ``baseline``, ``shared`` or ``imported``
param:NAME       value of a parameter, the label of a choice; nothing where inactive
metric:NAME      value of a metric, NaN and infinities too; nothing where not returned
error            what went wrong, one line; nothing where nothing did
seed             of the trial
tells_before     how many trials the optimizer had been told of when it was asked
told             place in the order of telling, from 0
worker           who ran it: ``main``, or a process by id
attempts         how often the objective ran
asked_at         Unix time in seconds
started_at       Unix time in seconds, of the objective
ask_seconds      of the optimizer
run_seconds      of the objective
tell_seconds     of the optimizer; nothing where the process died before it was noted
attribute:NAME   what the user noted with the trial, where any is noted: numbers, text,
                 and JSON for the rest (`hpbridge.store.attributes`)
================ =====================================================================

JSON holds more: the study with its space, bounds, options, settings, versions, machine
and attributes, and of each trial the reports, the traceback and what an imported trial
keeps of its library. Parquet has all of that which other tools of a study need in its
metadata, under ``hpbridge:study``. JSON is standard JSON: NaN and infinities
are the strings ``"nan"``, ``"inf"`` and ``"-inf"``; parameters that are inactive are
not there, so that a choice of None is not mistaken for one.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hpbridge.contract.numbers import standard
from hpbridge.errors import HpbridgeError
from hpbridge.formats.payload import PAYLOAD_KEY, bounds_of, pack_study
from hpbridge.store.record import STUDY_FIELDS, trial_to_json

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import pandas as pd

    from hpbridge.study import Study

RESULTS_SCHEMA = 1
"""Version of the results schema: the columns of `Study.rows`, and the keys in JSON."""


class ExportError(HpbridgeError, ValueError):
    """The results cannot be written that way."""

    @classmethod
    def no_folder(cls, path: Path) -> ExportError:
        """Return the error for a file in a folder that does not exist."""
        headline = f"{str(path)!r} cannot be written: its folder does not exist"
        return cls(headline, hint=f"`mkdir -p {path.parent}`")


def frame_of(
    rows: list[dict[str, Any]], columns: list[str] | None = None
) -> pd.DataFrame:
    """Return rows as a data frame; whole numbers stay whole where some are missing.

    Args:
        rows: As of `hpbridge.Study.rows`.
        columns: Their keys in order, for when there are no rows.

    Raises:
        ExportError: If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        headline = "A data frame needs pandas, which is not installed"
        hint = "`pip install 'hpbridge[pandas]'`"
        raise ExportError(headline, hint=hint) from error
    frame = pd.DataFrame(rows, columns=columns)
    for column in frame.columns:
        kinds = {type(row.get(column)) for row in rows}
        if kinds == {int, type(None)}:
            values = [row.get(column) for row in rows]
            frame[column] = pd.array(values, dtype="Int64" if _fits(values) else object)
    return frame


def export_study(study: Study, path: str | os.PathLike[str]) -> None:
    """Write a study's trials to a file, in the format that its ending names.

    Raises:
        ExportError: If the ending is unknown, or a package is missing.
    """
    target = Path(path)
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        headline = f"{str(target)!r} names no known format"
        hint = "end it in " + ", ".join(WRITERS)
        raise ExportError(headline, hint=hint)
    try:
        writer(study, target)
    except OSError as error:
        headline = f"{str(target)!r} cannot be written: {error.strerror or error}"
        hint = "choose a folder that exists and is writable"
        raise ExportError(headline, hint=hint) from error


def _fits(values: list[Any]) -> bool:
    return all(value is None or -(2**63) <= value < 2**63 for value in values)


def study_to_json(study: Study) -> dict[str, Any]:
    """Return everything about a study as standard JSON data."""
    of_study = {"study": study.name}
    of_study |= {"backend": study.backend, "algorithm": study.algorithm}
    data: dict[str, Any] = {"schema": RESULTS_SCHEMA}
    for field in STUDY_FIELDS:
        if field.is_shown:
            data[field.name] = field.to_json(getattr(study, field.name))
        if field.name == "metrics":
            data["bounds"] = bounds_of(study)
    data["trials"] = [of_study | trial_to_json(trial) for trial in study.trials]
    return cast("dict[str, Any]", standard(data))


def _write_json(study: Study, path: Path) -> None:
    text = json.dumps(study_to_json(study), indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _write_csv(study: Study, path: Path) -> None:
    with path.open(
        "w", newline="", encoding="utf-8", errors="backslashreplace"
    ) as file:
        writer = csv.DictWriter(file, study.columns)
        writer.writeheader()
        writer.writerows(study.rows())


def _write_parquet(study: Study, path: Path) -> None:
    rows, columns = study.rows(), study.columns
    for column in columns:
        _unify(rows, column)
    frame = frame_of(rows, columns)
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        headline = "Parquet needs pyarrow, which is not installed"
        hint = "`pip install 'hpbridge[pandas]'`"
        raise ExportError(headline, hint=hint) from error
    table = pa.Table.from_pandas(frame, preserve_index=False)
    # What a table has no place for: the space, directions, bounds, reports.
    rides = {PAYLOAD_KEY.encode(): json.dumps(pack_study(study)).encode()}
    metadata = {**(table.schema.metadata or {}), **rides}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def _unify(rows: list[dict[str, Any]], column: str) -> None:
    """Make the values of a column of one type, as Parquet wants it: else text."""
    values = [row[column] for row in rows]
    kinds = {type(value) for value in values} - {type(None)}
    is_number = kinds <= {int, float} and _fits([v for v in values if type(v) is int])
    if is_number or kinds in ({str}, {bool}):
        return
    for row in rows:
        row[column] = None if row[column] is None else str(row[column])


WRITERS: dict[str, Callable[[Study, Path], None]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".parquet": _write_parquet,
}
"""What writes a file, by its ending."""
