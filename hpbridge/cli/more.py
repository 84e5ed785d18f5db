"""`hpbridge more`: let a study that runs elsewhere run more trials."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import JsonOption, StoreOption, StudyArg


def more(
    study: StudyArg,
    n: Annotated[int, typer.Argument(metavar="N", help="So many trials more.", min=1)],
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Let a study that runs in another shell run so many trials more."""
    from hpbridge.cli.output import print_json, screen
    from hpbridge.engine.requests import more as more_trials

    has_heard = more_trials(study, n, store=store)
    if json:
        print_json({"study": study, "heard": has_heard})
        return
    when = f"runs {n} trials more"
    later = f"will hear of it at the end of a running trial, and run {n} more"
    screen().print(f"Study {study} {when if has_heard else later}.")
