"""Say in a sentence what a database means by its exceptions."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from hpbridge.errors import StoreAwayError, StoreDamagedError, StoreError
from hpbridge.errors.foreign import comes_of_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Iterator

RESTORE = "restore a copy, or `sqlite3 FILE .recover`"
"""What to do with a file that SQLite finds damaged."""
_MAKE_WRITABLE = "make it writable, or choose another with --store"
_FULL = "is on a full disk", "free some space"
_NO_DATABASE = "is no database: the file holds something else"
_IS_LOCKED = "is locked by another process"
_MEANINGS: list[tuple[str, type[StoreError], str, str]] = [
    ("readonly", StoreError, "is read-only", _MAKE_WRITABLE),
    ("read-only", StoreError, "is read-only", _MAKE_WRITABLE),
    ("is locked", StoreAwayError, _IS_LOCKED, "end that process"),
    ("disk is full", StoreAwayError, *_FULL),
    ("no space left", StoreAwayError, *_FULL),
    (
        "disk i/o error",
        StoreError,
        "cannot be written",
        "check the disk, its quota and its space",
    ),
    ("not a database", StoreError, _NO_DATABASE, "choose another file with --store"),
    ("malformed", StoreDamagedError, "is corrupt", RESTORE),
    ("could not decode", StoreDamagedError, "is corrupt: holds no text", RESTORE),
    ("no such table", StoreDamagedError, "is corrupt: lacks a table", RESTORE),
    ("no such column", StoreDamagedError, "is corrupt: lacks a column", RESTORE),
    ("unsupported file format", StoreDamagedError, "is corrupt", RESTORE),
    (
        "unable to open",
        StoreError,
        "cannot be opened",
        "check that its folder exists and is writable",
    ),
]

# The package behind a database URL, and the extra of hpbridge that brings it.
_EXTRAS = {"psycopg": "postgresql", "pymysql": "mysql"}


@contextmanager
def explained(url: str, *kinds: type[Exception]) -> Iterator[None]:
    """Turn a database's exception into a `StoreError`, but for some kinds.

    Raises:
        StoreError: With what went wrong and what to do.
        KeyboardInterrupt: On Ctrl-C, also where a library makes something else of it.
    """
    handled = sys.exception()
    try:
        with _in_words(url, kinds):
            yield
    except kinds:
        raise
    except Exception as error:  # raised again
        if comes_of_ctrl_c(error, handled):
            raise KeyboardInterrupt from error
        raise


@contextmanager
def _in_words(url: str, kinds: tuple[type[Exception], ...]) -> Iterator[None]:
    try:
        yield
    except kinds:
        raise
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
    except UnicodeDecodeError as error:  # in what SQLite says of a damaged file
        raise StoreDamagedError.failed(url, "is corrupt", RESTORE) from error
    except SQLAlchemyError as error:
        original = getattr(error, "orig", None) or error
        is_gone = getattr(error, "connection_invalidated", False)
        raise meaning(url, original, is_gone=is_gone) from error


def meaning(url: str, error: BaseException, *, is_gone: bool = False) -> StoreError:
    """Return the error for what a database driver raised.

    Args:
        url: As shown to users.
        error: What it raised.
        is_gone: Whether the connection to a server was lost.
    """
    text = one_line(error)
    for word, kind, reason, hint in _MEANINGS:
        if word in text.lower():
            return kind.failed(url, reason, hint)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"OperationalError", "InterfaceError"} or is_gone:
        hint = "check that the server runs, and the name and password in the URL"
        # SQLite's own are of every kind, and none of a server.
        is_file = type(error).__module__ == "sqlite3"
        away = StoreError if is_file else StoreAwayError
        return away.failed(url, f"failed: {text}", hint)
    return StoreError.failed(url, f"failed: {text}", "--traceback shows where")


def one_line(error: BaseException) -> str:
    """Return what an exception says, in one line without its final period."""
    return " ".join(str(error).split()).rstrip(".")
