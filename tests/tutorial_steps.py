"""Follow the tutorial of plugins/README.md literally: its files and its commands.

One command is replaced: ``pip install --editable``, which needs a network. What it
leaves is a folder on the search path and the entry point, written here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

TUTORIAL = Path(__file__).parents[1] / "plugins" / "README.md"
WIDTH = "88"

# The text before a block ends in the path of the file that it is.
_BLOCK = re.compile(r"([^\n]*)\n\n```(\w*)\n(.*?)```", re.DOTALL)
_PATH = re.compile(r"`([\w./-]+)`[^`]*:$")


@dataclass(frozen=True)
class Step:
    """A file to write, or a command with what it prints."""

    file: str = ""
    text: str = ""
    command: str = ""


def steps() -> list[Step]:
    """Return what the tutorial does, in order."""
    text = TUTORIAL.read_text(encoding="utf-8")
    text = text.partition("\n## The tutorial\n")[2].partition("\n## The contract\n")[0]
    found: list[Step] = []
    for before, _, body in _BLOCK.findall(text):
        if body.startswith("$ "):
            for each in body.removeprefix("$ ").split("\n$ "):
                command, _, printed = each.partition("\n")
                found.append(Step(command=command, text=printed.rstrip()))
        elif path := _PATH.search(before):
            found.append(Step(file=path[1], text=body))
    return found


class Follower:
    """Somebody who follows the tutorial in an empty folder.

    Args:
        folder: The empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        installed = folder.parent / "installed"
        self._info = installed / "hpbridge_climb-0.1.0.dist-info"
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment = {
            **os.environ,
            "PATH": path,
            "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(installed)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": WIDTH,
        }

    def write(self, step: Step) -> None:
        """Write a file."""
        file = self.folder / step.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(step.text, encoding="utf-8")

    def run(self, command: str) -> str:
        """Run a command and return what it prints to standard output."""
        if command.startswith("python -m pip install"):
            self._install()
            return ""
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        return (done.stdout or done.stderr).rstrip()

    def _install(self) -> None:
        text = (self.folder / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        lines = "".join(
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in entries.items())
            for group, entries in project["entry-points"].items()
        )
        named = f"Name: {project['name']}\nVersion: {project['version']}\n"
        self._info.mkdir(parents=True)
        (self._info / "METADATA").write_text(f"Metadata-Version: 2.1\n{named}")
        (self._info / "entry_points.txt").write_text(lines)


def without_times(text: str) -> str:
    """Return a text without what differs from run to run: seconds, and padding."""
    text = re.sub(r"in \d+\.\d+s(?: \(\S+\))?", "in 0.00s", text)
    return "\n".join(line.rstrip() for line in text.splitlines())
