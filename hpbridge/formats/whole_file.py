"""Write a file whole or not at all, and never over one that is somebody's.

A file that is there is replaced only where the user says so, or where it is a page that
hpbridge wrote, which can be made again: that bears the generator's mark.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from typing import TYPE_CHECKING

from hpbridge.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = '<meta name="generator" content="hpbridge '
"""In the head of every page of ours."""
_PAGE = re.compile(rb"\s*<!doctype html>.*" + re.escape(MARK.encode()), re.I | re.S)
_HEAD = 4096

EXISTS = "it exists already"
HINT = "choose a new file in a folder that exists"
OVERWRITE_HINT = (
    "choose a new file, or replace that one with `--overwrite`, "
    "in Python with overwrite=True"
)


def problem_of_target(
    target: Path, *, overwrite: bool = False, is_page: bool = False
) -> str | None:
    """Return why nothing may be written to a target; None where it may.

    Args:
        target: Where a file shall be.
        overwrite: Whether the user said that it may take another's place.
        is_page: Whether a page of ours shall be there, which replaces one of ours.
    """
    try:
        place = target.resolve()  # what a link leads to, not the link
        if place.is_dir():
            return "it is a folder"
        if place.exists():
            if not place.is_file():
                return "it is no file that could be replaced"
            return None if overwrite or (is_page and is_page_of_ours(place)) else EXISTS
        folder = place.parent
        if not folder.is_dir():
            return "its folder does not exist"
    except (OSError, RuntimeError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None if os.access(folder, os.W_OK) else "its folder is not writable"


def is_page_of_ours(path: Path) -> bool:
    """Say whether a file is an HTML page that bears our generator's mark."""
    with path.open("rb") as file:
        return _PAGE.match(file.read(_HEAD)) is not None


@contextlib.contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Give a path beside the target to write to; put it in place in the end.

    Its name ends as the target's does, since some writers look at that. A link stays a
    link, and what is replaced leaves its permissions.

    Raises:
        OSError: If it cannot be written.
    """
    place = target.resolve()
    part = place.with_name(f".part-{secrets.token_hex(4)}-{place.name}")
    try:
        yield part
        if place.exists():
            shutil.copymode(place, part)
        part.replace(place)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_file(form: str, target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a path to write a study to, which becomes the target when all went well.

    Args:
        form: The format, for the error.
        target: Where the file shall be.
        overwrite: Whether it takes the place of one that is there.

    Raises:
        FormatError: If there is something already, or it cannot be written.
    """
    problem = problem_of_target(target, overwrite=overwrite)
    if problem is not None:
        hint = OVERWRITE_HINT if problem == EXISTS else HINT
        raise FormatError.unwritable(form, target, [problem], hint)
    try:
        with beside(target) as part:
            yield part
    except OSError as error:
        reason = error.strerror or str(error)
        raise FormatError.unwritable(form, target, [reason], HINT) from error
