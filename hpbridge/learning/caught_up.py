"""Bring a session that has stood still to where its record is by now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.learning.session import Session
    from hpbridge.trial import FinishedTrial


def catch_up(
    session: Session,
    finished: Sequence[FinishedTrial],
    running: Sequence[FinishedTrial],
) -> bool:
    """Tell a session's optimizer what others were told meanwhile.

    Args:
        session: Which nobody else uses.
        finished: The trials of its record that have ended.
        running: Those that run.

    Returns:
        Whether that is all that has happened; False where others have asked, so that
        it must be relived.
    """
    by_telling = sorted(finished, key=lambda trial: trial.told)
    n_known = len(session.finished)
    asks = session.running
    known = [trial.number for trial in session.finished]
    new = by_telling[n_known:]
    if [trial.number for trial in by_telling[:n_known]] != known:
        return False
    if {trial.number for trial in [*new, *running]} != asks.keys():
        return False
    for trial in new:
        session.hear(asks[trial.number], trial)
    return True
