"""`hpbridge report`: the HTML page of studies that ran."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import FileOption, OverwriteOption, StoreOption


def report(
    output: FileOption,
    study: Annotated[
        list[str] | None,
        typer.Argument(metavar="STUDY...", help="Names or numbers of studies."),
    ] = None,
    comparison: Annotated[
        str | None,
        typer.Option("--comparison", "-c", help="A comparison's name or number."),
    ] = None,
    nemenyi: Annotated[
        bool,
        typer.Option(
            "--nemenyi",
            help="Group optimizers by Nemenyi's critical difference, not by "
            "Wilcoxon's test with Holm's correction.",
        ),
    ] = False,
    overwrite: OverwriteOption = False,
    store: StoreOption = None,
) -> None:
    """Write the self-contained HTML page of a comparison, or of single studies."""
    from hpbridge.cli.output import margin
    from hpbridge.engine.compare import Comparison, load_comparison
    from hpbridge.report.search import report as report_of
    from hpbridge.study import load_study

    if (comparison is None) == (not study):
        raise typer.BadParameter("give either studies or --comparison")  # noqa: EM101
    if comparison is not None:
        loaded = load_comparison(comparison, store)
    else:
        studies = tuple(load_study(name, store) for name in study or [])
        title = studies[0].name if len(studies) == 1 else f"{len(studies)} studies"
        loaded = Comparison(title, studies)
    if len(loaded.studies) == 1 and comparison is None and not nemenyi:
        report_of(loaded.studies[0]).to_html(output, overwrite=overwrite)
    else:
        loaded.report(output, overwrite=overwrite, nemenyi=nemenyi)
    margin().print(f"Wrote {output}.", markup=False)
