"""The record on disk: studies and their trials in any SQL database.

Names are imported when they are first used: a study is read and shown without the
database's library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.lazy import lazy_names

if TYPE_CHECKING:
    from hpbridge.store.database import Database, open_store
    from hpbridge.store.place import DEFAULT_STORE
    from hpbridge.store.writer import StudyWriter

__all__ = ["DEFAULT_STORE", "Database", "StudyWriter", "open_store"]

__getattr__ = lazy_names(
    __name__,
    {
        "DEFAULT_STORE": "hpbridge.store.place",
        "Database": "hpbridge.store.database",
        "StudyWriter": "hpbridge.store.writer",
        "open_store": "hpbridge.store.database",
    },
)
