"""`hpbridge export`: a study in an open format."""

from __future__ import annotations

from hpbridge.cli.arguments import FileOption, StoreOption, StudyArg


def export(study: StudyArg, output: FileOption, store: StoreOption = None) -> None:
    """Write a study's trials to a .csv, .parquet or .json file."""
    from hpbridge.cli.output import margin
    from hpbridge.study import load_study

    loaded = load_study(study, store)
    loaded.export(output)
    margin().print(f"Wrote {len(loaded.trials)} trials to {output}.", markup=False)
