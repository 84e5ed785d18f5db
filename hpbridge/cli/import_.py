"""`hpbridge import`: an existing study, from any tool, into the store."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import (
    DefaultOption,
    DirectionOption,
    JsonOption,
    StoreOption,
    TrustSizeOption,
    WithoutOption,
)


def import_(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A file, a folder or a database URL."),
    ],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="As `hpbridge formats` lists them; recognized by default.",
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option("--study", help="Which one, of a source that holds several."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of the study in the store.")
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            "--space",
            metavar="FILE:NAME",
            help="The space of a source that does not hold it.",
        ),
    ] = None,
    direction: DirectionOption = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="FIELD=COLUMN",
            help="Of a table: param:lr=learning_rate, metric:loss=val_loss, ...",
        ),
    ] = None,
    default: DefaultOption = None,
    without: WithoutOption = None,
    trust_size: TrustSizeOption = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Import an existing study of any tool; nothing in a file is executed."""
    import hpbridge
    from hpbridge.cli.arguments import read_direction, read_pairs
    from hpbridge.cli.output import print_json, print_study, study_summary
    from hpbridge.contract.references import load_object

    imported = hpbridge.import_study(
        source,
        store,
        save_as=name,
        format=form,
        name=study,
        space=None if space is None else load_object(space)[0],
        direction=read_direction(direction),
        columns=read_pairs("--column", column),
        defaults=read_pairs("--default", default),
        without=without or (),
        trust_size=trust_size,
    )
    if json:
        print_json(study_summary(imported))
    else:
        print_study(imported)
