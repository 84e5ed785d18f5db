"""Many commands at the price of one start: each in a process forked from a warm one.

A command has the descriptors, environment and folder that it is given, its own standard
streams made of them as Python makes them, and ends as a process of Python's does: after
its threads, with its exit functions, its streams flushed. What it does not show is the
start of Python and the imports: tests of these start their own. Nor does it show how
Python takes its modules down, unless it is asked for: that touches, and so copies, all
that the process shares with the warm one, which costs as much as the command.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path

_PATIENCE_SECONDS = 900
_KEPT = ("out", "err")
_IMPORTED = (
    "hpbridge.analysis.contest.verdict hpbridge.analysis.evaluated "
    "hpbridge.analysis.importance hpbridge.analysis.spent hpbridge.analysis.stopped "
    "hpbridge.cli.app hpbridge.cli.progress hpbridge.cli.resuming hpbridge.cli.scripts "
    "hpbridge.drivers.in_process hpbridge.drivers.local hpbridge.encoding.encode "
    "hpbridge.engine.compare hpbridge.engine.run hpbridge.formats.export "
    "hpbridge.report.figures hpbridge.report.page hpbridge.store.database "
    "hpbridge.store.engines hpbridge.store.upgrade hpbridge.store.writer "
    "hpbridge_random.backend.optimizer packaging.requirements scipy.stats "
    "typer.rich_utils"
)


@dataclass(frozen=True)
class Case:
    """A command to run.

    Attributes:
        words: Of the command; a lone surrogate stands for a byte, as in ``sys.argv``.
        folder: Where, below that of the batch.
        streams: By descriptor: ``closed``, ``broken`` (a pipe that nobody reads), or a
            file to open. Standard output and error are kept by default.
        environment: Variables to set.
        is_taken_down: Whether Python takes its modules down at the end.
    """

    words: tuple[str, ...]
    folder: str = "."
    streams: dict[int, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    is_taken_down: bool = False


@dataclass(frozen=True)
class Done:
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str


def run_all(
    folder: Path, cases: list[Case], *, warm: str = "", **environment: str
) -> list[Done]:
    """Run commands, one after the other.

    Args:
        folder: Where they run.
        cases: The commands.
        warm: Modules to import beforehand, beside hpbridge's own.
        environment: What the process that they are forked from starts with.
    """
    server = _Server(warm, **environment) if environment else _shared_server(warm)
    return server.run(folder, cases)


@functools.lru_cache
def _shared_server(warm: str) -> _Server:
    return _Server(warm)


class _Server:
    """A process with everything imported, of which commands are forked."""

    def __init__(self, warm: str, **environment: str) -> None:
        self._added = {"COLUMNS": "160", **environment}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), *warm.split()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **self._added},
        )
        weakref.finalize(self, _end, self._process)

    def run(self, folder: Path, cases: list[Case]) -> list[Done]:
        with tempfile.TemporaryDirectory() as place:
            base = {**os.environ, **self._added}
            listed = [
                {
                    **vars(case),
                    "environment": {**base, **case.environment},
                    "folder": str(folder / case.folder),
                    "streams": {
                        1: f"{place}/{number}.out",
                        2: f"{place}/{number}.err",
                        **case.streams,
                    },
                }
                for number, case in enumerate(cases)
            ]
            return [
                Done(code, *(_text(place, f"{number}.{name}") for name in _KEPT))
                for number, code in enumerate(self._ask(listed))
            ]

    def _ask(self, cases: list[dict]) -> list[int]:
        alarm = threading.Timer(_PATIENCE_SECONDS, self._process.kill)
        alarm.start()
        try:
            self._process.stdin.write(json.dumps(cases) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())
        finally:
            alarm.cancel()


def _end(process: subprocess.Popen) -> None:
    process.stdin.close()
    process.stdout.close()
    process.wait()


def _text(place: str, name: str) -> str:
    path = Path(place, name)
    return path.read_text(errors="backslashreplace") if path.exists() else ""


def _serve() -> None:
    for line in sys.stdin:
        codes = []
        for case in json.loads(line):
            pid = os.fork()
            if not pid:
                _live(case)
                return  # and ends as any process does
            _, status = os.waitpid(pid, 0)
            codes.append(os.waitstatus_to_exitcode(status))
        os.write(1, json.dumps(codes).encode() + b"\n")
    os._exit(0)


def _live(case: dict) -> None:
    try:
        _become(case)
    except SystemExit as ended:
        if case["is_taken_down"] or not isinstance(ended.code, int | None):
            raise
        threading._shutdown()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(ended.code or 0)


def _become(case: dict) -> None:
    os.environ.clear()
    os.environ.update(case["environment"])
    streams = {int(key): value for key, value in case["streams"].items()}
    os.chdir(case["folder"])
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
    sys.path[0] = case["folder"]
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


def _warm_up(more: list[str]) -> None:
    """Import what commands would import, each anew."""
    for name in [*_IMPORTED.split(), *more]:
        importlib.import_module(name)
    from hpbridge.cli import main

    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(["hosts"])
    gc.collect()
    gc.freeze()  # what is not touched is not copied


if __name__ == "__main__":
    _warm_up(sys.argv[1:])
    _serve()
