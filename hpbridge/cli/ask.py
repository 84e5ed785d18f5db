"""`hpbridge ask`: the next trials of a study whose loop is one's own."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption, StoreOption, StudyArg

if TYPE_CHECKING:
    from collections.abc import Mapping


def ask(
    study: StudyArg,
    n: Annotated[
        int | None, typer.Option("-n", help="How many; else one.", min=1)
    ] = None,
    warm: Annotated[
        float | None,
        typer.Option(
            "--warm",
            metavar="SECONDS",
            help="Keep the optimizer in a helper process, which ends when nobody has "
            "asked for so long.",
            min=1,
        ),
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Ask a study for its next trial: its number, and what to run.

    With -n, fewer are given where the study or its optimizer allows no more.
    """
    from hpbridge.cli.output import print_json, screen

    if warm is None:
        trials = _asked_cold(store, study, n or 1)
    else:
        from hpbridge.engine.warm_client import ask_warm
        from hpbridge.store.place import place_of

        trials = ask_warm(place_of(store), study, n or 1, warm)
    if json:
        print_json(trials if n is not None else trials[0])
        return
    for trial in trials:
        screen().print(line_of(trial))


def _asked_cold(store: str | None, study: str, n: int) -> list[dict[str, Any]]:
    """Ask in this process, which relives the record first."""
    from hpbridge.engine.turns import Turns, plain_trial
    from hpbridge.store import open_store

    with Turns(open_store(store), study).turn() as opened:
        return [plain_trial(trial) for trial in opened.ask(n)]


def line_of(trial: Mapping[str, Any]) -> str:
    """Return a trial as a line that a shell takes apart: number, then KEY=VALUE."""
    params = [shlex.quote(f"{name}={v}") for name, v in trial["params"].items()]
    budget = [f"budget={trial['budget']}"] if trial["budget"] is not None else []
    return " ".join([str(trial["number"]), *params, *budget])
