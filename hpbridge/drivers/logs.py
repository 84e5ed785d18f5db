"""The logs of the trials that run now, kept from growing without end."""

from __future__ import annotations

import time

from hpbridge.drivers.outlets import append
from hpbridge.store.logs import TrialLog

_LOOK_SECONDS = 1.0


class RunningLogs:
    """Where trials that run in other processes print."""

    def __init__(self) -> None:
        self._logs: dict[int, str] = {}
        self._looked_at = time.monotonic()

    def begin(self, job: int, path: str | None) -> None:
        """Take note that a job begins, and where it prints."""
        if path is not None:
            self._logs[job] = path

    def end(self, job: int, printed: bytes = b"") -> None:
        """Take note that a job is over.

        Args:
            job: Its number.
            printed: What it printed on another machine, or what is to be said of that.
        """
        path = self._logs.pop(job, None)
        if path is not None:
            if printed:
                append(path, printed)
            TrialLog(path).settle()

    def look(self) -> None:
        """Cut what has grown too long, once a second."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            for path in list(self._logs.values()):  # threads may end some
                TrialLog(path).cut()
