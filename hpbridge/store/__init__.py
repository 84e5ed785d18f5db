"""The record on disk: studies and their trials in any SQL database."""

from __future__ import annotations

from hpbridge.store.database import DEFAULT_STORE, Database, open_store
from hpbridge.store.writer import StudyWriter

__all__ = ["DEFAULT_STORE", "Database", "StudyWriter", "open_store"]
