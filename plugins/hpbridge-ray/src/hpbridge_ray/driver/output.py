"""What a trial on an actor prints: into its log, or sent there from another machine."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.plugin import TrialLog, led_to

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOST = b"--- what it printed on another machine is lost, where its actor died ---\n"
_LOOK_SECONDS = 1.0


class Output:
    """Where one trial on an actor prints.

    Args:
        log: The file; None to leave what is printed to Ray.
        is_here: Whether the file is one of this machine.

    Attributes:
        sent: What is to be written to the file on its own machine.
    """

    def __init__(self, log: str | None, *, is_here: bool) -> None:
        self._log, self._is_here = log, is_here
        self.sent = b""

    @contextlib.contextmanager
    def led(self) -> Iterator[None]:
        """Lead standard output and error while the body runs."""
        if self._log is None or self._is_here:
            with led_to(self._log):
                yield
            return
        with contextlib.ExitStack() as stack:
            path = None
            with contextlib.suppress(OSError):  # its disk is full: Ray keeps it
                folder = tempfile.TemporaryDirectory(
                    prefix="hpbridge-log-", ignore_cleanup_errors=True
                )
                path = str(Path(stack.enter_context(folder), "log"))
            with led_to(path):
                if path is not None:
                    stack.enter_context(_kept_short(path))
                yield
            if path is not None:
                with contextlib.suppress(OSError, ValueError):
                    self.sent = TrialLog(path).read() or b""


@contextlib.contextmanager
def _kept_short(path: str) -> Iterator[None]:
    """Cut a log where nobody else does while it is written, and when it is."""
    is_over, log = threading.Event(), TrialLog(path)

    def look() -> None:
        while not is_over.wait(_LOOK_SECONDS):
            log.cut()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def what_is_lost(words: str, actor: str | None) -> bytes:
    """Return what a log has to say when an actor died before it sent anything.

    Args:
        words: The folder of `LastWords`: actors of this machine have a file there.
        actor: Its id; None where it is not known, or there was none.
    """
    return b"" if actor is None or Path(words, actor).exists() else _LOST
