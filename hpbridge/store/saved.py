"""Where the checkpoints of a study lie; see `hpbridge.checkpoints`.

``hpbridge.db-checkpoints/STUDY-CREATED``, named as the folder of its logs is. For a
database on a server it lies in the folder for state of the user who runs the study, or
where the environment variable `CHECKPOINTS_VARIABLE` says, which must be a folder that
every machine with trials can reach. For a store in memory it ends with the process.
"""

from __future__ import annotations

import functools
import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.store.logs import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.store.database import Database

CHECKPOINTS_VARIABLE = "HPBRIDGE_CHECKPOINTS"
"""Environment variable with another folder for checkpoints."""


def checkpoints_of(database: Database, study_id: int, created_at: float) -> Path:
    """Return where the checkpoints of a study lie, whether there are any or not.

    Args:
        database: That holds the study.
        study_id: The study's number there.
        created_at: Unix time, seconds.
    """
    found = folder_of(database, study_id, created_at, "checkpoints")
    if found is None:
        return _temporary(os.getpid()) / f"{study_id}-{round(created_at * 1000)}"
    root = os.environ.get(CHECKPOINTS_VARIABLE)
    return found if not root else Path(root).absolute() / _parts(found)


def _parts(folder: Path) -> Path:
    return Path(folder.parent.name, folder.name)


@functools.lru_cache(maxsize=1)
def _temporary(_pid: int) -> Path:
    """Return a folder that ends with this process, once somebody makes it."""
    import atexit
    import secrets
    import shutil
    import tempfile

    folder = Path(tempfile.gettempdir(), f"hpbridge-{secrets.token_hex(8)}")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def by_trial(paths: Iterable[str]) -> dict[str, set[str]]:
    """Return paths of checkpoints, recorded as ``NUMBER/NAME``, by their trials.

    Example:
        >>> by_trial(["7/000001-ab"])["7"], by_trial([])["8"]
        ({'7/000001-ab'}, set())
    """
    found: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        found[path.partition("/")[0]].add(path)
    return found
