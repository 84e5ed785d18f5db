"""Processes that run code with everything imported: forks of one that waits for them.

A test that needs other processes at its store, and not their start, has them here at
the price of a fork.
"""

from __future__ import annotations

import multiprocessing
import os
import sys

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["hpbridge", "hpbridge.engine.turns", "hpbridge.store.appending", "sqlalchemy"]
)


class Forked:
    """A process that runs code as ``python -c`` does.

    Args:
        code: What it runs.
        arguments: Of the code, in ``sys.argv[1:]``.

    Attributes:
        pid: Its number.
        stdin: What it reads.
        stdout: What it prints.
    """

    def __init__(self, code: str, *arguments: object) -> None:
        reader, its_stdout = _CONTEXT.Pipe(duplex=False)
        its_stdin, writer = _CONTEXT.Pipe(duplex=False)
        given = (code, [*map(str, arguments)], its_stdin, its_stdout)
        self._process = _CONTEXT.Process(target=_run, args=given, daemon=True)
        self._process.start()
        its_stdin.close()
        its_stdout.close()
        self.pid = self._process.pid
        self.stdin = _file(writer, "w")
        self.stdout = _file(reader, "r")

    @property
    def returncode(self) -> int | None:
        """How it ended: minus a signal's number, or its exit code."""
        return self._process.exitcode

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def communicate(self) -> str:
        """Return what it prints, to its end."""
        self.stdin.close()
        with self.stdout:
            told = self.stdout.read()
        self._process.join()
        return told


def _file(connection, mode):
    """Return a connection as a file of text."""
    with connection:
        return os.fdopen(os.dup(connection.fileno()), mode)


def _run(code, arguments, stdin, stdout) -> None:
    sys.stdin, sys.stdout = _file(stdin, "r"), _file(stdout, "w")
    sys.argv[:] = ["-c", *arguments]
    exec(code, {"__name__": "__main__"})
    sys.stdout.flush()
