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
budget           how far it went, where the experiment has a budget
bracket, rung    of an optimizer that chooses budgets: where the trial stands there
parent           number of the trial that it went on from
attribute:NAME   what the user noted with the trial, where any is noted: numbers, text,
                 and JSON for the rest (`hpbridge.store.attributes`)
================ =====================================================================

JSON holds more: the study with its space, bounds, options, settings, versions, machine
and attributes, and of each trial the reports, the traceback and what an imported trial
keeps of its library. Parquet has all of that which other tools of a study need in its
metadata, under ``hpbridge:study``. JSON is standard JSON: NaN and infinities
are the strings ``"nan"``, ``"inf"`` and ``"-inf"``, in attributes
``{"hpbridge:number": "inf"}``; parameters that are inactive are
not there, so that a choice of None is not mistaken for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hpbridge.contract.numbers import standard
from hpbridge.errors import HpbridgeError
from hpbridge.formats.payload import bounds_of
from hpbridge.store.record import STUDY_FIELDS, trial_to_json

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from hpbridge.study import Study

RESULTS_SCHEMA = 1
"""Version of the results schema: the columns of `Study.rows`, and the keys in JSON."""


class ExportError(HpbridgeError, ValueError):
    """The results cannot be written that way."""

    @classmethod
    def unwritable(cls, path: Path, problem: str, hint: str) -> ExportError:
        """Return the error for a file that cannot be written, and why."""
        return cls(f"{str(path)!r} cannot be written: {problem}", hint=hint)


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
    try:
        frame = pd.DataFrame(rows, columns=columns)
    except UnicodeEncodeError:  # Arrow, which pandas keeps text in, knows UTF-8 only
        frame = _frame_of_objects(rows, columns or list(rows[0]))
    for column in frame.columns:
        kinds = {type(row.get(column)) for row in rows}
        if kinds == {int, type(None)}:
            values = [row.get(column) for row in rows]
            frame[column] = pd.array(
                values, dtype="Int64" if fits_64_bits(values) else object
            )
    return frame


def _frame_of_objects(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """Return a data frame whose text is Python's own, which may be no UTF-8."""
    import pandas as pd

    cells = {column: [row.get(column) for row in rows] for column in columns}
    frame = pd.DataFrame(
        {
            place: pd.Series(
                values,
                dtype=object if any(isinstance(v, str) for v in values) else None,
            )
            for place, values in enumerate(cells.values())
        }
    )
    frame.columns = pd.Index(columns, dtype=object)
    return frame


def fits_64_bits(values: list[Any]) -> bool:
    """Say whether whole numbers, or None, all fit into a column of them."""
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
