"""The report of a search for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import DEFAULTS, DUMMY
from hpbridge.analysis.verdict import described
from hpbridge.errors import count
from hpbridge.report.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpbridge.report.search import Report

_SHOWN = ("metric", "model", "trial", "validation", "train", "test")
_WORDS = {DUMMY: "a dummy", DEFAULTS: "the defaults"}


def parts_of(report: Report) -> Iterator[Any]:
    """Return what is printed: the answer first, then what it stands on."""
    study = report.study
    n_trials = count(len(study.trials), "trial")
    yield f"Report of {study.name}: {n_trials} of {study.optimizer}"
    yield ""
    for verdict in report.verdicts:
        yield verdict.sentence
    yield from _improvements(report)
    if report.front:
        yield report.front
    for title, sentence in report.further.items():
        yield f"{title}: {sentence}"
    tables = (_short(report.table()), report.models_table(), report.data_table())
    for table in tables:
        if len(table):
            yield ""
            yield table.drawn()
    for title, lines in _lists(report).items():
        if lines:
            yield ""
            yield f"{title}:"
            yield from (f"  {line}" for line in lines)


def _improvements(report: Report) -> Iterator[str]:
    evaluated = report.evaluated
    said = {each.against for each in report.verdicts if each.where == "folds"}
    for name, found in evaluated.improvements.items():
        if name in said:
            continue  # in the verdict already
        yield (
            f"Over the folds, {evaluated.metric} is {described(found)} than that of "
            f"{_WORDS[name]}."
        )


def _short(table: Rows) -> Rows:
    """Return the table with each interval in the cell of its number."""
    rows = [
        {
            **{name: row[name] for name in ("metric", "model", "trial")},
            "validation": _between(row, "validation", "low", "high"),
            "train": None if row["train"] is None else f"{row['train']:.4g}",
            "test": _between(row, "test", "test_low", "test_high"),
        }
        for row in table
    ]
    title = "Scores, with 95 % intervals"
    return Rows(title, _SHOWN, tuple(rows))


def _between(row: Mapping[str, Any], name: str, low: str, high: str) -> str | None:
    if row[name] is None:
        return None
    text = f"{row[name]:.4g}"
    if row[low] is None or row[high] is None:
        return text
    return f"{text} ({row[low]:.4g} to {row[high]:.4g})"


def _lists(report: Report) -> dict[str, list[str]]:
    spoke = [each for each in report.findings if each.spoke]
    silent = [each.code for each in report.findings if each.spoke is False]
    not_made = [f"{f.code}: {f.sentence}" for f in report.findings if f.spoke is None]
    found = [f"{f.code} {f.title}: {f.sentence} Hint: {f.hint}" for f in spoke]
    return {
        "Checks that spoke": found,
        "Checks that were silent": [", ".join(silent)] if silent else [],
        "Checks that could not be made": not_made,
        "Missing": report.missing,
        "Notes": list(report.notes),
    }
