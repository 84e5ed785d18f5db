"""Ask something of a study that runs elsewhere: `enqueue`, `stop`, `more`."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Any

from hpbridge.contract.capabilities import Feature
from hpbridge.contract.registry import registry
from hpbridge.engine.opened import OpenStudy
from hpbridge.engine.turns import Turns
from hpbridge.errors import HpbridgeError, StudyOverError
from hpbridge.errors.arguments import takes, whole
from hpbridge.learning.requested import STOPPED, points_of
from hpbridge.store.record import Status
from hpbridge.store.requests import What, is_waiting, put, withdraw
from hpbridge.store.settings import OWN_LOOP, UNLIMITED

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from hpbridge.space.space import Params
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord
    from hpbridge.study import Study

# A writer looks once a second, and hears of it when it next asks for a trial.
_PATIENCE_SECONDS = 5.0
_LOOK_SECONDS = 0.1

_ENDED = {Status.FINISHED, Status.FAILED, Status.INTERRUPTED}


def enqueue(
    study: str | int | Study | OpenStudy,
    point: Mapping[str, object] | Sequence[Mapping[str, object]],
    *,
    store: str | os.PathLike[str] | Database | None = None,
) -> list[Params]:
    """Queue points by hand: a study runs them next, before what its optimizer proposes.

    The study may run elsewhere, or not at all: then they run when it goes on. They
    count as trials, and its optimizer learns of them as of any trial that it never
    proposed; where it cannot, a note of the study says so.

    Args:
        study: Its name or id, or a study.
        point: All active parameters by name, choices by their labels; or a list of
            such.
        store: Where the study is.

    Returns:
        The points in plain values.

    Raises:
        SpaceError: With everything that is wrong with them; then none is queued.

    Example:
        >>> import hpbridge as hpb
        >>> with hpb.open_study({"x": hpb.Float(-1, 1)}, "random",
        ...                     store=":memory:") as study:
        ...     points = hpb.enqueue(study, {"x": 0.5})
        ...     trial = study.ask()
        ...     done = study.tell(trial, trial["x"])
        >>> done.params, done.origin.value
        ({'x': 0.5}, 'enqueued')
    """
    if isinstance(study, OpenStudy):
        return study.enqueue(point)
    database, record = find_study(study, store)
    points = points_of(record.space, point)
    for each in points:
        put(database, record.id, What.ENQUEUE, {"params": each})
    return points


def find_study(
    study: str | int | Study, store: str | os.PathLike[str] | Database | None
) -> tuple[Database, StudyRecord]:
    """Return a study as its store has it now, and the store."""
    from hpbridge.store import open_store

    if isinstance(study, (str, int)):
        database = open_store(store)
        return database, database.study(study)
    home = study.home if store is None and study.home is not None else open_store(store)
    return home, home.study(study.name)


def learns_of_points(record: StudyRecord) -> str | None:
    """Say why a study's optimizer learns nothing of points that others propose."""
    try:
        _, algorithm = registry().algorithm(record.optimizer)
    except HpbridgeError:
        return None  # its plugin is not installed here
    can, history = algorithm.capabilities, Feature.FOREIGN_HISTORY
    if can.can(history):
        return None
    return f"{record.optimizer} does not learn from it: {can.why_not(history)}"


def stop(
    study: str | int | Study,
    *,
    store: str | os.PathLike[str] | Database | None = None,
) -> bool:
    """End a study that runs elsewhere, after its running trials.

    Returns:
        Whether it has heard; False where it will when its next trial would begin.

    Raises:
        StudyOverError: If it does not run.
    """
    database, record = find_study(study, store)
    if record.status is Status.OPEN:
        with Turns(database, record.id, hears=False).turn() as opened:
            opened.stop(STOPPED)
        return True
    if record.status in _ENDED:
        raise StudyOverError.not_running(record.name, record.status, "nothing to stop")
    return _ask(database, record, What.STOP, {}, "it has ended by itself")


@takes(n=whole(1))
def more(
    study: str | int | Study,
    n: int,
    *,
    store: str | os.PathLike[str] | Database | None = None,
) -> bool:
    """Let a study that runs elsewhere run so many trials more.

    Returns:
        Whether it has heard; False where it will when its next trial would begin.

    Raises:
        StudyOverError: If it does not run, with how to go on with it.
    """
    database, record = find_study(study, store)
    before = record.settings.budget.n_trials
    if before == UNLIMITED:
        hint = f"`hpbridge stop {shlex.quote(record.name)}` ends it"
        headline = f"Study {record.name!r} has no number of trials that could be raised"
        raise StudyOverError(headline, hint=hint)
    if record.status is Status.OPEN or (
        record.status is Status.FINISHED and record.settings.driver == OWN_LOOP
    ):
        with Turns(database, record.id, hears=False).turn() as opened:
            opened.go_on_for(n)
        return True
    words = ["hpbridge", "resume", record.name, "--trials", str(before + n)]
    hint = f"`{shlex.join(words)}` goes on with it"
    if record.status in _ENDED:
        raise StudyOverError.not_running(record.name, record.status, hint)
    return _ask(database, record, What.MORE, {"n": n}, hint)


def _ask(
    database: Database,
    record: StudyRecord,
    what: What,
    data: Mapping[str, Any],
    hint: str,
) -> bool:
    """Ask something of the writer of a study; say whether it has heard.

    Raises:
        StudyOverError: If the study ended meanwhile.
    """
    request = put(database, record.id, what, data)
    until = time.monotonic() + _PATIENCE_SECONDS
    while is_waiting(database, request):
        status = database.study(record.id).status
        if status in _ENDED and withdraw(database, request):
            raise StudyOverError.not_running(record.name, status, hint)
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
