"""An agent's checkpoints where it does not see the study's folder: fetched and sent.

A trial saves into a folder of the agent's own machine. What it has committed is sent
while it runs, and before its end is told, so that another machine may go on from there.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.checkpoints.commits import (
    HISTORY,
    NotWholeError,
    check_files,
    read_commit,
)
from hpbridge.contract.attempt import Checkpoint
from hpbridge.remote.client import AwayError, Client, TurnedAwayError
from hpbridge.remote.forms import checkpoint_from_json
from hpbridge.remote.shipping import digest_of, names_in, pack_folder, unpack_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpbridge.checkpoints.place import Place

# How often a running trial is looked at.
_LOOK_SECONDS = 1.0


def begun(
    client: Client, me: dict[str, Any], data: Mapping[str, Any], folder: str
) -> tuple[Checkpoint | None, Carrier | None]:
    """Return where a job goes on from here, and what carries what it saves, if need be.

    Args:
        client: As of `Carrier`.
        me: As of `Carrier`.
        data: The job, as it came.
        folder: As of `Carrier`.
    """
    checkpoint, probe = checkpoint_from_json(data["checkpoint"]), data["probe"]
    if checkpoint is None or checkpoint.place is None:
        return checkpoint, None
    if probe is not None and Path(probe).exists():
        return checkpoint, None  # this machine sees the study's folder
    carrier = Carrier(client, me, data["id"], checkpoint.place, folder)
    return Checkpoint(checkpoint.reports, carrier.begin()), carrier


class Carrier:
    """Fetches what a job goes on from, and sends what it saves.

    Args:
        client: Of the agent; used in the agent's thread.
        me: Who the agent is, as every request says.
        job: The number of the job.
        place: Where it would save on the study's machine.
        folder: The agent's own.
    """

    def __init__(
        self, client: Client, me: dict[str, Any], job: int, place: Place, folder: str
    ) -> None:
        self._client, self._about = client, {**me, "job": job}
        self._theirs = place
        digest = hashlib.sha256(place.folder.encode(errors="replace")).hexdigest()
        self._root = Path(folder, f"saved-{digest[:16]}", Path(place.folder).name)
        self._trial = self._root / str(place.trial)
        self._sent: set[str] = set()
        self._n_history = 0
        self._looked_at = time.monotonic()

    def begin(self) -> Place:
        """Fetch the first whole checkpoint to go on from; return the place here."""
        starts = []
        for number, start in enumerate(self._theirs.starts):
            here = self._root / Path(start).parent.name / Path(start).name
            starts.append(str(here))
            if self._fetch(number, here):
                break
        self._sent = set(names_in(self._trial))  # they come from there
        self._n_history = len(self._history())
        return replace(self._theirs, folder=str(self._root), starts=tuple(starts))

    def _fetch(self, number: int, here: Path) -> bool:
        """Fetch a checkpoint, unless it is here; say whether it is whole."""
        if not here.exists():
            with contextlib.suppress(OSError, ValueError, AwayError, TurnedAwayError):
                self._unpack(number, here)
        try:
            check_files(here, read_commit(here))
        except NotWholeError:
            return False
        return True

    def _unpack(self, number: int, here: Path) -> None:
        with tempfile.TemporaryFile() as file:
            about = {**self._about, "start": number}
            digest = self._client.fetch("/fetch", about, file)
            if digest_of(file) == digest:
                unpack_folder(file, here)

    def look(self) -> None:
        """Send what is new, once a second."""
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            with contextlib.suppress(AwayError):  # the next time
                self.send()
            self._looked_at = time.monotonic()

    def send(self) -> None:
        """Send what is new, and let go there what is gone here.

        Raises:
            AwayError: If nobody answers.
        """
        names = list(names_in(self._trial))
        for name in names:
            if name not in self._sent:
                self._send(name)
        gone = self._sent.difference(names)
        if gone:
            self._tell(gone=gone)
            self._sent -= gone

    def _send(self, name: str) -> None:
        try:
            file, digest = pack_folder(self._trial / name)
        except OSError:
            return  # it was removed meanwhile: a later one is better
        with file, contextlib.suppress(TurnedAwayError):
            lines = self._history()
            about = {
                **self._about,
                "name": name,
                "digest": digest,
                "history": lines[self._n_history :],
            }
            self._client.carry("/carry", about, file)
            self._n_history = len(lines)
        self._sent.add(name)

    def _tell(self, *, gone: Iterable[str]) -> None:
        with contextlib.suppress(TurnedAwayError):
            self._client.post("/drop", {**self._about, "names": sorted(gone)})

    def _history(self) -> list[str]:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            text = (self._trial / HISTORY).read_text(encoding="utf-8")
            return text.splitlines()
        return []

    def as_theirs(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return what is said of a job with the place that the study knows."""
        checkpoint = said.get("checkpoint")
        if checkpoint is None:
            return said
        return {**said, "checkpoint": {**checkpoint, "place": asdict(self._theirs)}}

    def end(self) -> None:
        """Remove what is here: it is there."""
        shutil.rmtree(self._root, ignore_errors=True)
