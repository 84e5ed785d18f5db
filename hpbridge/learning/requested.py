"""What others ask of a study while it runs, and the points that they queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hpbridge.errors import SpaceError
from hpbridge.store.requests import What

if TYPE_CHECKING:
    from hpbridge.learning.session import Session
    from hpbridge.space.space import Params, Space
    from hpbridge.store.requests import Request

_WHAT = "A queued point"
GROWING = "the objective defines its space while it runs"

STOPPED = "stopped by request"
"""The stop reason of a study that was asked to stop from elsewhere."""


def take_requests(session: Session) -> None:
    """Do what was asked of a study since; called with its lock."""
    waiting = session.writer.inbox.waiting
    while waiting:
        request = waiting.popleft()
        if request.what is What.ENQUEUE:
            _queue(session, request)
            continue
        if request.what is What.STOP:
            session.stop(STOPPED)
        else:
            extend(session, int(request.data["n"]))
        session.writer.inbox.done(request)


def extend(session: Session, n: int) -> None:
    """Let a study run so many trials more."""
    n_trials = session.settings.n_trials + n
    session.settings = replace(session.settings, n_trials=n_trials)
    recorded = session.bounds.recorded
    if recorded is not None:
        recorded = replace(recorded, budget=replace(recorded.budget, n_trials=n_trials))
        session.bounds.recorded = recorded
        session.writer.update(settings=recorded)


def _queue(session: Session, request: Request) -> None:
    """Let a point run next, if it is one of the space."""
    try:
        if session.experiment.is_growing:
            raise SpaceError.foreign(_WHAT, [GROWING])
        point_of(session.experiment.space, request.data["params"], _WHAT)
    except SpaceError as error:  # of another version of the space, say
        session.learner.note(f"did not run: {' '.join(str(error).split())}")
        session.writer.inbox.done(request)
        return
    session.queued.append(request)


def point_of(space: Space, values: object, what: str) -> Params:
    """Return a point that is to be queued, in plain values.

    Args:
        space: Of the study.
        values: As somebody wrote it.
        what: What the error calls it.

    Raises:
        SpaceError: With everything that is wrong with it.
    """
    if not isinstance(values, dict):
        problem = f"it must be a dict of parameters, got {values!r:.200}"
        raise SpaceError.foreign(what, [problem])
    point = space.canonical(values, what)
    if space.forbids(point):
        raise SpaceError.foreign(what, [f"a clause of forbid= excludes {point!r:.300}"])
    return point


def points_of(space: Space, given: object, what: str = "The point") -> list[Params]:
    """Return points that are to be queued, in plain values.

    Args:
        space: Of the study.
        given: One point, or a list of points.
        what: What the error calls one.

    Raises:
        SpaceError: With everything that is wrong with any of them.
    """
    if not isinstance(given, Sequence) or isinstance(given, str):
        return [point_of(space, _plain(given), what)]
    points: list[Params] = []
    problems: list[str] = []
    for number, each in enumerate(given, 1):
        try:
            points.append(point_of(space, _plain(each), what))
        except SpaceError as error:
            problems += [f"point {number}: {problem}" for problem in error.reasons]
    if problems:
        msg = f"{what} of a list"
        raise SpaceError.foreign(msg, problems)
    return points


def _plain(values: object) -> object:
    return dict(values) if isinstance(values, Mapping) else values
