"""`hpbridge tell`: what became of a trial of a study whose loop is one's own."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption, StoreOption, StudyArg

_METRICS = "METRIC=VALUE"


def tell(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    study: StudyArg,
    trial: Annotated[int, typer.Argument(metavar="TRIAL", help="Its number.")],
    metrics: Annotated[
        list[str] | None,
        typer.Argument(metavar="[METRIC=]VALUE", help="What it came to."),
    ] = None,
    failed: Annotated[
        str | None, typer.Option("--failed", metavar="WHY", help="It failed.")
    ] = None,
    pruned: Annotated[
        bool, typer.Option("--pruned", help="It ended early, as not promising.")
    ] = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Tell a study what became of a trial that it was asked for."""
    from hpbridge.cli.output import print_json, screen
    from hpbridge.engine.turns import Turns
    from hpbridge.store import open_store
    from hpbridge.store.record import trial_to_json

    given = _given(metrics or [], failed, is_pruned=pruned)
    with Turns(open_store(store), study, hears=False).turn() as opened:
        finished = opened.tell(trial, **given)
        name, best = opened.name, opened.best_trial
    if json:
        print_json({"study": name, **trial_to_json(finished)})
        return
    is_best = best is not None and best.number == finished.number
    text = ", ".join(f"{m}={v:.6g}" for m, v in finished.metrics.items())
    text = text or finished.error or ""
    end = ", the best so far" if is_best else ""
    about = f" ({text})" if text else ""
    screen().print(f"Trial {trial} of {name}: {finished.state.value}{about}{end}.")


def _given(words: list[str], failed: str | None, *, is_pruned: bool) -> dict[str, Any]:
    """Return the arguments of `OpenStudy.tell`.

    Raises:
        OptionError: If it is told several things, or nothing.
    """
    from hpbridge.cli.arguments import read_settings
    from hpbridge.errors import OptionError

    hint = "METRIC=VALUE ..., or --failed WHY, or --pruned"
    if bool(words) + (failed is not None) + is_pruned != 1:
        told = [*words, *(["--failed"] if failed is not None else [])]
        told += ["--pruned"] if is_pruned else []
        problem = f"a trial is told one thing, got {' '.join(told) or 'nothing'}"
        raise OptionError.of_command(_METRICS, [problem], hint)
    if failed is not None:
        return {"state": "failed", "error": failed}
    if is_pruned:
        return {"state": "pruned"}
    if len(words) == 1 and "=" not in words[0]:
        return {"value": _number(words[0])}
    read = read_settings(words, _METRICS)
    return {"value": {name: _number(str(text)) for name, text in read.items()}}


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text  # refused by the study, with all else
