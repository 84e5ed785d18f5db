"""The live display: trials done, best so far, failures, time left; a row a study.

The first failure of a study is told when it happens, then they are counted; and that
workers start, which takes a moment before the first trial.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from hpbridge.analysis.failures import kind_of, line_of
from hpbridge.cli.output import margin, number
from hpbridge.cli.streams import say
from hpbridge.engine.reporting import is_news
from hpbridge.trial import Origin, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from hpbridge.engine.plan import Plan
    from hpbridge.learning.session import Session
    from hpbridge.trial import FinishedTrial

# Without a terminal: a line at every new best and at so many parts of the budget.
_PARTS = 5
# After so many trials that all failed with one error, the display says so.
_TELLING = 3


@dataclass
class _Tally:
    """What became of the trials of a study so far, and what was said of it.

    Attributes:
        is_told: Whether a failure was.
        is_warned: Whether it was said that all trials fail alike.
        n_notes: How many notes of the study were looked at.
    """

    n_done: int = 0
    n_failed: int = 0
    kinds: set[str] = field(default_factory=set)
    is_told: bool = False
    is_warned: bool = False
    n_notes: int = 0

    def count(self, trial: FinishedTrial) -> None:
        """Count a trial, unless it was imported."""
        if trial.origin is Origin.IMPORTED:
            return
        self.n_done += 1
        if trial.state is State.FAILED:
            self.n_failed += 1
            self.kinds.add(kind_of(trial.error))


class _Listener(logging.Handler):
    """Hands on what a log says.

    Args:
        tell: What takes it.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on what was said."""
        self._tell(record.getMessage())


class Display:
    """Shows studies while they run, on standard error. A context manager."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._console = margin()
        can_draw = self._console.is_terminal and not self._console.is_dumb_terminal
        self._is_live = can_draw and not is_quiet
        self._is_quiet = is_quiet
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._log = logging.getLogger("hpbridge.drivers.workers")
        self._listener = _Listener(self._tell)
        self._tallies: dict[str, _Tally] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("best {task.fields[best]}"),
            TextColumn("{task.fields[failed]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._is_live,
        )

    def __enter__(self) -> Display:
        self._progress.start()
        if not self._is_quiet and self._log.level == logging.NOTSET:
            self._log.setLevel(logging.INFO)
            self._log.addHandler(self._listener)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
        if self._listener in self._log.handlers:
            self._log.removeHandler(self._listener)
            self._log.setLevel(logging.NOTSET)

    def start(self, key: str, n_trials: int) -> None:
        """Show that a study begins."""
        self._started[key] = time.monotonic()
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(
                key, total=n_trials, best="-", failed=""
            )
        if not (self._is_live or self._is_quiet):
            say(f"{key}: starts, {n_trials} trials")

    def start_plan(self, plan: Plan) -> None:
        """Show that a study of a comparison begins."""
        self.start(f"{plan.choice.name} {plan.seed}", plan.settings.n_trials)

    def show(self, session: Session, trial: FinishedTrial) -> None:
        """Show a finished trial; a listener of the session."""
        key = f"{session.optimizer_name} {session.seed}"
        if key not in self._tasks:
            self.start(key, session.settings.n_trials)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
            for earlier in session.finished[:-1]:
                tally.count(earlier)
        tally.count(trial)
        metric = session.experiment.main_metric
        best = "-" if session.best is None else number(session.best.metrics[metric])
        failed = f"{tally.n_failed} failed" if tally.n_failed else ""
        self._progress.update(
            self._tasks[key], completed=session.n_done, best=best, failed=failed
        )
        if self._is_quiet:
            return
        if trial.state is State.FAILED:
            self._tell_failure(key, tally, trial)
        for note in session.notes[tally.n_notes :]:
            if is_news(note):
                self._tell(f"{key}: {note}")
        tally.n_notes = len(session.notes)
        if not self._is_live:
            state = f"best {best}, {failed}" if failed else f"best {best}"
            self._say_trial(session, trial, key, state)

    def _tell_failure(self, key: str, tally: _Tally, trial: FinishedTrial) -> None:
        if not tally.is_told:
            tally.is_told = True
            text = (line_of(trial.error) or "").removeprefix("failed: ")
            self._tell(f"{key}: trial {trial.number} failed: {text}")
        is_hopeless = tally.n_failed == tally.n_done and len(tally.kinds) == 1
        if is_hopeless and tally.n_failed >= _TELLING and not tally.is_warned:
            tally.is_warned = True
            count = tally.n_failed
            text = f"all {count} trials so far failed with this error; Ctrl-C stops"
            self._tell(f"{key}: {text}")

    def _tell(self, text: str) -> None:
        """Say something beside the bars, where they are."""
        if self._is_live:
            self._console.print(text, markup=False)
        else:
            say(text)

    def _say_trial(
        self, session: Session, trial: FinishedTrial, key: str, state: str
    ) -> None:
        n_done, n_trials = session.n_done, session.settings.n_trials
        part = max(n_trials // _PARTS, 1)
        is_news = session.best is not None and session.best.number == trial.number
        if not (is_news or n_done % part == 0 or n_done == n_trials):
            return
        spent = time.monotonic() - self._started[key]
        left = spent / max(n_done, 1) * (n_trials - n_done)
        say(f"{key}: {n_done}/{n_trials} trials, {state}, {left:.0f} s left")
