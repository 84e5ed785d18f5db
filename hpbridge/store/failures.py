"""Say in a sentence what a database means by its exceptions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from hpbridge.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAKE_WRITABLE = "make it writable, or choose another with --store"
_MEANINGS = [
    ("readonly", "is read-only", _MAKE_WRITABLE),
    ("read-only", "is read-only", _MAKE_WRITABLE),
    ("database is locked", "is locked by another process", "end that process"),
    ("disk is full", "is on a full disk", "free some space and resume"),
    ("no space left", "is on a full disk", "free some space and resume"),
    ("disk i/o error", "cannot be written", "check the disk, its quota and its space"),
    (
        "not a database",
        "is no database: the file holds something else",
        "choose another file with --store",
    ),
    ("malformed", "is corrupt", "restore a copy, or `sqlite3 FILE .recover`"),
    (
        "unable to open",
        "cannot be opened",
        "check that its folder exists and is writable",
    ),
]

# The package behind a database URL, and the extra of hpbridge that brings it.
_EXTRAS = {"psycopg": "postgresql", "pymysql": "mysql"}


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn a database's exception into a `StoreError`.

    Raises:
        StoreError: With what went wrong and what to do.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name)
        extra = _EXTRAS.get(package)
        command = f"'hpbridge[{extra}]'" if extra else package
        reason = f"needs the package {package!r}, which is not installed"
        raise StoreError.failed(url, reason, f"`pip install {command}`") from error
    except (ArgumentError, NoSuchModuleError) as error:
        reason = "is no database URL: " + one_line(error)
        hint = "give a file, or a URL such as postgresql://user@host/name"
        raise StoreError.failed(url, reason, hint) from error
    except SQLAlchemyError as error:
        original = getattr(error, "orig", None) or error
        raise meaning(url, original) from error


def meaning(url: str, error: BaseException) -> StoreError:
    """Return the error for what a database driver raised."""
    text = one_line(error)
    for word, reason, hint in _MEANINGS:
        if word in text.lower():
            return StoreError.failed(url, reason, hint)
    hint = "--traceback shows where"
    if type(error).__name__ in {"OperationalError", "InterfaceError"}:
        hint = "check that the server runs, and the name and password in the URL"
    return StoreError.failed(url, f"failed: {text}", hint)


def one_line(error: BaseException) -> str:
    """Return what an exception says, in one line without its final period."""
    return " ".join(str(error).split()).rstrip(".")
