"""An estimator that looks through the memory of its process, for tests of the seal."""

from __future__ import annotations

import struct
from pathlib import Path

from sklearn.linear_model import LogisticRegression

HALF = 135914.09142295226
"""Half of what every row of a test holds: the whole is not found in this code."""


class LooksAround(LogisticRegression):
    """Refuses to be fitted where the bytes of the mark are in memory."""

    def fit(self, X, y):  # noqa: N803 - scikit-learn's name
        if found_in_memory(struct.pack("<d", HALF * 2)):
            msg = "there are rows of the test in this process"
            raise RuntimeError(msg)
        return super().fit(X, y)


def found_in_memory(pattern: bytes) -> int:
    """Return in how many mapped regions of this process there are these bytes often."""
    found = 0
    own = Path("/proc/self")
    with (own / "maps").open() as maps, (own / "mem").open("rb", 0) as memory:
        for line in maps.read().splitlines():
            low, high = (int(each, 16) for each in line.split()[0].split("-"))
            # What is of a library's file is none of ours.
            if "r" not in line.split()[1] or "[v" in line or ".so" in line:
                continue
            try:
                memory.seek(low)
                region = memory.read(high - low)
            except (OSError, ValueError, OverflowError):
                continue
            # One may be the pattern itself; a test of rows has dozens.
            found += region.count(pattern) > 10
    return found
