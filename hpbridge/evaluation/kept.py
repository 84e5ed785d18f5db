"""Rows that are kept for trials: in memory where they are small, else in a file.

Large rows are mapped into memory while a trial runs, so that any number of processes
hold them once at most, and none between trials. Arrays of numpy are mapped, and with
them sparse matrices and the numbers in frames of pandas, as far as joblib does it; text
of pandas and frames of polars are read anew by each trial, and gone when it ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import joblib  # type: ignore[import-untyped]

from hpbridge.store.locks import lock

if TYPE_CHECKING:
    from hpbridge.evaluation.rows import Rows

MOST_IN_MEMORY = 10_000_000
"""Bytes of data from which on they are kept in a file."""

_PREFIX, _FILE, _LOCK = "hpbridge-data-", "rows.joblib", "lock"


class KeepingError(OSError):
    """Rows cannot be written to their file, or read from it."""


class Kept:
    """Rows, in memory where they are small and in a file where they are large.

    A copy that goes to another process on this machine has the file's name alone. The
    file goes with the object that made it; one that a killed process left is removed by
    the next that makes one in the same folder.

    Args:
        rows: To keep; not held on to where they are large.

    Attributes:
        n_rows: How many they are.
        is_in_file: Whether they are in a file.

    Raises:
        KeepingError: If there is no room for the file.
    """

    def __init__(self, rows: Rows) -> None:
        self.n_rows, self.is_in_file = len(rows), rows.n_bytes > MOST_IN_MEMORY
        self._rows: Rows | None = None
        self._path = ""
        if self.is_in_file:
            self._path = _write(rows, self)
        else:
            self._rows = rows.apart()

    def rows(self) -> Rows:
        """Return the rows; large ones are mapped, and read-only.

        Where nobody holds them any more, nothing of them is in memory.

        Raises:
            KeepingError: If the file is gone, or on another machine.
        """
        if self._rows is not None:
            return self._rows
        try:
            found: Rows = joblib.load(self._path, mmap_mode="r")
        except OSError as error:
            why = error.strerror or error
            msg = f"the data cannot be read from their file {self._path}: {why}"
            raise KeepingError(msg) from error
        return found

    def whole(self) -> Kept:
        """Return the same for a process that may be on another machine."""
        other = Kept.__new__(Kept)
        other.n_rows, other.is_in_file, other._path = self.n_rows, False, ""
        other._rows = self.rows()
        return other


def _write(rows: Rows, owner: object) -> str:
    """Write rows to a file that goes with its owner, and return its name."""
    _remove_orphans(Path(tempfile.gettempdir()))
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        path = folder / _FILE
        # Who has this lock is alive; the system takes it away when the process ends.
        held = lock(folder / _LOCK)
    except OSError as error:
        raise _no_room(rows, tempfile.gettempdir(), error) from error
    weakref.finalize(owner, _remove, folder, held, os.getpid())
    try:
        joblib.dump(rows, path)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _no_room(rows, tempfile.gettempdir(), error) from error
    return str(path)


def _no_room(rows: Rows, folder: str, error: OSError) -> KeepingError:
    size = f"{rows.n_bytes / 1e6:,.0f} MB of data"
    why = error.strerror or error
    msg = f"{size} cannot be kept in a file in {folder}: {why}; TMPDIR names another"
    return KeepingError(msg)


def _remove(folder: Path, held: int | None, pid: int) -> None:
    if os.getpid() != pid:
        return  # a fork: the file is its parent's
    if held is not None:
        with contextlib.suppress(OSError):
            os.close(held)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_orphans(place: Path) -> None:
    """Remove the files of processes that were killed; those of others stay."""
    for folder in place.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            # One without a lock is being made, or is another version's.
            is_orphan = not folder.is_symlink() and (folder / _LOCK).exists()
            held = lock(folder / _LOCK) if is_orphan and _is_ours(folder) else None
            if held is not None:
                os.close(held)
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Say whether a folder is of this user; where there are none, it is."""
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
