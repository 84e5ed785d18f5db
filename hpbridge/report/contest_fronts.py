"""The section of a contest's page on problems of several metrics: their fronts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.errors import count
from hpbridge.report import texts
from hpbridge.report.best import front_plots
from hpbridge.report.contest_sections import Section
from hpbridge.report.sections import MOST_OF_FRONT
from hpbridge.report.table import Row
from hpbridge.trial import FinishedTrial, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.analysis.contest.results import OnFront
    from hpbridge.report.contest_numbers import Numbers

MOST_FRONTS = 6
"""Problems whose fronts are drawn; of more, those at even distances in their order."""


def fronts(numbers: Numbers) -> list[Section]:
    """Return the fronts of problems with several metrics; nothing without such ones.

    Args:
        numbers: Of a contest.
    """
    found = numbers.results
    several = sorted(found.fronts)
    if not several:
        return []
    common: dict[str, Any] = {"id": "fronts", "title": "Fronts"}
    filled = [p for p in several if found.fronts[p]]
    if not filled:
        why = "no trial has a finite number for every metric."
        return [Section(**common, why_none=why)]
    drawn = _spread(filled)
    section = Section(
        **common,
        lead="Of each problem with several metrics, the trials of all runs together "
        "that no other one beats in every metric, by who found them.",
        panels=[plot for p in drawn for plot in _plots(numbers, p)],
        tables=[_table(numbers, p) for p in drawn],
        notes=_notes(several, filled, drawn),
    )
    return [section]


def _spread(problems: Sequence[int]) -> list[int]:
    """Return at most so many problems as are drawn, at even distances."""
    last, most = len(problems) - 1, min(MOST_FRONTS, len(problems))
    return [problems[round(k * last / max(most - 1, 1))] for k in range(most)]


def _notes(
    several: Sequence[int], filled: Sequence[int], drawn: Sequence[int]
) -> list[str]:
    notes = []
    if len(drawn) < len(filled):
        notes.append(
            f"Of {count(len(filled), 'problem')} with a front, {len(drawn)} are drawn, "
            "at even distances in their order; the trials of the others are in the "
            "store."
        )
    if len(filled) < len(several):
        n = len(several) - len(filled)
        notes.append(
            f"{count(n, 'problem')} with several metrics has no front: no trial has a "
            "finite number for every metric."
            if n == 1
            else f"{n} problems with several metrics have no front: no trial of theirs "
            "has a finite number for every metric."
        )
    return notes


def _plots(numbers: Numbers, problem: int) -> list[dict[str, Any]]:
    """Return the plots of one front."""
    found = numbers.results
    facts, front = found.problems[problem], found.fronts[problem]
    metrics = [metric for metric, _ in facts.metrics]
    # Optimizers without a trial on it stay, so that each has its color in every plot.
    own: dict[str, list[FinishedTrial]] = {name: [] for name in found.optimizers}
    for each in front:
        own[found.optimizers[each.optimizer]].append(_trial(each, metrics))
    return [
        {**plot, "title": f"{facts.name}: {plot['title']}"}
        for plot in front_plots(own, metrics)
    ]


def _trial(each: OnFront, metrics: Sequence[str]) -> FinishedTrial:
    values = dict(zip(metrics, each.values, strict=True))
    return FinishedTrial(each.number, State.COMPLETE, {}, {}, values)


def _table(numbers: Numbers, problem: int) -> dict[str, Any]:
    found = numbers.results
    facts, front = found.problems[problem], found.fronts[problem]
    rows = []
    for each in front[:MOST_OF_FRONT]:
        study = found.studies.get((problem, each.optimizer, each.seed))
        cells = [found.optimizers[each.optimizer], str(found.seeds[each.seed])]
        cells += [texts.NONE if study is None else str(study), str(each.number)]
        rows.append(Row([*cells, *map(texts.number, each.values)]))
    text = (
        f"{count(len(front), 'trial')} of the front of {found.problems[problem].name}"
    )
    more = len(front) - len(rows)
    return {
        "headers": [
            *("Optimizer", "Seed", "Study", "Trial"),
            *(metric for metric, _ in facts.metrics),
        ],
        "rows": rows,
        "label": f"{text}, of which the first {len(rows)} are listed" if more else text,
        "class": "numbers",
    }
