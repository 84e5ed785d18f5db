"""The checkpoints of a study while it runs: what trials go on from, and what is kept.

Of a trial that may go on, its last checkpoint and its best are kept. Of those that have
ended, the study keeps the best trial's, and where its optimizer lets trials go on from
others, the last of each that none goes on from yet. `KEEP_VARIABLE` keeps all.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.checkpoints.commits import best_of, commits_in, history_of, sweep
from hpbridge.checkpoints.place import Place
from hpbridge.contract.attempt import Checkpoint
from hpbridge.trial import Result, State

if TYPE_CHECKING:
    from hpbridge.checkpoints.commits import Commit
    from hpbridge.learning.ask import Ask
    from hpbridge.learning.session import Session
    from hpbridge.trial import FinishedTrial

KEEP_VARIABLE = "HPBRIDGE_KEEP_CHECKPOINTS"
"""Environment variable; where it is set, no checkpoint of a trial that ended goes."""


class Saved:
    """The checkpoints of one study.

    Args:
        session: The study.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._folder = session.writer.checkpoints
        self._was_there = Path(self._folder).exists()
        main = next(iter(session.experiment.metrics.values()))
        self._maximizes = main == "maximize"
        self._keeps_all = os.environ.get(KEEP_VARIABLE, "0") not in {"", "0"}
        self._best: int | None = None
        self._staged: set[int] = set()
        self._parents: set[int] = set()
        self._n_again = 0

    def start(self, ask: Ask, attempt: int, paused: Result | None) -> Checkpoint:
        """Return where an attempt at a trial goes on from, and where it saves.

        What is on disk counts, whoever wrote it: a process of this study that was
        killed, or a trial that was paused, or died.

        Args:
            ask: The trial.
            attempt: From 1.
            paused: What it had come to, where it had paused.
        """
        folder, number = self._folder, ask.number
        is_first = attempt == 1 and paused is None
        if is_first and ask.stage is None and not self._was_there:
            # Nobody can have saved anything, and every trial would pay for looking.
            return Checkpoint((), Place(folder, number, attempt, self._maximizes, ()))
        if self._session.experiment.is_growing and is_first:
            self._begin_anew(number)
        found = commits_in(f"{folder}/{number}")[::-1]
        if paused is not None:
            self._note_lost(number, found)
            self._n_again += len(paused.reports)
            self._n_again -= len(found[0].reports) if found else 0
        parent = None if ask.stage is None else ask.stage.parent
        if parent is not None:
            self._parents.add(parent)
            found += commits_in(f"{folder}/{parent}")[::-1]
            if not found and self._session.experiment.goes_on:
                self._session.learner.note_no_checkpoint(number, parent)
        starts = tuple(f"{folder}/{commit.place}" for commit in found)
        place = Place(folder, number, attempt, self._maximizes, starts)
        return Checkpoint(found[0].reports if found else (), place)

    def _begin_anew(self, number: int) -> None:
        """Leave what a trial saved in a process that is gone: its values are gone too.

        Where the objective defines its space while it runs, they may be others now.
        """
        folder = Path(self._folder, str(number))
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
            self._session.learner.note(
                f"trial {number} begins again, since the objective defines its space "
                "while it runs"
            )

    def _note_lost(self, number: int, found: list[Commit]) -> None:
        """Say of a checkpoint that is recorded that it is not there."""
        recorded = self._session.writer.last_commit(number)
        if recorded is None or any(c.place == recorded for c in found):
            return
        then = "goes on from the one before" if found else "begins again"
        self._session.learner.note(
            f"trial {number}: its checkpoint {self._folder}/{recorded} is gone or "
            f"cannot be read; it {then}"
        )

    def pause(self, number: int) -> None:
        """Record what a trial has saved that has paused, and remove what is old."""
        commits = self._record(number)
        if commits and not self._keeps_all:
            self._sweep(number, commits)

    def _record(self, number: int) -> list[Commit]:
        folder = f"{self._folder}/{number}"
        if not os.path.isdir(folder):  # noqa: PTH112 - every trial pays for it
            return []
        self._session.writer.add_commits(history_of(Path(folder)))
        return commits_in(folder)

    def _sweep(self, number: int, commits: list[Commit]) -> None:
        best = best_of(commits, maximizes=self._maximizes)
        keep = {each.name for each in (best, commits[-1]) if each is not None}
        sweep(Path(self._folder, str(number)), keep)

    def end(self, trial: FinishedTrial) -> None:
        """Record what a trial has saved that has ended, and keep what may be needed."""
        best = self._session.best
        if self._is_staged(trial):
            self._staged.add(trial.number)
        if best is not None and best.number == trial.number:
            former, self._best = self._best, trial.number
            if former is not None and former not in self._staged:
                self._drop(former)
        commits = self._record(trial.number)
        if not commits:
            return
        is_needed = trial.number == self._best or trial.number in self._staged
        if is_needed and not self._keeps_all:
            self._sweep(trial.number, commits)
        elif not is_needed:
            self._drop(trial.number)

    def _is_staged(self, trial: FinishedTrial) -> bool:
        """Say whether another trial may go on from one that has ended."""
        if trial.bracket is not None or trial.rung is not None:
            return True
        budget = self._session.experiment.budget
        most = None if budget is None else budget.most
        is_whole = trial.budget in {None, most}
        return trial.parent is not None or not is_whole

    def _drop(self, number: int) -> None:
        if not self._keeps_all:
            shutil.rmtree(Path(self._folder, str(number)), ignore_errors=True)

    def close(self, *, is_finished: bool) -> None:
        """Take the end of the study: remove what nothing can go on from."""
        if self._n_again > 0:
            self._session.learner.note(
                f"{self._n_again} steps ran twice, as trials that went on after a "
                "pause began behind their last report; `trial.save` right after a "
                "report lets them go on there"
            )
        if is_finished:
            for number in self._parents - {self._best}:
                self._drop(number)


def result_of(trial: FinishedTrial) -> Result:
    """Return what a recorded trial had come to when it paused."""
    return Result(
        State.PRUNED,
        reports=trial.reports,
        attributes=trial.attributes,
        native=trial.native,
    )
