"""The command line as a user runs it, for the tests of its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.batch import Case, Done, run_all

if TYPE_CHECKING:
    from pathlib import Path


def hpbridge(folder: Path, *words: str, code: int = 0, warm: str = "") -> Done:
    """Run a command in a folder, and see that it ends with an exit code."""
    (done,) = run_all(folder, [Case(words)], warm=warm)
    assert done.returncode == code, done.stdout + done.stderr
    return done
