"""What one attempt at a trial saves, and begins from.

A failure to save costs the checkpoint and no more: the trial goes on, and the study
notes it. So does one that cannot go on from a checkpoint that is not whole: it goes on
from the one before, or begins anew.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.checkpoints.commits import (
    FILES,
    HISTORY,
    MANIFEST,
    UNFINISHED,
    Commit,
    NotWholeError,
    best_of,
    check_files,
    digest_of_files,
    digest_of_point,
    read_commit,
    remove_commit,
)
from hpbridge.errors.foreign import describe_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hpbridge.checkpoints.place import Place

STATE = "state.pickle"
"""The file of what `Trial.save` was given."""

Reports = tuple[tuple[int, float], ...]


class Keeper:
    """The checkpoints of one attempt at a trial.

    Args:
        place: Where they go; None for a folder that ends with this process.
        params: Of the trial, plain values.
        seed: Of the trial.

    Attributes:
        notes: What could not be saved or gone on from, and why.
        start: What the attempt goes on from; None to begin.
        last: The last that it has committed.
        is_to_pause: Whether the trial is told to pause.
        ends_trial: Whether the next commit is the end of a generator, which is closed
            there.
    """

    def __init__(
        self, place: Place | None, params: Mapping[str, Any], seed: int
    ) -> None:
        self._place, self._params, self._seed = place, params, seed
        self.notes: list[str] = []
        self.start: Commit | None = None
        self._start_folder: Path | None = None
        self.last: Commit | None = None
        self.is_to_pause = self.ends_trial = False
        self._mine: list[Commit] = []
        self._last_folder: Path | None = None
        self._temporary: str | None = None

    def begin(self) -> Reports:
        """Look for what to go on from; return what the trial had reported there."""
        for folder in map(Path, () if self._place is None else self._place.starts):
            try:
                commit = read_commit(folder)
                self._check(folder, commit)
            except NotWholeError as error:
                self._note(f"cannot go on from its checkpoint {folder}: {error}")
                continue
            self.start, self._start_folder = commit, folder
            return commit.reports
        return ()

    def _check(self, folder: Path, commit: Commit) -> None:
        place = self._place
        if place is None or commit.study != Path(place.folder).name:
            foreign = "it is of another study"
            raise NotWholeError(foreign)
        if commit.trial == place.trial and commit.point != self._point:
            foreign = "it is of other parameters"
            raise NotWholeError(foreign)
        check_files(folder, commit)

    @property
    def _point(self) -> str:
        return digest_of_point(self._params, self._seed)

    @property
    def study_folder(self) -> str | None:
        """Where the checkpoints of the study lie; None where this one has no place."""
        return None if self._place is None else self._place.folder

    @property
    def restored(self) -> Path | None:
        """The files that the attempt goes on from."""
        return self._start_folder and self._start_folder / FILES

    @property
    def saved(self) -> Path | None:
        """The files that the attempt has committed last."""
        return self._last_folder and self._last_folder / FILES

    def load(self, default: Any) -> Any:
        """Return what was saved as an object, or the default."""
        import pickle

        if self.restored is None or not (self.restored / STATE).exists():
            return default
        with (self.restored / STATE).open("rb") as file:
            return pickle.load(file)

    def save(self, state: object, reports: Sequence[tuple[int, float]]) -> None:
        """Commit an object."""
        import cloudpickle

        try:
            with self.commit(reports) as folder, (folder / STATE).open("wb") as file:
                cloudpickle.dump(state, file)
        except Exception as error:  # noqa: BLE001 - an object's own pickling
            self._note(f"its state could not be saved: {_why(error)}")

    @contextlib.contextmanager
    def commit(self, reports: Sequence[tuple[int, float]]) -> Iterator[Path]:
        """Give a folder to write to, which is committed where nothing is raised.

        Args:
            reports: What the trial has reported.

        Raises:
            GeneratorExit: Behind the commit, if that is where the trial ends.
        """
        with self._written(reports) as folder:
            yield folder
        if self.ends_trial:
            raise GeneratorExit

    @contextlib.contextmanager
    def _written(self, reports: Sequence[tuple[int, float]]) -> Iterator[Path]:
        whole, name = self._new_folder()
        unfinished = whole.with_name(f"{UNFINISHED}{name}")
        try:
            (unfinished / FILES).mkdir(parents=True)
        except OSError as error:
            self._note(f"its checkpoint could not be saved: {_why(error)}")
            with tempfile.TemporaryDirectory(prefix="hpbridge-") as nowhere:
                yield Path(nowhere)
            return
        try:
            yield unfinished / FILES
            self._finish(unfinished, whole, tuple(reports))
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _new_folder(self) -> tuple[Path, str]:
        """Return a folder for a commit, with a name behind those that are there."""
        if self._place is None:
            if self._temporary is None:
                self._temporary = tempfile.mkdtemp(prefix="hpbridge-")
                weakref.finalize(self, shutil.rmtree, self._temporary, True)
            trial = Path(self._temporary, "0", "0")
        else:
            trial = Path(self._place.folder, str(self._place.trial))
        before = self._mine[-1:] or ([self.start] if self.start else [])
        known = [int(commit.name.partition("-")[0]) for commit in before]
        with contextlib.suppress(OSError, ValueError):
            names = [p.name for p in trial.iterdir() if p.name[:1].isdigit()]
            known += [int(n.partition("-")[0]) for n in names]
        name = f"{max(known, default=0) + 1:06d}-{secrets.token_hex(4)}"
        return trial / name, name

    def _finish(self, unfinished: Path, whole: Path, reports: Reports) -> None:
        place = self._place
        before = self._mine[-1] if self._mine else self.start
        try:
            commit = Commit(
                name=whole.name,
                study=whole.parent.parent.name,
                trial=0 if place is None else place.trial,
                point=self._point,
                attempt=1 if place is None else place.attempt,
                step=reports[-1][0] if reports else None,
                digest=digest_of_files(unfinished / FILES),
                parent=None if before is None else before.place,
                created_at=time.time(),
                reports=reports,
            )
            text = commit.to_json()
            (unfinished / MANIFEST).write_text(text, encoding="utf-8")
            unfinished.rename(whole)
            self._mine.append(commit)
            self.last, self._last_folder = commit, whole
            with (whole.parent / HISTORY).open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")
            self._remove_old(whole.parent)
        except OSError as error:
            self._note(f"its checkpoint could not be saved: {_why(error)}")

    def _remove_old(self, trial: Path) -> None:
        """Remove what this attempt has committed, but for the last and the best."""
        maximizes = self._place is not None and self._place.maximizes
        best = best_of(self._mine, maximizes=maximizes)
        for commit in [c for c in self._mine if c not in (best, self.last)]:
            remove_commit(trial / commit.name)
            self._mine.remove(commit)

    def folder_of(self, commit: Commit) -> str | None:
        """Return the folder of a commit of this attempt."""
        if self._place is None:
            return None
        return str(Path(self._place.folder, commit.place))

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _why(error: Exception) -> str:
    """Return why, without the name of a folder that nobody knows."""
    said = isinstance(error, OSError) and error.strerror
    return said or describe_error(error)
