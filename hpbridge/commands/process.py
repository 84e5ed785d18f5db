"""A running command: a process group of its own, which ends whole."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

from hpbridge.errors.experiments import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SOONEST, _LATEST = 0.001, 0.05
"""Seconds between two looks: at first, and once it has run for a while."""

_HAS_GROUPS = hasattr(os, "killpg")


class Process:
    """A command that runs. What it prints goes to files, so that nothing fills up.

    Args:
        words: The program and its arguments.
        cwd: The folder that it runs in.
        env: Its whole environment.
        folder: Where its ``stdout`` and ``stderr`` go.

    Raises:
        CommandError: If there is no such program.
    """

    def __init__(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], folder: Path
    ) -> None:
        group: dict[str, Any] = {}
        if _HAS_GROUPS:
            # Ctrl-C reaches us alone, and what the program starts ends with it.
            group["start_new_session"] = True
        with (
            (folder / STDOUT).open("wb") as out,
            (folder / STDERR).open("wb") as err,
        ):
            try:
                self._process = subprocess.Popen(
                    list(words),
                    cwd=cwd,
                    env=dict(env),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    **group,
                )
            except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
                why = why_not(words[0], cwd) or f"{words[0]!r}: {error.strerror}"
                raise CommandError.no_program(why) from error
        self._pause = _SOONEST

    def wait(self) -> bool:
        """Wait a little; say whether it has ended."""
        if self._has_ended():
            return True
        time.sleep(self._pause)
        self._pause = min(self._pause * 1.5, _LATEST)
        return self._has_ended()

    def _has_ended(self) -> bool:
        if self._process.returncode is not None:
            return True
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        # It is left to be read, so that its number, and its group's, stay its own.
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, options) is not None

    def stop(self, grace: float) -> bool:
        """Ask it to end, and say whether it has after some seconds."""
        if not self._has_ended():
            self._signal("SIGTERM")
        deadline = time.monotonic() + grace
        while not self.wait():
            if time.monotonic() >= deadline:
                return False
        return True

    def end(self) -> int:
        """End it, if it runs, and all that it has started; return its exit code."""
        self._signal("SIGKILL")
        return self._process.wait()

    def _signal(self, name: str) -> None:
        if not _HAS_GROUPS:
            with contextlib.suppress(OSError):
                (self._process.terminate if name == "SIGTERM" else self._process.kill)()
        elif self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, getattr(signal, name))


STDOUT, STDERR = "stdout", "stderr"
"""Files in the folder of a trial."""


def why_not(program: str, cwd: Path) -> str:
    """Say why a program cannot be started; nothing where it can."""
    if not cwd.is_dir():
        return f"there is no folder {str(cwd)!r} to run it in"
    if os.path.dirname(program):  # noqa: PTH120 - as execvp has it
        path = cwd / program
        if not path.is_file():
            return f"there is no file {str(path)!r}"
        if not os.access(path, os.X_OK):
            return f"{str(path)!r} is not executable: chmod +x, or name what runs it"
        return ""
    if shutil.which(program) is not None:
        return ""
    close = difflib.get_close_matches(program, _programs(), n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"there is no program {program!r} on the PATH{meant}"


def _programs() -> list[str]:
    found: dict[str, None] = {}
    for folder in os.get_exec_path():
        with contextlib.suppress(OSError):
            found |= dict.fromkeys(sorted(os.listdir(folder)))  # noqa: PTH208 - names
    return [*found]


def how_it_ended(code: int) -> str:
    """Return an exit code in words.

    Example:
        >>> how_it_ended(3), how_it_ended(-9)
        ('exit code 3', 'signal SIGKILL')
    """
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
