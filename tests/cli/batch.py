"""Many commands at the price of one start: each in a process forked from a warm one.

A command has the descriptors, environment and folder that it is given, its own standard
streams made of them as Python makes them, and ends as a process of Python's does.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_PATIENCE_SECONDS = 900


@dataclass(frozen=True)
class Case:
    """A command to run.

    Attributes:
        words: Of the command; a lone surrogate stands for a byte, as in ``sys.argv``.
        folder: Where, below that of the batch.
        streams: By descriptor: ``closed``, ``broken`` (a pipe that nobody reads), or a
            file to open. Standard output and error are kept by default.
        environment: Variables to set.
    """

    words: tuple[str, ...]
    folder: str = "."
    streams: dict[int, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """What became of a command."""

    code: int
    stdout: str
    stderr: str


def run_all(folder: Path, cases: list[Case], **environment: str) -> list[Done]:
    """Run commands, one after the other, from a process with this environment."""
    listed = [vars(case) for case in cases]
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), str(folder)],
        cwd=folder,
        input=json.dumps(listed),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_SECONDS,
        env={**os.environ, "COLUMNS": "160", **environment},
    )
    assert done.returncode == 0, done.stderr
    return [
        Done(code, *(_text(folder, f"{number}.{name}") for name in ("out", "err")))
        for number, code in enumerate(json.loads(done.stdout))
    ]


def _text(folder: Path, name: str) -> str:
    path = folder / name
    text = path.read_text(errors="backslashreplace") if path.exists() else ""
    path.unlink(missing_ok=True)
    return text


def _serve(folder: str, cases: list[dict]) -> None:
    codes = []
    for number, case in enumerate(cases):
        pid = os.fork()
        if not pid:
            _become(folder, number, case)
            return  # and ends as any process does
        _, status = os.waitpid(pid, 0)
        codes.append(os.waitstatus_to_exitcode(status))
    os.write(1, json.dumps(codes).encode())
    os._exit(0)


def _become(folder: str, number: int, case: dict) -> None:
    os.environ.update(case["environment"])
    streams = {1: f"{folder}/{number}.out", 2: f"{folder}/{number}.err"}
    streams |= {int(key): value for key, value in case["streams"].items()}
    os.chdir(os.path.join(folder, case["folder"]))  # noqa: PTH118 - it may be no text
    errors = {0: "strict", 1: "strict", 2: "backslashreplace"}
    for descriptor in (0, 1, 2):
        _lead(descriptor, streams.get(descriptor, os.devnull))
        stream = None
        if streams.get(descriptor) != "closed":
            stream = open(  # noqa: SIM115
                descriptor,
                "w" if descriptor else "r",
                encoding=getattr(sys.__stdout__, "encoding", None),
                errors=errors[descriptor],
                closefd=False,
            )
        setattr(sys, ("stdin", "stdout", "stderr")[descriptor], stream)
    sys.argv[:] = ["hpbridge", *case["words"]]
    from hpbridge.cli import main

    main()


def _lead(descriptor: int, where: str) -> None:
    if where == "closed":
        os.close(descriptor)
        return
    if where == "broken":
        reader, opened = os.pipe()
        os.close(reader)
    else:
        flags = os.O_RDWR if where.startswith("/dev") else os.O_RDWR | os.O_CREAT
        opened = os.open(where, flags)
    os.dup2(opened, descriptor)
    os.close(opened)


def _warm_up() -> None:
    """Import what commands would import, each anew."""
    names = "cli.app cli.progress engine.run formats.export store.writer"
    for name in names.split():
        importlib.import_module(f"hpbridge.{name}")
    importlib.import_module("hpbridge.contract.registry").registry()


if __name__ == "__main__":
    _warm_up()
    _serve(sys.argv[1], json.load(sys.stdin))
