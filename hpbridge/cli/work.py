"""`hpbridge work`: run trials of a study that listens for workers."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from hpbridge.cli.arguments import DirectionOption, SpaceOption
from hpbridge.cli.codes import INTERRUPTED, OK
from hpbridge.cli.commanding import (
    BudgetOption,
    CommandOption,
    CwdOption,
    GraceOption,
    MetricOption,
    OkOption,
    ParamsOption,
    PrunedOption,
    ReportsOption,
)


def work(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    address: Annotated[
        str,
        typer.Argument(
            help="Where the study listens, as its driver http said: "
            "http://HOST:PORT, or HOST:PORT.",
        ),
    ],
    experiment: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE[:NAME]",
            help="The study's experiment: it runs from here, nothing is sent. Or none, "
            "with the study's --command.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", "-w", min=1, help="Trials at the same time.")
    ] = 1,
    token_file: Annotated[
        str | None,
        typer.Option(
            "--token-file",
            help="File with the study's token; else the environment's HPBRIDGE_TOKEN, "
            "or what a study of yours on this machine has made.",
        ),
    ] = None,
    space: SpaceOption = None,
    direction: DirectionOption = None,
    command: CommandOption = None,
    metric: MetricOption = None,
    params: ParamsOption = None,
    reports: ReportsOption = None,
    budget: BudgetOption = None,
    ok: OkOption = None,
    pruned: PrunedOption = None,
    grace: GraceOption = None,
    cwd: CwdOption = None,
) -> int:
    """Run trials of a study on another machine, until it is over.

    Workers join and leave as they like: a trial that one leaves behind runs again.
    """
    from hpbridge.cli.commanding import asked_of
    from hpbridge.cli.streams import say
    from hpbridge.remote.tokens import VARIABLE, given_token, own_token
    from hpbridge.remote.work import work as serve

    token = given_token(token_file) or own_token()
    os.environ.pop(VARIABLE, None)  # trials need not know it
    loaded = asked_of(locals()).experiment(is_quiet=True)
    why = serve(address, loaded, token=token, workers=workers)
    say(f"Left: {why}.")
    return INTERRUPTED if why == "SIGINT" else OK
