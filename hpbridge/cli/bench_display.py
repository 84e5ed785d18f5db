"""The live display of a bench: one bar for all of its studies."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from hpbridge.analysis.failures import kind_of
from hpbridge.bench.steps import BEGUN, ENDED, FAILED
from hpbridge.cli.output import margin
from hpbridge.cli.streams import say
from hpbridge.errors import count

if TYPE_CHECKING:
    from types import TracebackType

    from hpbridge.bench.entry import Run
    from hpbridge.bench.steps import Outlook, Step

# Without a terminal: a line at so many parts of the studies.
_PARTS = 10


class BenchDisplay:
    """Shows a bench while it runs, on standard error. A context manager."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._console = margin()
        can_draw = self._console.is_terminal and not self._console.is_dumb_terminal
        self._is_live, self._is_quiet = can_draw and not is_quiet, is_quiet
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:.0f}/{task.total:.0f} trials"),
            TextColumn("{task.fields[studies]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._is_live,
        )
        self._task = TaskID(0)
        self._outlook: Outlook | None = None
        self._trials: dict[Run, int] = {}
        self._ran: dict[Run, int] = {}
        self._n_ended = self._n_failed = 0
        self._kinds: set[str] = set()
        self._started = time.monotonic()

    def __enter__(self) -> BenchDisplay:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def start(self, outlook: Outlook) -> None:
        """Show what is to run."""
        self._outlook, self._started = outlook, time.monotonic()
        total = sum(outlook.n_trials.values())
        self._task = self._progress.add_task(outlook.name, total=total, studies="")
        if not self._is_quiet:
            there = f", {outlook.n_done:,} are there" if outlook.n_done else ""
            left = count(len(outlook.n_trials), "study", "studies")
            self._tell(f"{outlook.name}: {left} to run, {total:,} trials{there}")

    def show(self, step: Step) -> None:
        """Show what happened."""
        outlook = self._outlook
        if outlook is None or step.what == BEGUN:
            return
        self._trials[step.run] = self._ran[step.run] = step.n_trials
        if step.what in {ENDED, FAILED}:
            # What it had before, or was spared, counts as done too.
            self._trials[step.run] = outlook.n_trials[step.run]
            self._n_ended += 1
            self._n_failed += step.what == FAILED
        n_all = len(outlook.n_trials)
        studies = f"{self._n_ended}/{n_all} studies"
        studies += f", {self._n_failed} failed" if self._n_failed else ""
        n_done = sum(self._trials.values())
        self._progress.update(self._task, completed=n_done, studies=studies)
        if self._is_quiet:
            return
        if step.error is not None and kind_of(str(step.error)) not in self._kinds:
            self._kinds.add(kind_of(str(step.error)))
            self._tell(f"{step.run.name}: {step.error.line}")
        part = max(n_all // _PARTS, 1)
        is_due = self._n_ended % part == 0 or self._n_ended == n_all
        if step.what in {ENDED, FAILED} and is_due and not self._is_live:
            spent = time.monotonic() - self._started
            left = spent / max(n_done, 1) * (sum(outlook.n_trials.values()) - n_done)
            n_ran = sum(self._ran.values())
            say(f"{outlook.name}: {studies}, {n_ran:,} trials, {left:.0f} s left")

    def _tell(self, text: str) -> None:
        """Say something beside the bar, where it is."""
        if self._is_live:
            self._console.print(text, markup=False)
        else:
            say(text)
