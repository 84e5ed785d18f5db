"""The live display: trials done, best so far, time left; a row a study."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from hpbridge.cli.output import margin, number

if TYPE_CHECKING:
    from types import TracebackType

    from hpbridge.engine.plan import Plan
    from hpbridge.learning.session import Session
    from hpbridge.trial import FinishedTrial

# Without a terminal: a line at every new best and at so many parts of the budget.
_PARTS = 5


class Display:
    """Shows studies while they run, on standard error. A context manager."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._console = margin()
        self._is_live = self._console.is_terminal and not is_quiet
        self._is_quiet = is_quiet
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
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
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def start(self, key: str, n_trials: int) -> None:
        """Show that a study begins."""
        self._started[key] = time.monotonic()
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(
                key, total=n_trials, best="-", failed=""
            )
        if not (self._is_live or self._is_quiet):
            self._say(f"{key}: starts, {n_trials} trials")

    def start_plan(self, plan: Plan) -> None:
        """Show that a study of a comparison begins."""
        self.start(f"{plan.choice.name} {plan.seed}", plan.settings.n_trials)

    def show(self, session: Session, trial: FinishedTrial) -> None:
        """Show a finished trial; a listener of the session."""
        key = f"{session.optimizer_name} {session.seed}"
        if key not in self._tasks:
            self.start(key, session.settings.n_trials)
        n_done = session.n_done
        metric = session.experiment.main_metric
        best = "-" if session.best is None else number(session.best.metrics[metric])
        n_failed = sum(t.state.value == "failed" for t in session.finished[-1:])
        fields: dict[str, Any] = {"completed": n_done, "best": best}
        if n_failed:
            fields["failed"] = f"(trial {trial.number}: {trial.error})"[:60]
        self._progress.update(self._tasks[key], **fields)
        if not (self._is_live or self._is_quiet):
            self._say_trial(session, trial, key, best)

    def _say_trial(
        self, session: Session, trial: FinishedTrial, key: str, best: str
    ) -> None:
        n_done, n_trials = session.n_done, session.settings.n_trials
        part = max(n_trials // _PARTS, 1)
        is_news = session.best is not None and session.best.number == trial.number
        if not (is_news or n_done % part == 0 or n_done == n_trials):
            return
        spent = time.monotonic() - self._started[key]
        left = spent / max(n_done, 1) * (n_trials - n_done)
        self._say(f"{key}: {n_done}/{n_trials} trials, best {best}, {left:.0f} s left")

    def _say(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
