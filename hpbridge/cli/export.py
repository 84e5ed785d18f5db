"""`hpbridge export`: a study in an open format, or where another tool reads it."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import OverwriteOption, StoreOption, StudyArg

_ENDINGS = {".csv": "csv", ".json": "json", ".parquet": "parquet"}


def export(
    study: StudyArg,
    target: Annotated[str, typer.Argument(metavar="FILE|URL", help="What to write.")],
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="As `hpbridge formats` lists them; by default by the file's ending.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    salvage: Annotated[
        bool,
        typer.Option("--salvage", help="Of a damaged study, write what can be read."),
    ] = False,
    store: StoreOption = None,
) -> None:
    """Write a study to a file or a database that other tools read."""
    from pathlib import Path

    from hpbridge.cli.output import margin
    from hpbridge.formats.studies import write_study
    from hpbridge.study import load_study

    loaded = load_study(study, store, salvage=salvage)
    if salvage:
        margin().print(f"Note: {loaded.notes[-1]}", markup=False)
    if to is None and Path(target).suffix.lower() in _ENDINGS:
        to = _ENDINGS[Path(target).suffix.lower()]
    if to is None:
        loaded.export(target, overwrite=overwrite)  # says which endings there are
        return
    notes = write_study(loaded, target, to, overwrite=overwrite)
    out = margin()
    for note in notes:
        out.print(f"Note: {note}", markup=False)
    out.print(f"Wrote {len(loaded.trials)} trials to {target}.", markup=False)
