"""What the studies of a comparison have come to, when they have run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.analysis.contest.asked import run_name
from hpbridge.engine.broken import Failure, Reasons
from hpbridge.engine.life import Life
from hpbridge.errors import HpbridgeError
from hpbridge.study import Study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.engine.plan import Plan
    from hpbridge.store import Database

    Entry = Life | Study | HpbridgeError
    """A study that ran now, that had ended before, or why it could not go on."""


def note_ends(
    database: Database, comparison_id: int, entries: Sequence[tuple[Plan, Entry]]
) -> None:
    """Note in the record of a comparison which of its studies failed, and at what.

    Those that have not ended, or were interrupted, are as they were.
    """
    reasons = Reasons(database, comparison_id)
    for plan, entry in entries:
        error = entry.error if isinstance(entry, Life) else entry
        name = run_name(plan.experiment.name, plan.choice.label, plan.seed)
        if isinstance(error, HpbridgeError):
            reasons.note(name, error)
        elif not isinstance(entry, Life) or (entry.is_over and error is None):
            reasons.note(name, None)
    reasons.write()


def outcomes(
    entries: Sequence[tuple[Plan, Entry]],
) -> tuple[list[Study], tuple[Failure, ...]]:
    """Return the studies, as far as they have come, and those that failed.

    Raises:
        BaseException: What ended one, if it was no error of ours.
    """
    studies: list[Study] = []
    failures: list[Failure] = []
    for plan, entry in entries:
        study, error = _ended(entry)
        if study is not None:
            studies.append(study)
        if error is not None:
            failures.append(Failure(plan.choice.label, plan.seed, error))
    return studies, tuple(failures)


def _ended(entry: Entry) -> tuple[Study | None, HpbridgeError | None]:
    """Return the trials of a study that has ended, and what it failed at."""
    if isinstance(entry, HpbridgeError):
        return None, entry
    if isinstance(entry, Study):
        return entry, None
    if isinstance(entry.error, HpbridgeError):
        return entry.so_far(), entry.error
    return entry.study(), None
