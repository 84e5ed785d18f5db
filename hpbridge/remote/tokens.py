"""Where the token is that workers must have: in a file, or in the environment.

Never on a command line, which everybody on the machine can read, and never in a record.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from hpbridge.errors import DriverError

VARIABLE = "HPBRIDGE_TOKEN"
"""The environment variable with the token."""

_LEAST = 16
_FITS = f"a line of {_LEAST} or more printable ASCII characters without spaces"


def given_token(file: str | None) -> str | None:
    """Return the token of a file, or of the environment; None where there is none.

    Raises:
        DriverError: If the file cannot be read, or it is none.
    """
    if file is not None:
        where = f"token_file {file}"
        try:
            token = Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            headline = f"No token can be read from {file}: {reason}"
            raise DriverError(headline, hint=f"write {_FITS} into it") from error
    else:
        where = f"environment variable {VARIABLE}"
        token = os.environ.get(VARIABLE, "").strip()
        if not token:
            return None
    is_text = token.isascii() and token.isprintable() and " " not in token
    if not is_text or len(token) < _LEAST:
        # It is a secret: its value is not said.
        raise DriverError(f"The token in {where} must be {_FITS}")  # noqa: EM102
    return token


def own_token_file() -> Path:
    """Return where the token is that was made for this user's own workers."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "hpbridge" / "token"


def own_token() -> str | None:
    """Return the token that was made for this user's own workers, if one was."""
    try:
        return own_token_file().read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def made_token() -> str:
    """Return the token for this user's own workers; make it where there is none.

    Raises:
        DriverError: If it cannot be kept.
    """
    found = own_token()
    if found is not None:
        return found
    file, token = own_token_file(), secrets.token_urlsafe(24)
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(number, "w", encoding="ascii") as text:  # noqa: PTH123
            text.write(token + "\n")
        new.replace(file)  # another study may make one at the same time
    except OSError as error:
        headline = f"No token can be kept in {file}: {error.strerror}"
        hint = f"set {VARIABLE}, or give --driver-option token_file=FILE"
        raise DriverError(headline, hint=hint) from error
    return own_token() or token
