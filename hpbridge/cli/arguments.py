"""Arguments and options that several commands share, and how their text is read."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from hpbridge.errors import OptionError, nearest
from hpbridge.errors.arguments import SEED, wrong

if TYPE_CHECKING:
    from hpbridge.contract.native import Ways

ExperimentArg = Annotated[
    str,
    typer.Argument(
        metavar="FILE[:NAME]",
        help="The experiment: path/to/file.py, file.py:name or module:name.",
    ),
]
BackendOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        "-b",
        help="BACKEND or BACKEND:ALGORITHM.",
        show_default="a script's own, or optuna",
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed",
        "-s",
        help="Of the study.",
        show_default="a script's own, or drawn",
    ),
]
NameOption = Annotated[str | None, typer.Option("--name", help="Of the study.")]
FromOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="STUDY|SOURCE",
        help="Go on from this study of the store, or from any tool's.",
    ),
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with the last such study; what is not given is as it was.",
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
    int | None,
    typer.Option(
        "--trials",
        "-n",
        help="Trials whose objective runs.",
        show_default="a script's own, or 50",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        "-w",
        help="Trials at the same time, in processes. With one, what trials print goes "
        "to standard error; with several, to logs: `show STUDY TRIAL --log`.",
        show_default="1",
    ),
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
SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-o",
        metavar="OPTIMIZER.KEY=VALUE",
        help="An option of an algorithm; may be given several times.",
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
TrialsPerWorkerOption = Annotated[
    int | None,
    typer.Option("--trials-per-worker", metavar="N", help="Renew a worker after N."),
]
MemoryTrialOption = Annotated[
    str | None,
    typer.Option("--memory-trial", metavar="SIZE", help="End a trial beyond: 4GiB."),
]
ThreadsPerWorkerOption = Annotated[
    int | None,
    typer.Option(
        "--threads-per-worker",
        metavar="N",
        help="Of BLAS, OpenMP, PyTorch; default: cores / workers.",
    ),
]
SilenceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--silence",
        metavar="CODE",
        help="Leave out a check of an Evaluation, as HPB203; may be given several "
        "times.",
    ),
]
RetriesOption = Annotated[
    int | None,
    typer.Option(
        "--retries", help="Run a failed trial again so many times.", show_default="0"
    ),
]
OnErrorOption = Annotated[
    str | None,
    typer.Option(
        "--on-error",
        metavar="record|stop",
        help="After a failed trial.",
        show_default="record",
    ),
]
StorePatienceOption = Annotated[
    float | None,
    typer.Option(
        "--store-patience",
        metavar="SECONDS",
        help="Wait so long for a store that is away.",
        show_default="60",
    ),
]
PrunerOption = Annotated[
    str | None,
    typer.Option(
        "--pruner",
        metavar="NAME",
        help="End trials early that look bad, by what they report: `hpbridge pruners`. "
        "`none` leaves a script's own out.",
    ),
]
PrunerSettingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--pruner-option",
        metavar="KEY=VALUE",
        help="An option of the pruner; may be given several times.",
    ),
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
        metavar="FILE:NAME|FILE.toml",
        help="The space of a command, or of a function that is written for a library; "
        "also .yaml or .json.",
    ),
]
DirectionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--direction",
        metavar="[METRIC=]minimize|maximize",
        help="Of such a function, or of a source: which way is better; may be given "
        "several times, the main one first.",
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
TrustSizeOption = Annotated[
    bool,
    typer.Option(
        "--trust-size",
        help="Read a file that takes more time or memory than is due to its size.",
    ),
]
ConfirmOption = Annotated[
    int | None,
    typer.Option(
        "--confirm",
        metavar="K",
        help="Then run the best K again, with new seeds and splits.",
    ),
]
ConfirmRepeatsOption = Annotated[
    int | None,
    typer.Option(
        "--confirm-repeats",
        metavar="N",
        help="How often each of them runs again.",
        show_default="5",
    ),
]

_AS_IT_WAS = "as it was"


def as_it_was(option: Any) -> Any:
    """Return what an option is in a command that goes on: what is not given stays."""
    _, info = get_args(option)
    info = copy.copy(info)
    info.show_default = _AS_IT_WAS
    return info


_SEED = "--seed"
_DIRECTION, _OPTION = "--direction", "--option"
_WORDS = ("minimize", "maximize")


def read_direction(words: list[str] | None) -> Ways:
    """Return the words of ``--direction``: by metric, or in order of the values.

    Raises:
        OptionError: If one is neither of the two, alone or after a metric.
    """
    pairs = [(word, *word.rpartition("=")) for word in words or []]
    read = [(metric.strip(), way.strip().lower()) for _, metric, _, way in pairs]
    problems = [
        f"{way!r} is neither minimize nor maximize{_meant(way)}"
        for _, way in read
        if way not in _WORDS
    ]
    problems += [
        f"{word!r} names no metric" for word, m, eq, _ in pairs if eq and not m
    ]
    named = [metric for metric, _ in read if metric]
    if named and len(named) < len(read):
        problems.append("some of the words name a metric and some do not")
    problems += [f"{m!r} is there twice" for m in set(named) if named.count(m) > 1]
    if problems:
        hint = "--direction maximize, or --direction METRIC=maximize for each metric"
        raise OptionError.of_command(_DIRECTION, problems, hint)
    return dict(read) if named else [way for _, way in read] or None


def _meant(word: str) -> str:
    found = nearest(word, _WORDS)
    return f"; {found}" if found.startswith("did you mean") else ""


def read_pairs(option: str, words: list[str] | None) -> dict[str, str]:
    """Return the ``KEY=VALUE`` words of an option as a dict.

    Raises:
        OptionError: As of `read_settings`.
    """
    return {key: str(value) for key, value in read_settings(words, option).items()}


def checked_seed(seed: int) -> int:
    """Return a seed that a study can have.

    Raises:
        OptionError: If it is none.
    """
    problems = wrong({"it": seed}, {"it": SEED})
    if problems:
        raise OptionError.of_command(_SEED, problems)
    return seed


def check_company(option: str, given: object, **others: object) -> None:
    """Refuse options that say nothing without another one.

    Args:
        option: The other one.
        given: Its value.
        others: Those that need it, by their names in Python.

    Raises:
        OptionError: With all that were given without it.
    """
    lonely = [f"--{n.replace('_', '-')}" for n, value in others.items() if value]
    if lonely and given is None:
        problems = [f"it is given without {option}, of which it says more"]
        hint = f"add {option}, or leave {', '.join(lonely)} out"
        raise OptionError.of_command(", ".join(lonely), problems, hint)


def read_settings(words: list[str] | None, option: str = _OPTION) -> dict[str, object]:
    """Return ``key=value`` words as a dict of text values.

    Raises:
        OptionError: If a word has no ``=``, or a key is there twice.
    """
    settings: dict[str, object] = {}
    problems: list[str] = []
    for word in words or []:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            problems.append(f"{word!r} is not KEY=VALUE")
        if key.strip() in settings:
            problems.append(f"{key.strip()!r} is there twice")
        settings[key.strip()] = value.strip()
    if problems:
        raise OptionError.of_command(option, problems)
    return settings


def read_pruner(
    name: str | None, words: list[str] | None
) -> tuple[str, dict[str, object]] | None:
    """Return a pruner by name, with its options; None where none is named.

    Raises:
        OptionError: If a word is no ``key=value``, or there is no pruner.
    """
    check_company("--pruner", name, pruner_option=words)
    return None if name is None else (name, read_settings(words, "--pruner-option"))


def read_settings_by_optimizer(
    words: list[str] | None,
) -> dict[str, dict[str, object]]:
    """Return ``optimizer.key=value`` words as options by optimizer.

    Raises:
        OptionError: If a word names no optimizer.
    """
    by_optimizer: dict[str, dict[str, object]] = {}
    problems: list[str] = []
    for key, value in read_settings(words).items():
        optimizer, dot, name = key.partition(".")
        if not dot:
            problems.append(f"{key!r} names no optimizer; write OPTIMIZER.KEY=VALUE")
        by_optimizer.setdefault(optimizer, {})[name] = value
    if problems:
        raise OptionError.of_command(_OPTION, problems)
    return by_optimizer
