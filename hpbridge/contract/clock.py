"""What time it is for a study: the machine's own, or one that a driver makes up."""

from __future__ import annotations

import time


class Clock:
    """The machine's own time."""

    def time(self) -> float:
        """Return Unix time, seconds."""
        return time.time()

    def seconds(self) -> float:
        """Return seconds that never go back, from whenever."""
        return time.monotonic()


REAL = Clock()
