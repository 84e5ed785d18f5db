"""How commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import shlex
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from rich.console import Console

from hpbridge.analysis.confirmed import confirmation_of
from hpbridge.analysis.members import members_of
from hpbridge.cli.codes import FOUND, OK
from hpbridge.cli.interrupted import store_words
from hpbridge.cli.streams import LEAST_WIDTH, beside, results
from hpbridge.cli.tables import Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from hpbridge.analysis.confirmed import Confirmation
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial


_FILE_WIDTH = 160


def screen() -> Console:
    """Return the console for results: standard output.

    A file or a pipe has no width of its own; a table in it must not be cut at 80.
    """
    stream = results()
    width = None if stream.isatty() or "COLUMNS" in os.environ else _FILE_WIDTH
    console = _console(stream, width)
    console.width = max(console.width, LEAST_WIDTH)
    return console


def margin() -> Console:
    """Return the console for what is said beside results: standard error."""
    return _console(beside())


def _console(stream: TextIO, width: int | None = None) -> Console:
    # What is printed is data: a study's name may be `:fire:`, or `[red]`.
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
        width=width,
    )


def say_first(past: Study) -> None:
    """Say what was not certain when a study was read, before it is gone on from."""
    out = margin()
    for note in past.notes if past.settings.imported is not None else ():
        out.print(f"{past.name}: {note}", markup=False)


def print_json(data: Any) -> None:
    """Print standard JSON; a number that it cannot hold goes as a string."""
    from hpbridge.contract.numbers import standard

    results().write(json.dumps(standard(data), indent=1) + "\n")


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
) -> Sheet:
    """Return a table; a cell's text is shown as it is, without markup."""
    return Sheet(title, columns, [[number(cell) for cell in row] for row in rows])


def tell(out: Console, sentence: str) -> None:
    """Print a sentence; a terminal, which would break names at its edge, gets lines."""
    if out.is_terminal:
        cut = partial(wrap, break_long_words=False, break_on_hyphens=False)
        lines = ["\n".join(cut(line, out.width)) for line in sentence.splitlines()]
        sentence = "\n".join(lines)
    out.print(sentence, markup=False)


def params_line(params: Mapping[str, object]) -> str:
    """Return parameters in one line."""
    shown = {n: "None" if v is None else number(v) for n, v in params.items()}
    return ", ".join(f"{name}={text}" for name, text in shown.items())


def study_summary(study: Study) -> dict[str, Any]:
    """Return what a program wants to know of a study, without its trials."""
    best = study.best_by_main_metric()
    members = [each.to_json() for each in members_of(study)]
    return {
        "id": study.id,
        "name": study.name,
        "experiment": study.experiment,
        "optimizer": study.optimizer,
        "seed": study.seed,
        "status": study.status,
        "stop_reason": study.stop_reason,
        "n_trials": len(study.trials),
        **({"n_infeasible": study.n_infeasible} if study.bounds else {}),
        "metrics": dict(study.metrics),
        "best": None if best is None else trial_summary(best),
        "stopped": None if study.stopped is None else study.stopped.to_json(),
        **({} if study.spent is None else {"spent": study.spent.to_json()}),
        **({"members": members} if members else {}),
        "errors": errors_json(study),
        "notes": list(study.notes),
    }


def errors_json(study: Study) -> list[dict[str, Any]]:
    """Return the errors of a study, the most frequent first, and how often each was."""
    return [{"error": each.error, "trials": each.count} for each in study.failures]


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


def print_study(study: Study, assumption: str = "") -> None:
    """Print what a study came to.

    Args:
        study: That ended.
        assumption: What to say beside the best value.
    """
    out = screen()
    best = study.best_by_main_metric()
    counts = {
        state: f"{sum(t.state.value == state for t in study.trials)} {state}"
        for state in ("complete", "failed", "pruned")
    }
    if study.bounds:
        counts["complete"] += f" ({study.n_infeasible} infeasible)"
    states = ", ".join(counts.values())
    out.print(
        f"Study {study.name} ({study.id}): {study.status}; {states}", markup=False
    )
    for line in _said_of(study, assumption):
        out.print(line, markup=False)
    confirmed = confirmation_of(study)
    if confirmed is not None:
        print_confirmation(confirmed)
    elif best is None:
        out.print("No complete feasible trial.", markup=False)
    elif len(study.metrics) > 1:
        rows = [
            [t.number, *(t.metrics[m] for m in study.metrics), params_line(t.params)]
            for t in study.best_trials
        ]
        columns = ["trial", *study.metrics, "parameters"]
        out.print(table("Pareto front", columns, rows))
    else:
        value = number(best.metrics[study.main_metric])
        line = f"Best: {study.main_metric}={value} in trial {best.number}"
        out.print(f"{line}: {params_line(best.params)}", markup=False)
        if best.parent is not None:
            from hpbridge.analysis.lineage import line_of

            came = line_of(study.lineage(best.number))
            out.print(f"Lineage of the best: {came}", markup=False)
        if assumption:
            margin().print(assumption, markup=False)
    print_failures(study)


def _said_of(study: Study, assumption: str) -> list[str]:
    """Return what is said of a study before its best trial."""
    stopped = study.stopped
    return [
        *([] if stopped is None else [f"{stopped.line}."]),
        *([] if study.spent is None else [f"{study.spent.sentence}."]),
        *([f"Ended by: {study.stop_reason}"] if study.stop_reason else []),
        # The assumption is said beside the best value.
        *(f"Note: {note}" for note in study.notes if note != assumption),
    ]


def print_confirmation(confirmation: Confirmation) -> None:
    """Print the winners of a search: what they were there, and what they are."""
    out = screen()
    rows = [
        [number(cell) if cell == cell else "" for cell in row.values()]  # noqa: PLR0124 - NaN
        for row in confirmation.table()
    ]
    columns = list(confirmation.table()[0])
    title = f"Trials of {confirmation.about.get('study')} that ran again"
    out.print(table(title, columns, rows))
    out.print(f"Confirmed: {confirmation.sentence}.", markup=False)
    for note in confirmation.notes:
        out.print(f"Note: {note}", markup=False)


def print_failures(study: Study) -> None:
    """Print the most frequent errors of a study, and where the rest is; if any."""
    from hpbridge.analysis.failures import sentences_of

    failures = study.failures
    if not failures:
        return
    out = screen()
    for sentence in sentences_of(failures):
        out.print(sentence, markup=False)
    if study.id:
        number = str(failures[0].numbers[0])
        words = ["hpbridge", "show", study.name, number, *store_words()]
        out.print(f"`{shlex.join(words)}` shows one of them in full.", markup=False)


def outcome_json(study: Study, confirmation: Confirmation | None) -> dict[str, Any]:
    """Return what a program wants to know of a study that has just run."""
    summary = study_summary(study)
    if confirmation is not None:
        summary["confirmation"] = confirmation.to_json()
    return summary


def print_outcome(
    study: Study,
    *,
    as_json: bool,
    assumption: str = "",
    confirmation: Confirmation | None = None,
) -> int:
    """Print what a study came to that has just run, and return the exit code."""
    if as_json:
        print_json(outcome_json(study, confirmation))
    else:
        print_study(study, assumption)
        if confirmation is not None:
            print_confirmation(confirmation)
    return OK if study.has_result else FOUND
