"""Options of commands as objectives, and the experiment that they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import check_company, read_direction
from hpbridge.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.cli.scripts import Asked
    from hpbridge.experiment import Experiment
    from hpbridge.space.budget import Budget
    from hpbridge.space.space import Space

_PANEL = "Commands as objectives"
_COMMAND, _DIRECTION, _BUDGET = "--command", "--direction", "--budget"

FileArg = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE[:NAME]",
        help="The experiment: path/to/file.py, file.py:name or module:name; or none, "
        "with --command.",
        show_default=False,
    ),
]
CommandOption = Annotated[
    str | None,
    typer.Option(
        "--command",
        metavar="TEXT",
        help="Run this for a trial, with parameters in braces: 'train --lr {lr}'.",
        rich_help_panel=_PANEL,
    ),
]
MetricOption = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="NAME[=REGEX]",
        help="What it returns: in $HPBRIDGE_RESULT, in its last line, or in the line "
        "that matches; may be given several times, the main one first.",
        rich_help_panel=_PANEL,
    ),
]
ParamsOption = Annotated[
    str | None,
    typer.Option(
        "--params",
        metavar="template|env|json|toml",
        help="How it gets its parameters: in the text; or by $HPBRIDGE_PARAM_name, or "
        "by the file $HPBRIDGE_PARAMS, so that the text need not name them.",
        show_default="template",
        rich_help_panel=_PANEL,
    ),
]
ReportsOption = Annotated[
    str | None,
    typer.Option(
        "--reports",
        metavar="REGEX",
        help="Lines that report: groups `value` and `step`, or one group.",
        rich_help_panel=_PANEL,
    ),
]
BudgetOption = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="LEAST:MOST[:NAME]",
        help="How far trials may go: {budget}, $HPBRIDGE_BUDGET.",
        rich_help_panel=_PANEL,
    ),
]
OkOption = Annotated[
    list[int] | None,
    typer.Option(
        "--ok",
        metavar="CODE",
        help="An exit code that means complete.",
        show_default="0",
        rich_help_panel=_PANEL,
    ),
]
PrunedOption = Annotated[
    list[int] | None,
    typer.Option(
        "--pruned",
        metavar="CODE",
        help="An exit code that means that it ended itself as not promising.",
        rich_help_panel=_PANEL,
    ),
]
GraceOption = Annotated[
    float | None,
    typer.Option(
        "--grace",
        metavar="SECONDS",
        help="From SIGTERM to SIGKILL.",
        show_default="10",
        rich_help_panel=_PANEL,
    ),
]
CwdOption = Annotated[
    Path | None,
    typer.Option(
        "--cwd",
        metavar="FOLDER",
        help="Where it runs; {folder} is the trial's own.",
        show_default="here",
        rich_help_panel=_PANEL,
    ),
]
_OF_COMMAND = ("metric", "params", "reports", "budget", "ok", "pruned", "grace", "cwd")

_N_ENDS, _N_NAMED = 2, 3


def asked_of(words: Mapping[str, Any]) -> Asked:
    """Return what a command was asked for: a file, or a command of a shell.

    Args:
        words: Its options by name; those that it does not have are left out.

    Raises:
        HpbridgeError: As of `Asked`, or if there are both or neither, or options that
            say nothing.
    """
    from hpbridge.cli.scripts import Asked

    made = _experiment_of_command(words)
    file, space = words["experiment"] or "", words.get("space")
    return Asked(file, space, words.get("direction"), made)


def _experiment_of_command(words: Mapping[str, Any]) -> Experiment | None:
    """Return the experiment of ``--command``; None where there is a file instead."""
    of_command = {name: words.get(name) for name in _OF_COMMAND}
    text, file = words.get("command"), words["experiment"]
    check_company(_COMMAND, text, **of_command)
    if (text is None) == (file is None):
        which = "neither FILE" if file is None else f"both FILE ({file})"
        nor = "nor" if file is None else "and"
        problems = [f"there is {which} {nor} --command to run"]
        hint = "name a file with an experiment, or a command with --space"
        raise OptionError.of_command(_COMMAND, problems, hint)
    if text is None:
        return None
    if words.get("space") is None:
        problems = ["it is given without --space, which says what is searched"]
        hint = "--space space.toml; `hpbridge space space.toml` checks it"
        raise OptionError.of_command(_COMMAND, problems, hint)
    return _made(text, words)


def _made(text: str, words: Mapping[str, Any]) -> Experiment:
    from hpbridge.commands.command import Command
    from hpbridge.experiment import Experiment

    space = _space(words["space"])
    pairs = [word.partition("=") for word in words.get("metric") or ()]
    metric = {name: pattern if equals else None for name, equals, pattern in pairs}
    given = {n: words[n] for n in _OF_COMMAND if words.get(n) is not None}
    given.pop("metric", None)
    budget = _budget(given.pop("budget", None))
    if metric:
        given["metric"] = metric
    command = Command(text, **given)
    ways = _directions(command.metrics, read_direction(words.get("direction")))
    made = Experiment(
        objective=command,
        space=space,
        name=command.name,
        direction=ways or dict.fromkeys(command.metrics, "minimize"),
        budget=budget,
    )
    made.is_direction_assumed = not ways
    return made if ways else made.noting(*_warnings(command.metrics))


def _space(place: str) -> Space:
    from hpbridge.contract.native import read_native
    from hpbridge.contract.references import load_object

    return read_native(load_object(place)[0]).space


def _warnings(metrics: tuple[str, ...]) -> list[str]:
    from hpbridge.experiment import likely_direction

    return [
        f"Warning: {name!r} is minimized, and larger is better as a rule: --direction "
        f"{name}=maximize"
        for name in metrics
        if likely_direction(name) == "maximize"
    ]


def _directions(metrics: tuple[str, ...], ways: Any) -> Any:
    """Return the directions by metric, in the order of the metrics; None for none."""
    if ways is None:
        return None
    if not isinstance(ways, dict):
        if len(ways) == len(metrics):
            return dict(zip(metrics, ways, strict=True))
        problem = f"it is given {len(ways)} times, and the metrics are {len(metrics)}"
        raise OptionError.of_command(_DIRECTION, [problem])
    from hpbridge.errors import nearest

    problems = [
        f"{n!r} is no metric; {nearest(n, metrics)}" for n in ways if n not in metrics
    ]
    problems += [f"metric {name!r} has none" for name in metrics if name not in ways]
    if problems:
        raise OptionError.of_command(_DIRECTION, problems, "name each with --metric")
    return {name: ways[name] for name in metrics}


def _budget(text: str | None) -> Budget | None:
    if text is None:
        return None
    from hpbridge.space.budget import Budget

    parts = text.split(":", _N_ENDS)
    try:
        ends = [_number(part) for part in parts[:_N_ENDS]]
        least, most = ends
    except ValueError as error:
        problems = [f"{text!r} is not LEAST:MOST or LEAST:MOST:NAME, as in 1:81:epochs"]
        raise OptionError.of_command(_BUDGET, problems) from error
    return Budget(least, most, *parts[_N_ENDS:_N_NAMED])


def _number(text: str) -> float:
    return int(text) if text.strip().isdecimal() else float(text)
