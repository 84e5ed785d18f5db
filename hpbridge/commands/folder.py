"""The folder of a run of a command, which is kept: what it got, printed and said.

``hpbridge.db-runs/STUDY-CREATED/TRIAL``, beside the store; where checkpoints lie under
another root, beside them. A trial that runs again has ``TRIAL-2`` and so on.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpbridge.trial import Trial

RESULT, REPORTS, PRUNE = "result.json", "reports.jsonl", "prune"
"""Files that the program writes, or looks for."""
CHECKPOINT = "checkpoint"
"""The folder in which the program saves itself."""

_OF_CHECKPOINTS, _OF_RUNS = "-checkpoints", "-runs"


def runs_of(checkpoints: str) -> Path:
    """Return the folder of a study's runs, given that of its checkpoints.

    Example:
        >>> str(runs_of("/a/hpbridge.db-checkpoints/1-2"))
        '/a/hpbridge.db-runs/1-2'
    """
    folder = Path(checkpoints)
    root = folder.parent.name
    if not root.endswith(_OF_CHECKPOINTS):  # a server's, or one that ends with us
        return folder / _OF_RUNS.strip("-")
    return folder.parent.with_name(root.removesuffix(_OF_CHECKPOINTS) + _OF_RUNS) / (
        folder.name
    )


def folders_in(checkpoints: str, number: int) -> list[Path]:
    """Return the folders of a trial's runs that are there, in their order.

    Args:
        checkpoints: The folder of the checkpoints of the study.
        number: Of the trial.
    """
    found = []
    runs, n_runs = runs_of(checkpoints), 1
    while (folder := runs / _name(number, n_runs)).is_dir():
        found.append(folder)
        n_runs += 1
    return found


def _name(number: int, n_runs: int) -> str:
    return str(number) if n_runs == 1 else f"{number}-{n_runs}"


def new_folder(trial: Trial) -> Path:
    """Make the folder of a run and return it."""
    keeper = trial.keeper
    if keeper is None or keeper.study_folder is None:
        return Path(tempfile.mkdtemp(prefix="hpbridge-run-"))
    runs = runs_of(keeper.study_folder)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        return _first_free(runs, trial.number)
    except OSError as error:
        folder = Path(tempfile.mkdtemp(prefix="hpbridge-run-"))
        why = error.strerror or str(error)
        keeper.notes.append(
            f"its folder is {folder}, since {runs} cannot be made: {why}"
        )
        return folder


def _first_free(runs: Path, number: int) -> Path:
    n_runs = 1
    while True:
        folder = runs / _name(number, n_runs)
        try:
            folder.mkdir()
        except FileExistsError:
            n_runs += 1
        else:
            return folder


class _TornError(Exception):
    """The program wrote while its files were copied."""


class SavedFiles:
    """What a program saves in its folder for checkpoints.

    It begins with what the trial goes on from. What is in it when the trial reports, or
    ends, is the trial's checkpoint, unless it changes while it is copied.

    Args:
        trial: Whose.
        folder: Of the run.
    """

    def __init__(self, trial: Trial, folder: Path) -> None:
        self._trial, self.folder = trial, folder / CHECKPOINT
        restored = trial.restored
        if restored is None:
            self.folder.mkdir()
        else:
            shutil.copytree(restored, self.folder)
        self._saved = self._state()
        self._n_reports: int | None = None  # at the last checkpoint of this run

    def save(self) -> None:
        """Make a checkpoint of what is new."""
        state = self._state()
        if state and state != self._saved:
            self._commit(state)

    def _commit(self, state: list[tuple[str, int, int]]) -> None:
        try:
            with self._trial.checkpoint as commit:
                shutil.copytree(self.folder, commit, dirs_exist_ok=True)
                if self._state() != state:
                    raise _TornError
        except (_TornError, shutil.Error, FileNotFoundError):
            return  # the next one will be whole
        self._saved, self._n_reports = state, len(self._trial.reports)

    def close(self, *, is_sound: bool) -> None:
        """Save what is new, if it is sound; leave nothing that is kept elsewhere."""
        if is_sound:
            self.save()
            # It may have saved a step before we read that it had come so far.
            if self._n_reports not in {None, len(self._trial.reports)}:
                self._commit(self._state())
        shutil.rmtree(self.folder, ignore_errors=True)

    def _state(self) -> list[tuple[str, int, int]]:
        found = []
        for path in sorted(self.folder.rglob("*")):
            try:
                stat = path.lstat()
            except FileNotFoundError:
                continue
            name = str(path.relative_to(self.folder))
            found.append((name, stat.st_size, stat.st_mtime_ns))
        return found
