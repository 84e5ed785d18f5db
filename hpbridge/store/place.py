"""Where studies are kept when nobody says so."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT_STORE = "hpbridge.db"
"""The file, in the current folder, that is used when nothing else is asked for."""

STORE_VARIABLE = "HPBRIDGE_STORE"
"""Environment variable with another default."""


def place_of(store: str | os.PathLike[str] | None) -> str:
    """Return a store by a name that means the same in every folder.

    Example:
        >>> place_of("postgresql://host/studies")
        'postgresql://host/studies'
    """
    place = os.fspath(store or os.environ.get(STORE_VARIABLE) or DEFAULT_STORE)
    return place if "://" in place else str(Path(place).absolute())
