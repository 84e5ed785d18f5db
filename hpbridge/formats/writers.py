"""Write a study to a file: whole or not at all.

There are two doors. ``Study.export(path)`` takes the form from the file's ending,
`write_study` takes it by name and says what is lost. Neither replaces what is there
unless it is told to. Behind both are the same writers.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.builtin import FORMATS
from hpbridge.errors import FormatError
from hpbridge.formats.cells import NONE_CHOICE, parse_column
from hpbridge.formats.export import (
    ExportError,
    fits_64_bits,
    frame_of,
    study_to_json,
)
from hpbridge.formats.losses import losses_of
from hpbridge.formats.numerals import NumeralsError
from hpbridge.formats.payload import PAYLOAD_KEY, pack_study
from hpbridge.formats.quoting import quoted, quoted_column
from hpbridge.formats.whole_file import whole_file
from hpbridge.space.categorical import Categorical
from hpbridge.store.attributes import PREFIX, is_storable

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from hpbridge.study import Study


def export_study(
    study: Study, path: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write a study to a file, in the format that its ending names.

    Raises:
        ExportError: If the ending is unknown, a package is missing, or there is such
            a file and `overwrite` is not set.
    """
    target = Path(path)
    form = target.suffix.lower().removeprefix(".")
    if form not in _WRITERS:
        headline = f"{str(target)!r} names no known format"
        hint = "end it in " + ", ".join(f".{name}" for name in _WRITERS)
        raise ExportError(headline, hint=hint)
    try:
        with whole_file(form, target, overwrite=overwrite) as part:
            _WRITERS[form](study, part)
    except FormatError as error:
        raise ExportError.unwritable(target, error.reasons[0], error.hint) from error


def write_json(study: Study, target: str) -> tuple[str, ...]:
    """Write a study as JSON to a file that does not exist; return what is lost."""
    return _write("json", study, target)


def write_parquet(study: Study, target: str) -> tuple[str, ...]:
    """Write a study as Parquet to a file that does not exist; return what is lost."""
    return _write("parquet", study, target)


def _write(form: str, study: Study, target: str) -> tuple[str, ...]:
    holds = next(each.holds for each in FORMATS if each.name == form)
    with whole_file(form, Path(target)) as part:
        _WRITERS[form](study, part)
    return losses_of(study, form, holds)


def write_csv(study: Study, target: str) -> tuple[str, ...]:
    """Write a study as CSV to a file that does not exist; return what is lost.

    That is also which choices text does not tell apart.
    """
    return _write("csv", study, target) + tuple(
        f"csv holds the choices {list(p.labels)!r} of {name!r} as text; "
        "give the space to read them back"
        for name, p in study.space.searched.items()
        if isinstance(p, Categorical) and _is_ambiguous(p)
    )


def _is_ambiguous(parameter: Categorical) -> bool:
    """Say whether labels come back otherwise from a column of text."""
    try:
        back = parse_column([quoted(str(label)) for label in parameter.labels])
    except NumeralsError:
        return True
    labels = [NONE_CHOICE if label is None else label for label in parameter.labels]
    pairs = zip(back, labels, strict=True)
    return any(type(a) is not type(b) or a != b for a, b in pairs)


def _to_json(study: Study, path: Path) -> None:
    text = json.dumps(study_to_json(study), indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _to_csv(study: Study, path: Path) -> None:
    columns = study.columns
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(map(quoted_column, columns))
        for row, trial in zip(study.rows(), study.trials, strict=True):
            # As text a choice of None is told from a parameter that is inactive.
            none = {f"param:{n}": "None" for n, v in trial.params.items() if v is None}
            cells = row | none
            writer.writerow([_cell_of_text(name, cells[name]) for name in columns])


def _cell_of_text(column: str, cell: Any) -> Any:
    # An attribute is quoted already, where it has to be.
    is_text = isinstance(cell, str) and not column.startswith(PREFIX)
    return quoted(cell) if is_text else cell


def _to_parquet(study: Study, path: Path) -> None:
    rows, columns = study.rows(), study.columns
    for column in columns:
        _unify(rows, column)
    rows = [
        {quoted_column(n): _in_utf8(cell) for n, cell in row.items()} for row in rows
    ]
    frame = frame_of(rows, [*map(quoted_column, columns)])
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


def _in_utf8(cell: Any) -> Any:
    is_storable_text = not isinstance(cell, str) or is_storable(cell)
    return cell if is_storable_text else quoted(cell)


def _unify(rows: list[dict[str, Any]], column: str) -> None:
    """Make the values of a column of one type, as Parquet wants it: else text."""
    values = [row[column] for row in rows]
    kinds = {type(value) for value in values} - {type(None)}
    is_number = kinds <= {int, float} and fits_64_bits(
        [v for v in values if type(v) is int]
    )
    if is_number or kinds in ({str}, {bool}):
        return
    for row in rows:
        row[column] = None if row[column] is None else str(row[column])


_WRITERS: dict[str, Callable[[Study, Path], None]] = {
    "csv": _to_csv,
    "json": _to_json,
    "parquet": _to_parquet,
}
"""What writes a file, by the name of the format, which is the file's ending too."""
