"""The command line as a user runs it, for the tests of its commands."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def hpbridge(
    folder: Path, *words: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, and see that it ends with an exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "hpbridge", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "160"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done
