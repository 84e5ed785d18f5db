"""How an actor ended that left nothing but its last words.

Ray tells of an actor that died little more than that it did: its node, the parent of
the process, throws the exit status away. So a process writes down what it can before it
ends, in a folder of this machine's: the call of `os._exit`, and the signals of a crash.
What leaves no word is the signal that none can leave one at.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import re
import signal
from pathlib import Path
from typing import Any, TextIO

UNMARKED = "no exit code and no crash: ended from outside, as by signal 9"
_EXIT_CODE = re.compile(r"exit code (-?\d+)")
_FAULTS = {
    "Segmentation fault": "SIGSEGV",
    "Floating-point exception": "SIGFPE",
    "Floating point exception": "SIGFPE",
    "Aborted": "SIGABRT",
    "Bus error": "SIGBUS",
    "Illegal instruction": "SIGILL",
}
# What Ray says of an actor that it ended itself, or that went with its node.
_SAID = (
    ("low on memory|OUT_OF_MEMORY", "Ray ended it: its machine ran out of memory"),
    ("its node has died|node was terminated", "its Ray node died"),
    ("killed by `ray.kill`", "ended by `ray.kill`"),
)


class LastWords:
    """What this process writes down while it runs trials.

    Args:
        directory: Of the machine that reads it; nothing is written on another.

    Attributes:
        are_read: Whether this is that machine.
    """

    def __init__(self, directory: str) -> None:
        self._file: TextIO | None = None
        self.are_read = False
        path = Path(directory, _own_name())
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError:
            return
        self.are_read = True
        faulthandler.enable(self._file, all_threads=False)
        os.register_at_fork(after_in_child=faulthandler.enable)
        self._exit, self._pid = os._exit, os.getpid()
        os._exit = self._note_exit

    def _note_exit(self, status: int) -> Any:
        if self._file is not None and os.getpid() == self._pid:
            with contextlib.suppress(OSError):
                self._file.write(f"exit code {status}\n")
                self._file.flush()
        self._exit(status)

    def forget(self) -> None:
        """Begin anew: what was written of an earlier trial did not end this one."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()


def _own_name() -> str:
    import ray

    return str(ray.get_runtime_context().get_actor_id())


def why_died(error: BaseException | None, actor: str | None, directory: str) -> str:
    """Return how an actor died, in a few words.

    Args:
        error: Ray's, if there is one.
        actor: Its id.
        directory: Where the last words of actors of this machine are.
    """
    said = str(error or "").split("Some common causes", maxsplit=1)[0]
    for pattern, meaning in _SAID:
        if re.search(pattern, said):
            return meaning
    code = _EXIT_CODE.search(said)
    if code is not None:
        return f"exit code {code[1]}"
    words = _read(actor, directory)
    if words is None:
        return "its machine's Ray logs may say why"
    code = _EXIT_CODE.match(words)
    if code is not None:
        return f"exit code {code[1]}"
    for fault, name in _FAULTS.items():
        if fault in words:
            return f"signal {int(signal.Signals[name])}"
    return UNMARKED


def _read(actor: str | None, directory: str) -> str | None:
    if actor is None:
        return None
    try:
        return Path(directory, actor).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
