"""Say in a sentence what a database means by its exceptions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from hpbridge.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEANINGS = [
    ("readonly", "is read-only", "make it writable, or choose another with --store"),
    ("read-only", "is read-only", "make it writable, or choose another with --store"),
    ("database is locked", "is locked by another process", "end that process"),
    ("disk is full", "is on a full disk", "free some space and resume"),
    ("no space left", "is on a full disk", "free some space and resume"),
    ("disk i/o error", "cannot be written", "check the disk, its quota and its space"),
    ("not a database", "is no database: the file holds something else", "choose another file with --store"),
    ("malformed", "is corrupt", "restore a copy, or `sqlite3 FILE .recover`"),
    ("unable to open", "cannot be opened", "check that its folder exists and is writable"),
]  # fmt: skip


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn a database's exception into a `StoreError`.

    Raises:
        StoreError: With what went wrong and what to do.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        extra = "mysql" if "mysql" in str(error.name) else "postgresql"
        reason = f"needs the package {error.name!r}, which is not installed"
        hint = f"`pip install 'hpbridge[{extra}]'`"
        raise StoreError.failed(url, reason, hint) from error
    except (ArgumentError, NoSuchModuleError) as error:
        reason = f"is no database URL: {error}".splitlines()[0]
        hint = "give a file, or a URL such as postgresql://user@host/name"
        raise StoreError.failed(url, reason, hint) from error
    except SQLAlchemyError as error:
        raise _meaning(url, error) from error


def _meaning(url: str, error: SQLAlchemyError) -> StoreError:
    original = getattr(error, "orig", None) or error
    text = " ".join(str(original).split())
    for word, reason, hint in _MEANINGS:
        if word in text.lower():
            return StoreError.failed(url, reason, hint)
    hint = "check that the server runs, and the name and password in the URL"
    return StoreError.failed(url, f"failed: {text}", hint)
