"""Checkpoints on their way between an agent and the study's machine: as archives.

An archive is a tar of folders and regular files, with a digest of its bytes. Names
that lead elsewhere are refused, whoever sends them.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from hpbridge.checkpoints.commits import HISTORY, UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 20


def pack_folder(folder: Path) -> tuple[IO[bytes], str]:
    """Return a folder as an archive, from its beginning, and its digest.

    Raises:
        OSError: If it cannot be read: it was removed meanwhile, perhaps.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller's
    with tarfile.open(fileobj=file, mode="w", dereference=True) as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, str(path.relative_to(folder)), recursive=False)
    file.seek(0)
    return file, digest_of(file)


def digest_of(file: IO[bytes]) -> str:
    """Return the digest of a file, and go back to its beginning."""
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def unpack_folder(file: IO[bytes], folder: Path) -> None:
    """Make a folder of an archive: whole, or not at all.

    Raises:
        OSError: If it cannot be written.
        ValueError: If the archive holds what none of ours does.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f"{UNFINISHED}{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                _unpack(archive, member, unfinished)
        if not folder.exists():  # it may have come twice
            unfinished.rename(folder)
    except tarfile.TarError as error:
        msg = f"it is no archive: {error}"
        raise ValueError(msg) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or not name.parts:
        msg = f"its name leads elsewhere: {member.name!r}"
        raise ValueError(msg)
    target = folder / name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    source = archive.extractfile(member) if member.isreg() else None
    if source is None:
        msg = f"it is no file: {member.name!r}"
        raise ValueError(msg)
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("xb") as file:
        shutil.copyfileobj(source, file, BLOCK)


def names_in(trial: Path) -> Iterator[str]:
    """Yield the names of the commits in a trial's folder, oldest first."""
    try:
        names = sorted(path.name for path in trial.iterdir())
    except OSError:
        return
    for name in names:
        if not name.startswith(UNFINISHED) and name != HISTORY:
            yield name


def is_commit(name: str) -> bool:
    """Say whether a commit may have this name."""
    return name.replace("-", "").isalnum() and name.isascii() and name != HISTORY
