"""What trials print, where several run at once: a file a trial, beside the store.

``hpbridge.db-logs/STUDY-CREATED/TRIAL.log``: the study's number, and when it began in
milliseconds, so that no store that is made anew finds the logs of another. Those of a
database on a server lie in the folder for state of the user who ran the study; a store
in memory has none. They are kept until somebody removes them.

A log holds what the trial wrote to standard output and error, of every attempt. Of one
that grows beyond `LIMIT_BYTES` the first and the last half are kept. While its trial
runs, the first half lies beside it, and what was last before it was cut.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpbridge.store.database import Database

LIMIT_BYTES = 1 << 20
"""How much of a log is kept."""

_HALF = LIMIT_BYTES // 2
_FIRST, _LAST = ".first", ".last"


def folder_of(
    database: Database, study_id: int, created_at: float, what: str = "logs"
) -> Path | None:
    """Return where the logs of a study lie, whether there are any or not.

    Args:
        database: That holds the study.
        study_id: The study's number there.
        created_at: Unix time, seconds.
        what: Other files that lie beside a store, by a name of their own.

    Returns:
        The folder; None of a store in memory.
    """
    study = f"{study_id}-{round(created_at * 1000)}"
    if not database.is_sqlite:
        import hashlib

        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        name = hashlib.sha256(database.url.encode(errors="replace")).hexdigest()[:16]
        return Path(state) / "hpbridge" / what / name / study
    place = database.engine.url.database
    if not place or place == ":memory:":
        return None
    file = Path(place).absolute()
    return file.with_name(f"{file.name}-{what}") / study


def name_of(number: int) -> str:
    """Return the name of a trial's log in its study's folder."""
    return f"{number}.log"


class TrialLog:
    """The log of one trial, while and after it is written.

    What fails here costs a part of the log and no more.

    Args:
        path: Of the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._first = self._path.with_name(self._path.name + _FIRST)
        self._last = self._path.with_name(self._path.name + _LAST)

    def cut(self) -> None:
        """Shorten it if it is too long, while others write to its end."""
        with contextlib.suppress(OSError, ValueError):
            if self._path.stat().st_size > LIMIT_BYTES:
                self._cut()

    def _cut(self) -> None:
        n_left_out, earlier = self._kept_last()
        with self._path.open("r+b") as file:
            if not self._first.exists():
                self._first.write_bytes(file.read(_HALF))
            begin, end = file.tell(), file.seek(0, os.SEEK_END)
            file.seek(max(begin, end - _HALF))
            last = file.read()
            n_left_out += len(earlier) + file.tell() - begin - len(last)
            self._last.write_bytes(b"%d\n" % n_left_out + last)
            file.truncate(0)

    def _kept_last(self) -> tuple[int, bytes]:
        """Return how many bytes are left out, and those that come after them."""
        try:
            count, _, rest = self._last.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return 0, b""
        return int(count), rest

    def settle(self) -> None:
        """Make it one file, when nobody is to write to it any more; none if empty."""
        with contextlib.suppress(OSError, ValueError):
            size = self._path.stat().st_size
            if not size and not self._first.exists():
                self._path.unlink()
            elif size > LIMIT_BYTES or self._first.exists():
                self.cut()
                whole = self._path.with_name(self._path.name + ".whole")
                whole.write_bytes(self.read() or b"")
                whole.replace(self._path)
                self._first.unlink(missing_ok=True)
                self._last.unlink(missing_ok=True)

    def read(self) -> bytes | None:
        """Return what is kept of it; None if there is none.

        Raises:
            OSError: If it cannot be read.
        """
        try:
            live = self._path.read_bytes()
        except FileNotFoundError:
            return None
        if not self._first.exists():
            return live
        n_left_out, last = self._kept_last()
        rest = last + live
        n_left_out += max(len(rest) - _HALF, 0)
        gap = b"\n--- %d bytes left out ---\n" % n_left_out if n_left_out else b""
        return self._first.read_bytes() + gap + rest[-_HALF:]
