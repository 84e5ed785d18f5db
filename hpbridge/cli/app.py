"""The application: all commands by name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from hpbridge.cli.ask import ask
from hpbridge.cli.backends import backends
from hpbridge.cli.bench import bench
from hpbridge.cli.check_backend import check_backend
from hpbridge.cli.compare import compare
from hpbridge.cli.create import create
from hpbridge.cli.doctor import doctor
from hpbridge.cli.drivers import drivers
from hpbridge.cli.enqueue import enqueue
from hpbridge.cli.evaluate import evaluate
from hpbridge.cli.explain import explain
from hpbridge.cli.export import export
from hpbridge.cli.formats import formats
from hpbridge.cli.hosts import hosts
from hpbridge.cli.import_ import import_
from hpbridge.cli.leaderboard import leaderboard
from hpbridge.cli.logs import logs
from hpbridge.cli.more import more
from hpbridge.cli.pruners import pruners
from hpbridge.cli.report import report
from hpbridge.cli.resume import resume
from hpbridge.cli.run import run
from hpbridge.cli.show import show
from hpbridge.cli.space import space
from hpbridge.cli.stop import stop
from hpbridge.cli.streams import apart
from hpbridge.cli.studies import studies
from hpbridge.cli.tell import tell
from hpbridge.cli.work import work

_EPILOG = (
    "Exit codes: 0 done; 1 it ran and found something wrong, or no trial is complete; "
    "2 it could not run, in one sentence; 130 interrupted."
)

app = typer.Typer(
    name="hpbridge",
    no_args_is_help=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _show_version(*, value: bool) -> None:
    if value:
        from hpbridge import __version__

        typer.echo(f"hpbridge {__version__}")
        raise typer.Exit


@app.callback()
def hpbridge(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Version."
        ),
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show Python's traceback of a failure.")
    ] = False,
) -> None:
    """One experiment, any optimizer, nothing lost in translation."""


class _Command(TyperCommand):
    """A command whose results are all that standard output gets."""

    def invoke(self, ctx: Any) -> Any:
        with apart():
            return super().invoke(ctx)


_COMMANDS: tuple[Callable[..., int | None], ...] = (
    run,
    compare,
    bench,
    evaluate,
    explain,
    backends,
    drivers,
    doctor,
    check_backend,
    studies,
    show,
    logs,
    export,
    import_,
    resume,
    work,
    report,
    leaderboard,
    formats,
    hosts,
    pruners,
    space,
    create,
    ask,
    tell,
    enqueue,
    stop,
    more,
)
for command in _COMMANDS:
    name = command.__name__.replace("_", "-").rstrip("-")
    app.command(name, cls=_Command)(command)


@functools.cache
def command_line() -> Any:
    """Return what runs any command: all their options are read from signatures once."""
    return typer.main.get_command(app)
