"""The command line. One module a command; each imports what it needs when it runs.

`hpbridge.cli.codes` says what each exit code means.
"""

from __future__ import annotations

import sys
import traceback
import warnings
from typing import Any, cast

from hpbridge.cli.codes import ERROR, FOUND, INTERRUPTED, OK
from hpbridge.cli.streams import lost, say, take_over

# Their exit codes say how the study ended, whoever reads what they print of it.
_RUN_A_STUDY = frozenset({"run", "compare", "evaluate", "resume"})


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every failure ends in a sentence and an exit code.

    Args:
        arguments: Of a command in a process of somebody else's; None for the process's
            own, whose standard streams are the command's then.
    """
    if arguments is None:
        take_over()
    words = list(sys.argv[1:] if arguments is None else arguments)
    with_traceback = "--traceback" in words
    words = [word for word in words if word != "--traceback"]
    from hpbridge.cli.interrupted import COMMAND, has_spoken
    from hpbridge.errors import HpbridgeError, ObjectiveError

    COMMAND[:] = words
    try:
        with warnings.catch_warnings():
            _show_own_warnings()
            code = _run(words)
        if code == INTERRUPTED and not has_spoken():  # typer took it for an exit
            raise KeyboardInterrupt
        sys.exit(_judge(words, code if isinstance(code, int) else OK))
    except KeyboardInterrupt:
        say("Interrupted.")
        sys.exit(INTERRUPTED)
    except HpbridgeError as error:
        say(_text_of(error) if with_traceback else str(error))
        sys.exit(FOUND if isinstance(error, ObjectiveError) else ERROR)
    except Exception as error:  # noqa: BLE001 - a defect ends in a sentence too
        _show_usage_error(error)
        say(_text_of(error) if with_traceback else _unexpected(error))
        sys.exit(ERROR)


def _run(words: list[str]) -> object:
    from hpbridge.cli.app import command_line

    return command_line()(words, standalone_mode=False)


def _judge(words: list[str], code: int) -> int:
    """Return the exit code of a command, whose results may not have been written."""
    failure = lost()
    if failure is None:
        return code
    say(f"Not all results could be written to standard output: {failure.strerror}.")
    runs_a_study = bool(_RUN_A_STUDY.intersection(words[:1]))
    return code if runs_a_study else code or ERROR


def _text_of(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def _unexpected(error: Exception) -> str:
    from hpbridge.errors import HpbridgeError
    from hpbridge.errors.foreign import describe_error

    headline = f"hpbridge failed unexpectedly: {describe_error(error)}"
    hint = "run it again with --traceback, and report it"
    return str(HpbridgeError(headline, hint=hint))


def _show_own_warnings() -> None:
    """Show a warning of ours as a sentence, others as Python does."""
    show = warnings.showwarning

    def shown(message: Warning | str, category: type[Warning], *where: Any) -> None:
        if category.__module__.startswith("hpbridge."):
            say(f"Warning: {message}")
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
