"""The command line. One module a command; each imports what it needs when it runs.

`hpbridge.cli.codes` says what each exit code means.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any, cast

from hpbridge.cli.codes import ERROR, FOUND, INTERRUPTED, OK


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every failure ends in a sentence and an exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    with_traceback = "--traceback" in words
    words = [word for word in words if word != "--traceback"]
    from hpbridge.cli.interrupted import COMMAND
    from hpbridge.errors import HpbridgeError, ObjectiveError

    COMMAND[:] = words
    try:
        with warnings.catch_warnings():
            _show_own_warnings()
            code = _run(words)
        sys.exit(code if isinstance(code, int) else OK)
    except KeyboardInterrupt:
        _say("Interrupted.")
        sys.exit(INTERRUPTED)
    except HpbridgeError as error:
        if with_traceback:
            raise
        _say(str(error))
        sys.exit(FOUND if isinstance(error, ObjectiveError) else ERROR)
    except Exception as error:
        _show_usage_error(error)
        if with_traceback:
            raise
        from hpbridge.errors.foreign import describe_error

        headline = f"hpbridge failed unexpectedly: {describe_error(error)}"
        hint = "run it again with --traceback, and report it"
        _say(str(HpbridgeError(headline, hint=hint)))
        sys.exit(ERROR)


def _write_any_text() -> None:
    """Let standard output take what its encoding lacks, escaped, as errors' does."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _run(words: list[str]) -> object:
    from hpbridge.cli.app import app

    _write_any_text()
    return app(words, standalone_mode=False)


def _show_own_warnings() -> None:
    """Show a warning of ours as a sentence, others as Python does."""
    show = warnings.showwarning

    def shown(message: Warning | str, category: type[Warning], *where: Any) -> None:
        if category.__module__.startswith("hpbridge."):
            _say(f"Warning: {message}")
        else:
            show(message, category, *where)

    warnings.showwarning = cast("Any", shown)


def _show_usage_error(error: Exception) -> None:
    """Show a wrong use of the command line the way click does, and exit."""
    # By shape, not by type: typer carries a copy of click of its own.
    show = getattr(error, "show", None)
    if callable(show):
        show()
        sys.exit(getattr(error, "exit_code", ERROR))
    if type(error).__name__ == "Exit":
        sys.exit(getattr(error, "exit_code", OK))
    if type(error).__name__ == "Abort":
        raise KeyboardInterrupt from error


def _say(text: str) -> None:
    sys.stderr.write(text.rstrip() + "\n")
