"""The form of checkpoints on disk: commits, their manifests, and their removal."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILES = "files"
"""In a commit: what the trial wrote."""
MANIFEST = "manifest.json"
"""In a commit: `Commit` as JSON data."""
UNFINISHED = ".unfinished-"
"""What the name of a folder begins with until it is whole."""
HISTORY = "commits.jsonl"
"""In the folder of a trial: a line for each commit, those removed since included."""

_FORMAT = 1
_BLOCK = 1 << 20


class NotWholeError(Exception):
    """A checkpoint that cannot be gone on from.

    Args:
        why: Of it, as in "it is gone".
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Commit:
    """What a manifest says.

    Attributes:
        name: Of its folder, in the order of committing.
        study: The name of the folder of the study.
        trial: Its number.
        point: Digest of the trial's parameters and seed.
        attempt: Which attempt at the trial made it, from 1.
        step: The last that was reported; None before any.
        digest: Of all files, names and content.
        parent: The checkpoint from which it came, as ``TRIAL/NAME``; None of the first.
        created_at: Unix time, seconds.
        reports: What the trial had reported, as (step, value).
    """

    name: str
    study: str
    trial: int
    point: str
    attempt: int
    step: int | None
    digest: str
    parent: str | None
    created_at: float
    reports: tuple[tuple[int, float], ...] = ()

    @property
    def place(self) -> str:
        """Where it lies in the folder of its study."""
        return f"{self.trial}/{self.name}"

    @property
    def value(self) -> float | None:
        """What was reported last."""
        return self.reports[-1][1] if self.reports else None

    def to_json(self) -> str:
        """Return it as one line."""
        return json.dumps({"format": _FORMAT, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Commit:
        """Return what `to_json` wrote.

        Raises:
            NotWholeError: If it is nothing of that kind.
        """
        try:
            data = json.loads(text)
            if data.pop("format") != _FORMAT:
                msg = "its manifest was written by another version"
                raise NotWholeError(msg)
            reports = tuple((int(s), float(v)) for s, v in data.pop("reports"))
            return cls(**data, reports=reports)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            msg = "its manifest is damaged"
            raise NotWholeError(msg) from error


def digest_of_point(params: Mapping[str, Any], seed: int) -> str:
    """Return a digest of what a trial is: a checkpoint of another one is not its own.

    Example:
        >>> digest_of_point({"x": 1.0}, 7) == digest_of_point({"x": 2.0}, 7)
        False
    """
    import hashlib

    text = json.dumps([sorted(params.items()), seed], default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_of_files(folder: Path) -> str:
    """Return the digest of all files in a folder.

    Raises:
        OSError: If one cannot be read.
    """
    import hashlib

    folder.stat()
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = os.fsencode(path.relative_to(folder))
        if path.is_dir():
            digest.update(b"folder %d %s" % (len(name), name))
            continue
        digest.update(b"file %d %s %d" % (len(name), name, path.stat().st_size))
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def read_commit(folder: Path) -> Commit:
    """Return the manifest of a commit.

    Raises:
        NotWholeError: If it cannot be read.
    """
    try:
        return Commit.from_json((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        gone = "it is gone"
        raise NotWholeError(gone) from error
    except (OSError, UnicodeDecodeError) as error:
        unread = "its manifest cannot be read"
        raise NotWholeError(unread) from error


def check_files(folder: Path, commit: Commit) -> None:
    """Raise `NotWholeError` if the files of a commit are not as they were written."""
    try:
        found = digest_of_files(folder / FILES)
    except OSError as error:
        unread = f"its files cannot be read ({error.strerror})"
        raise NotWholeError(unread) from error
    if found != commit.digest:
        changed = "its files are not those that were written"
        raise NotWholeError(changed)


def commits_in(folder: str | os.PathLike[str]) -> list[Commit]:
    """Return the commits of a trial that are there, oldest first.

    What cannot be read is left out. Every trial pays for the look.

    Args:
        folder: Of the trial.
    """
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - of the fastest
    except OSError:
        return []
    found = []
    for name in names:
        if not name.startswith(UNFINISHED) and name != HISTORY:
            with contextlib.suppress(NotWholeError):
                found.append(read_commit(Path(folder, name)))
    return found


def history_of(folder: Path) -> list[Commit]:
    """Return every commit that a trial has made, oldest first, removed ones too."""
    lines: list[str] = []
    with contextlib.suppress(OSError, UnicodeDecodeError):
        lines = (folder / HISTORY).read_text(encoding="utf-8").splitlines()
    found: dict[str, Commit] = {}
    for line in lines:
        with contextlib.suppress(NotWholeError):  # the last may be written in part
            commit = Commit.from_json(line)
            found[commit.name] = commit
    # One whose process was killed before it could write the line.
    found |= {commit.name: commit for commit in commits_in(folder)}
    return [found[name] for name in sorted(found)]


def best_of(commits: Iterable[Commit], *, maximizes: bool) -> Commit | None:
    """Return the commit with the best value reported last; None without any value."""
    sign = -1.0 if maximizes else 1.0
    valued = [c for c in commits if c.value is not None and c.value == c.value]
    return min(valued, key=lambda c: sign * (c.value or 0.0), default=None)


def remove_commit(folder: Path) -> None:
    """Remove a commit: at once from sight, then from disk."""
    import shutil

    hidden = folder.with_name(f"{UNFINISHED}{folder.name}")
    with contextlib.suppress(OSError):
        folder.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


def sweep(folder: Path, keep: Iterable[str]) -> None:
    """Remove all commits of a trial but some, and what was not finished.

    Nobody may write there meanwhile.

    Args:
        folder: Of the trial.
        keep: Names of commits.
    """
    import shutil

    kept = {*keep, HISTORY}
    with contextlib.suppress(OSError):
        for path in [*folder.iterdir()]:
            if path.name.startswith(UNFINISHED):
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in kept:
                remove_commit(path)
