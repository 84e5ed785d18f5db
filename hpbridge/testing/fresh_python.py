"""Another Python, in which an algorithm runs as if for the first time.

What only another process can show: an order that comes from `hash` (each Python salts
it anew), state that studies of one process share, and whether printed source runs in
an empty file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle

from hpbridge.testing.checks import NotApplicable, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.backend import BackendSpec

SECONDS = 300.0
"""How long an answer may take; a library may have to be imported first."""


class FreshPython:
    """Starts Pythons that know a backend, each when it is first asked.

    Args:
        spec: The backend. It is handed over by reference where it can be.
    """

    def __init__(self, spec: BackendSpec) -> None:
        self._spec = spec
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def ask(self, request: Mapping[str, Any], python: str = "1") -> Any:
        """Return what a Python answers.

        Args:
            request: Plain data, as of `hpbridge.testing.fresh_process`.
            python: Which one; its hash seed is the number before a point. One that was
                never named before is a process in which nothing ran yet.

        Raises:
            NotApplicable: If the backend cannot be handed to another process.
            CheckFailed: If the process ends, or gives no answer in time.
        """
        process = self._processes.get(python)
        if process is None:
            process = self._processes[python] = self._start(python)
        assert process.stdin is not None
        assert process.stdout is not None
        alarm = threading.Timer(SECONDS, process.kill)
        alarm.start()
        try:
            process.stdin.write(json.dumps(dict(request)) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        finally:
            alarm.cancel()
        if not line:
            del self._processes[python]
            seen = f"it ended with {process.wait()}, or was silent for {SECONDS:g} s"
            require(False, "an answer from another process", seen)
        return json.loads(line)

    def _start(self, python: str) -> subprocess.Popen[str]:
        handle, name = tempfile.mkstemp(suffix=".pickle")
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(sys.path).encode() + b"\n")
            try:
                cloudpickle.dump(self._spec, file)
            except Exception as error:  # an object's own pickling
                msg = f"it cannot be handed to another process: {error}"
                raise NotApplicable(msg) from error
        process = subprocess.Popen(
            [sys.executable, "-m", "hpbridge.testing.fresh_process", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONHASHSEED": python.partition(".")[0]},
        )
        weakref.finalize(self, _end, process, name)
        return process


def _end(process: subprocess.Popen[str], name: str) -> None:
    """End a process that reads requests: it has no more to read."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    Path(name).unlink(missing_ok=True)
