"""The section of a contest's page on runtimes: how many trials it takes to a target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.results import MISSING
from hpbridge.report.contest_numbers import N_TARGETS
from hpbridge.report.contest_problems import MOST_OPEN
from hpbridge.report.contest_sections import (
    Section,
    Titles,
    curve_plot,
    over,
    trials_title,
    why_not_scaled,
)
from hpbridge.report.table import Row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hpbridge.analysis.statistics.intervals import Interval
    from hpbridge.report.contest_numbers import Numbers

    Array = npt.NDArray[np.float64]

_TABLED = (9, 19, 29)
"""Which of the targets have a row of the table: a tenth, a hundredth, a thousandth."""

_LEAST_WHOLE = 100
"""Trials from which on no part of one is written."""


def runtimes(numbers: Numbers) -> Section:
    """Return the distribution of runtimes over targets, and what is expected of them.

    Args:
        numbers: Of a contest.
    """
    common: dict[str, Any] = {"id": "ecdf", "title": "Runtime to targets"}
    if not numbers.known:
        why = (
            why_not_scaled(numbers)
            if not numbers.scaled
            else "No problem's optimum is known: there are no targets that do not "
            "depend on who took part."
        )
        return Section(**common, why_none=why)
    title = f"Share of targets reached {over(numbers, numbers.known)}"
    plot = curve_plot(
        numbers,
        numbers.solved,
        numbers.places.tolist(),
        Titles(title, trials_title(numbers), "share of targets reached"),
    )
    return Section(
        **common,
        lead=f"Each problem has {N_TARGETS} targets: normalised regret from 0.8 down "
        "to 0.001, in steps of equal ratio. The line is the share of runs and targets "
        "that had been reached: the distribution of runtimes.",
        plots=[plot],
        tables=[_expected(numbers)],
        notes=[_HOW_EXPECTED],
    )


_HOW_EXPECTED = (
    "The expected running time (ERT) is the trials that all runs spent until they were "
    "at a target, by the number of runs that came to it; a run that never did has "
    "spent all its trials. Below it, its 95 % interval over seeds, from 10 runs on "
    "of which 3 came to the target, and how many did where not all of them did."
)


def _expected(numbers: Numbers) -> dict[str, Any]:
    """Return a row a problem and target: what is expected of each optimizer."""
    rows = [row for p in numbers.known for row in _rows(numbers, p)]
    first = "Regret" if numbers.is_of_one else "Problem, regret"
    return {
        "headers": [first, *numbers.results.optimizers],
        "rows": rows,
        "label": "Expected running time to a normalised regret, in trials (ERT)",
        "is_open": len(rows) <= MOST_OPEN,
        "class": "numbers",
    }


def _rows(numbers: Numbers, problem: int) -> list[Row]:
    from hpbridge.analysis.statistics.runtime import ert_interval, first_hits

    found = numbers.results
    regret = numbers.normalised(found.best[[problem]], [problem])[0]
    is_there = found.states[problem] != MISSING
    rows = []
    for target in numbers.targets[[*_TABLED]].tolist():
        hits = first_hits(regret, target)
        cells = []
        for o, own in enumerate(is_there):
            spent = found.n_told[problem, o, own]
            cells.append(_cell(hits[o, own], ert_interval(hits[o, own], spent)))
        name = f"{target:.3g}"
        if not numbers.is_of_one:
            name = f"{found.problems[problem].name}, {name}"
        rows.append(Row([name, *cells]))
    return rows


def _cell(hits: Array, expected: Interval) -> str:
    n, reached = len(hits), sum(not math.isnan(hit) for hit in hits.tolist())
    lines = [_trials(expected.value) if reached else "never reached"]
    if math.isfinite(expected.low):
        lines.append(f"{_trials(expected.low)} to {_trials(expected.high)}")
    if reached < n:
        lines.append(f"{reached} of {n} runs")
    return "\n".join(lines)


def _trials(value: float) -> str:
    return f"{value:,.0f}" if value >= _LEAST_WHOLE else f"{value:.3g}"
