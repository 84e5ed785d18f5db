"""Arguments and options that several commands share, and how their text is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpbridge.errors import OptionError

ExperimentArg = Annotated[
    str,
    typer.Argument(
        metavar="FILE[:NAME]",
        help="The experiment: path/to/file.py, file.py:name or module:name.",
    ),
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="FILE|URL",
        help="Where studies are kept: a file or a database URL.",
        envvar="HPBRIDGE_STORE",
        show_default="hpbridge.db",
    ),
]
TrialsOption = Annotated[
    int, typer.Option("--trials", "-n", help="Trials whose objective runs.")
]
WorkersOption = Annotated[
    int, typer.Option("--workers", "-w", help="Trials at the same time, in processes.")
]
DriverOption = Annotated[
    str | None,
    typer.Option("--driver", help="Whose loop runs the trials; the backend's own."),
]
SettingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-o",
        metavar="KEY=VALUE",
        help="An option of the algorithm; may be given several times.",
    ),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="Start no trial after this."),
]
TargetOption = Annotated[
    float | None,
    typer.Option("--target", help="End at this value of the first metric."),
]
TimeoutTrialOption = Annotated[
    float | None,
    typer.Option("--timeout-trial", metavar="SECONDS", help="End a trial after this."),
]
RetriesOption = Annotated[
    int, typer.Option("--retries", help="Run a failed trial again so many times.")
]
OnErrorOption = Annotated[
    str,
    typer.Option("--on-error", metavar="record|stop", help="After a failed trial."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON on standard output, nothing else.")
]
StudyArg = Annotated[str, typer.Argument(metavar="STUDY", help="Its name or number.")]
FileOption = Annotated[Path, typer.Option("--output", "-o", help="The file to write.")]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace another file that is there.")
]
SpaceOption = Annotated[
    str | None,
    typer.Option(
        "--space",
        metavar="FILE:NAME",
        help="The space of a function that is written for a library, or of a source.",
    ),
]
DirectionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--direction",
        metavar="METRIC=minimize|maximize",
        help="Which way is better; may be given several times, the main one first.",
    ),
]
DefaultOption = Annotated[
    list[str] | None,
    typer.Option(
        "--default",
        metavar="NAME=VALUE",
        help="Of a source whose earlier trials lack this parameter: what they had.",
    ),
]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option(
        "--without",
        metavar="NAME",
        help="Of a source that holds no space: a parameter that is to be none of it.",
    ),
]


def read_pairs(option: str, words: list[str] | None) -> dict[str, str]:
    """Return the ``KEY=VALUE`` words of an option as a dict.

    Raises:
        OptionError: If a word has no ``=``.
    """
    return {key: str(value) for key, value in read_settings(option, words).items()}


def read_settings(optimizer: str, words: list[str] | None) -> dict[str, object]:
    """Return ``key=value`` words as a dict of text values.

    Raises:
        OptionError: If a word has no ``=``.
    """
    settings: dict[str, object] = {}
    for word in words or []:
        key, equals, value = word.partition("=")
        if not equals or not key:
            problem = f"{word!r} is not KEY=VALUE"
            raise OptionError.invalid(optimizer, [problem])
        settings[key.strip()] = value.strip()
    return settings


def read_settings_by_optimizer(
    words: list[str] | None,
) -> dict[str, dict[str, object]]:
    """Return ``optimizer.key=value`` words as options by optimizer.

    Raises:
        OptionError: If a word names no optimizer.
    """
    by_optimizer: dict[str, dict[str, object]] = {}
    for key, value in read_settings("all", words).items():
        optimizer, dot, name = key.partition(".")
        if not dot:
            problem = f"{key!r} names no optimizer; write OPTIMIZER.KEY=VALUE"
            msg = "all"
            raise OptionError.invalid(msg, [problem])
        by_optimizer.setdefault(optimizer, {})[name] = value
    return by_optimizer
