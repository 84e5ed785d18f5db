"""Does a machine see the folder of a study's checkpoints? A file beside it tells."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpbridge.contract.execution import Job


class Probes:
    """Files that are there while studies run: nobody can guess what they are called."""

    def __init__(self) -> None:
        self._known: dict[str, str | None] = {}

    def of(self, job: Job) -> str | None:
        """Return the file beside the checkpoints of a job; None where there is none."""
        checkpoint = job.checkpoint
        if checkpoint is None or checkpoint.place is None:
            return None
        folder = checkpoint.place.folder
        if folder not in self._known:
            self._known[folder] = _made(Path(folder))
        return self._known[folder]

    def close(self) -> None:
        """Remove them, and folders that hold nothing else."""
        for folder, probe in self._known.items():
            if probe is not None:
                Path(probe).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                Path(folder).parent.rmdir()


def _made(folder: Path) -> str | None:
    probe = folder.with_name(f".seen-{secrets.token_hex(16)}")
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
    except OSError:
        return None
    return str(probe)
