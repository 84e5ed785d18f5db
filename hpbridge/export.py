"""Write results in open formats: CSV, Parquet, JSON, a data frame."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.errors import HpbridgeError, compose

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import pandas as pd

    from hpbridge.study import Study

SCHEMA_VERSION = 1
"""Version of the results schema: the columns of `Study.rows`."""


class ExportError(HpbridgeError, ValueError):
    """The results cannot be written that way."""

    @classmethod
    def no_folder(cls, path: Path) -> ExportError:
        """Return the error for a file in a folder that does not exist."""
        headline = f"{str(path)!r} cannot be written: its folder does not exist"
        return cls(compose(headline, hint=f"`mkdir -p {path.parent}`"))


def frame_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a data frame.

    Raises:
        ExportError: If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        headline = "A data frame needs pandas, which is not installed"
        hint = "`pip install 'hpbridge[pandas]'`"
        raise ExportError(compose(headline, hint=hint)) from error
    return pd.DataFrame(rows)


def export_study(study: Study, path: str | os.PathLike[str]) -> None:
    """Write a study's trials to a file, in the format that its ending names.

    Raises:
        ExportError: If the ending is unknown, or a package is missing.
    """
    target = Path(path)
    writer = _WRITERS.get(target.suffix.lower())
    if writer is None:
        headline = f"{str(target)!r} names no known format"
        hint = "end it in " + ", ".join(_WRITERS)
        raise ExportError(compose(headline, hint=hint))
    try:
        writer(study, target)
    except OSError as error:
        headline = f"{str(target)!r} cannot be written: {error.strerror or error}"
        hint = "choose a folder that exists and is writable"
        raise ExportError(compose(headline, hint=hint)) from error


def study_to_json(study: Study) -> dict[str, Any]:
    """Return everything about a study as standard JSON data."""
    return {
        "schema": SCHEMA_VERSION,
        "name": study.name,
        "experiment": study.experiment,
        "backend": study.backend,
        "algorithm": study.algorithm,
        "seed": study.seed,
        "options": study.options,
        "space": study.space.to_json(),
        "metrics": study.metrics,
        "settings": study.settings,
        "versions": study.versions,
        "machine": study.machine,
        "notes": list(study.notes),
        "status": study.status,
        "stop_reason": study.stop_reason,
        "created_at": study.created_at,
        "trials": [
            {
                **{k: v for k, v in row.items() if ":" not in k},
                "params": dict(trial.params),
                "metrics": {k: _finite(v) for k, v in trial.metrics.items()},
                "reports": [[step, _finite(v)] for step, v in trial.reports],
                "traceback": trial.traceback,
            }
            for row, trial in zip(study.rows(), study.trials, strict=True)
        ],
    }


def _finite(value: float) -> float | str:
    # Standard JSON has no NaN and no infinities.
    return value if math.isfinite(value) else repr(value)


def _write_json(study: Study, path: Path) -> None:
    text = json.dumps(study_to_json(study), indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _write_csv(study: Study, path: Path) -> None:
    rows = study.rows()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["study", "number"])
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(study: Study, path: Path) -> None:
    rows = study.rows()
    # A column of Parquet has one type; choices of several types go as text.
    for column in rows[0] if rows else ():
        kinds = {type(row[column]) for row in rows} - {type(None)}
        if len(kinds) > 1 and kinds != {int, float}:
            for row in rows:
                row[column] = None if row[column] is None else str(row[column])
    frame = frame_of(rows)
    try:
        frame.to_parquet(path, index=False)
    except ImportError as error:
        headline = "Parquet needs pyarrow, which is not installed"
        hint = "`pip install 'hpbridge[pandas]'`"
        raise ExportError(compose(headline, hint=hint)) from error


_WRITERS: dict[str, Callable[[Study, Path], None]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".parquet": _write_parquet,
}
