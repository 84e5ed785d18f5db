"""How commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial


_FILE_WIDTH = 160


def screen() -> Console:
    """Return the console for results: standard output.

    A file or a pipe has no width of its own; a table in it must not be cut at 80.
    """
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _FILE_WIDTH
    return Console(highlight=False, soft_wrap=True, width=width)


def margin() -> Console:
    """Return the console for what is said beside results: standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say_first(past: Study) -> None:
    """Say what was not certain when a study was read, before it is gone on from."""
    out = margin()
    for note in past.notes if past.settings.imported is not None else ():
        out.print(f"{past.name}: {note}", markup=False)


def print_json(data: Any) -> None:
    """Print standard JSON; a number that it cannot hold goes as a string."""
    from hpbridge.contract.numbers import standard

    sys.stdout.write(json.dumps(standard(data), indent=1) + "\n")


def number(value: object) -> str:
    """Return a number as a table shows it; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def seconds(value: float | None) -> str:
    """Return a duration as a table shows it."""
    from hpbridge.report.texts import duration

    return duration(value)


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> Table:
    """Return a table; a cell's text is shown as it is, without markup."""
    made = Table(title=title or None, title_justify="left")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(_plain(number(cell)) for cell in row))
    return made


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(text)


def params_line(params: Mapping[str, object]) -> str:
    """Return parameters in one line."""
    return ", ".join(f"{name}={number(value)}" for name, value in params.items())


def study_summary(study: Study) -> dict[str, Any]:
    """Return what a program wants to know of a study, without its trials."""
    best = study.best_by_main_metric()
    return {
        "id": study.id,
        "name": study.name,
        "experiment": study.experiment,
        "optimizer": study.optimizer,
        "seed": study.seed,
        "status": study.status,
        "stop_reason": study.stop_reason,
        "n_trials": len(study.trials),
        "metrics": dict(study.metrics),
        "best": None if best is None else trial_summary(best),
        "notes": list(study.notes),
    }


def trial_summary(trial: FinishedTrial) -> dict[str, Any]:
    """Return what a program wants to know of a trial."""
    return {
        "number": trial.number,
        "state": trial.state.value,
        "params": dict(trial.params),
        "metrics": dict(trial.metrics),
        "error": trial.error,
        "run_seconds": trial.run_seconds,
    }


def print_study(study: Study) -> None:
    """Print what a study came to."""
    out = screen()
    best = study.best_by_main_metric()
    states = ", ".join(
        f"{sum(t.state.value == state for t in study.trials)} {state}"
        for state in ("complete", "failed", "pruned")
    )
    out.print(
        f"Study {study.name} ({study.id}): {study.status}; {states}", markup=False
    )
    if study.stop_reason:
        out.print(f"Ended by: {study.stop_reason}", markup=False)
    for note in study.notes:
        out.print(f"Note: {note}", markup=False)
    if len(study.metrics) > 1:
        rows = [
            [t.number, *(t.metrics[m] for m in study.metrics), params_line(t.params)]
            for t in study.best_trials
        ]
        columns = ["trial", *study.metrics, "parameters"]
        out.print(table("Pareto front", columns, rows))
    elif best is None:
        out.print("No complete feasible trial.", markup=False)
    else:
        value = number(best.metrics[study.main_metric])
        line = f"Best: {study.main_metric}={value} in trial {best.number}"
        out.print(f"{line}: {params_line(best.params)}", markup=False)
