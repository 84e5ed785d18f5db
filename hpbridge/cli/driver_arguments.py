"""Options of commands that say where trials run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

import typer

from hpbridge.cli.arguments import read_settings
from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.errors import OptionError

DriverOption = Annotated[
    str | None,
    typer.Option(
        "--driver",
        help="Where the trials run: `hpbridge drivers`; the backend's own by default.",
    ),
]
DriverSettingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--driver-option",
        metavar="KEY=VALUE",
        help="An option of the driver; may be given several times.",
    ),
]
AddressOption = Annotated[
    str | None,
    typer.Option("--address", help="Of the cluster: the driver's option address."),
]
ListenOption = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="HOST:PORT",
        help="Where workers come to: the driver's option listen.",
    ),
]
ResourcesOption = Annotated[
    str | None,
    typer.Option(
        "--resources",
        metavar="NAME=AMOUNT,...",
        help="Of each trial, as in cpu=2,gpu=0.5,memory=4GiB.",
    ),
]
GpusOption = Annotated[
    str | None,
    typer.Option(
        "--gpus",
        metavar="ID,...",
        help="Devices that the workers share: the driver's option gpus.",
    ),
]

SHORT_OF_DRIVER = ("address", "listen", "resources", "gpus")
"""Options of drivers that commands take by names of their own."""


def attend(words: Mapping[str, Any], usual: str = DEFAULT_DRIVER) -> dict[str, Any]:
    """Return the options of a command, with how many trials run at once.

    A command calls it before it loads anything: in a process that only runs trials, as
    most of an MPI job are, it does not return.

    Args:
        words: The options by name.
        usual: As of `read_driver`.

    Raises:
        OptionError: As of `read_driver`.
    """
    driver = read_driver(words, usual)
    name = driver[0] if isinstance(driver, tuple) else driver
    n_there = None
    if name is not None:
        from hpbridge.drivers.choosing import attended

        n_there = attended(name)
    workers = n_there if words["workers"] is None else words["workers"]
    return {**words, "workers": workers}


def read_driver(
    words: Mapping[str, Any], usual: str = DEFAULT_DRIVER
) -> str | tuple[str, dict[str, object]] | None:
    """Return where trials run, with options; None where nothing says so.

    Args:
        words: The options of a command by name: ``driver``, ``driver_option``, and
            those of `SHORT_OF_DRIVER`.
        usual: The driver that they are of where none is named.

    Raises:
        OptionError: If a word is no ``key=value``, or an option is there twice.
    """
    options = read_settings(words["driver_option"], "--driver-option")
    for name in SHORT_OF_DRIVER:
        if words[name] is not None and name in options:
            problem = f"--{name} says it, too"
            option = f"--driver-option {name}"
            raise OptionError.of_command(option, [problem])
        if words[name] is not None:
            options[name] = words[name]
    if not options:
        return cast("str | None", words["driver"])
    return words["driver"] or usual, options
