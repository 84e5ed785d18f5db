"""The studies of a comparison that failed, kept in its record with the reason.

One that fails before it has a record of its own leaves no other trace.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.asked import FAILED, asked_of, run_name
from hpbridge.contract.wire import error_to_json
from hpbridge.errors import StoreError
from hpbridge.store.record import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.analysis.contest.asked import Asked
    from hpbridge.errors import HpbridgeError
    from hpbridge.store import Database
    from hpbridge.store.record import ComparisonRecord, StudyRecord

_APART_SECONDS = 1.0


@dataclass(frozen=True)
class Failure:
    """A study of a comparison that failed.

    Attributes:
        optimizer: Backend and algorithm, as in ``optuna:tpe``.
        problem: Of a suite; empty where there is one experiment.
    """

    optimizer: str
    seed: int
    error: HpbridgeError
    problem: str = ""

    @property
    def name(self) -> str:
        """As in ``optuna:tpe seed 3``, or ``optuna:tpe on branin, seed 3``."""
        if self.problem:
            return run_name(self.problem, self.optimizer, self.seed)
        return f"{self.optimizer} seed {self.seed}"


class Reasons:
    """Keeps in the record of a comparison why studies of it failed.

    Args:
        database: Where it is.
        comparison_id: Of the comparison, which nobody else runs.
    """

    def __init__(self, database: Database, comparison_id: int) -> None:
        self._database, self._key = database, comparison_id
        self._changes: dict[str, HpbridgeError | None] = {}
        self._at = 0.0

    def note(self, name: str, error: HpbridgeError | None) -> None:
        """Note how a study ended: what it failed at, or None where it did not fail.

        It is written now and then, and by `write`.
        """
        self._changes[name] = error
        now = time.monotonic()
        if error is not None and now - self._at >= _APART_SECONDS:
            self.write()
            self._at = now

    def write(self) -> None:
        """Write what was noted since.

        A store that fails is no reason to end a comparison: its studies say so.
        """
        with contextlib.suppress(StoreError):
            known = (c for c in self._database.comparisons() if c.id == self._key)
            for record in known:
                self._write(record)

    def _write(self, record: ComparisonRecord) -> None:
        settings = settings_in(record)
        before = settings.get(FAILED)
        failed = dict(before) if isinstance(before, dict) else {}
        for name, error in self._changes.items():
            failed.pop(name, None)
            if error is not None:
                failed[name] = error_to_json(error)
        if failed != (before or {}) and settings:
            text = json.dumps({**settings, FAILED: failed}, sort_keys=True)
            self._database.update_comparison(self._key, text)
        self._changes.clear()


def settings_in(record: ComparisonRecord) -> dict[str, Any]:
    """Return what a comparison was asked for; nothing where that is damaged."""
    try:
        settings = json.loads(record.settings)
    except (TypeError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def ask_anew(database: Database, record: ComparisonRecord, settings: str) -> None:
    """Change what a comparison was asked for, if it changed; reasons stay."""
    wanted, known = json.loads(settings), settings_in(record)
    if FAILED in known:
        wanted[FAILED] = known[FAILED]
    if wanted != known:
        database.update_comparison(record.id, json.dumps(wanted, sort_keys=True))


def failures_in(
    record: ComparisonRecord, studies: Iterable[StudyRecord]
) -> tuple[Failure, ...]:
    """Return the studies of a comparison that failed, as its record has them.

    Args:
        record: Of the comparison.
        studies: Of it, as they are by now: one that went on by itself is whole.
    """
    asked = asked_of(record.experiment, record.settings)
    if asked is None:
        return ()
    whole = {
        run_name(study.experiment, study.label, study.seed or 0)
        for study in studies
        if study.status is Status.FINISHED
    }
    found = []
    for problem, optimizer, seed in asked.runs():
        name = run_name(problem, optimizer, seed)
        error = asked.failed.get(name)
        if error is not None and name not in whole:
            where = problem if asked.suite else ""
            found.append(Failure(optimizer, seed, error, where))
    return tuple(found)


def with_failures(asked: Asked | None, failures: Iterable[Failure]) -> Asked | None:
    """Return what a comparison of one experiment was to run, with what failed."""
    if asked is None:
        return None
    (problem,) = asked.problems
    failed = {run_name(problem, f.optimizer, f.seed): f.error for f in failures}
    return replace(asked, failed=failed)


def left_out_in(record: ComparisonRecord) -> dict[str, str]:
    """Return what a comparison left out, and why, as its record has it."""
    found = settings_in(record).get("skipped")
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
