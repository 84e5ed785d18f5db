"""The sections of a contest's page on its problems: values by problem, and facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.results import FAILED, MISSING
from hpbridge.report import texts
from hpbridge.report.contest_estimates import estimate
from hpbridge.report.contest_sections import Section, interval
from hpbridge.report.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.report.contest_estimates import Estimate
    from hpbridge.report.contest_numbers import Numbers

MOST_OPEN = 15
"""Problems up to which their table is open."""


def problems_table(numbers: Numbers) -> Section:
    """Return a row a problem: what each optimizer came to on it."""
    found = numbers.results
    rows = [_problem_row(numbers, p) for p in range(len(found.problems))]
    headers = ["Problem", *found.optimizers]
    table = {
        "headers": headers,
        "rows": rows,
        "label": "Mean final value by problem, with 95 % intervals over seeds",
        "is_open": len(rows) <= MOST_OPEN,
        "class": "numbers",
    }
    return Section(
        id="problems",
        title="By problem",
        lead="Values are to be minimized: those of a maximized metric have their sign "
        "turned, and of several metrics it is the hypervolume, negated. The lowest "
        "mean is marked; so is who is not told apart from it over the paired seeds "
        "(its interval of the difference holds 0). Where that is everyone, nobody is "
        "marked.",
        tables=[table, _facts_table(numbers)],
    )


def _problem_row(numbers: Numbers, p: int) -> Row:
    import numpy as np

    found = numbers.results
    final = numbers.final[p]
    finite = np.where(np.isfinite(final), final, np.nan)
    values = estimate(finite[None, :, :, None])
    means = values.mean[:, 0]
    best = int(np.nanargmin(means)) if np.isfinite(means).any() else None
    cells, marked = [], set()
    for o in range(len(found.optimizers)):
        text, is_best = _problem_cell(numbers, (p, o), values, best)
        cells.append(text)
        if is_best:
            marked.add(o + 1)
    if len(marked) == len(found.optimizers):
        marked = set()
    return Row([found.problems[p].name, *cells], frozenset(marked))


def _problem_cell(
    numbers: Numbers, place: tuple[int, int], values: Estimate, best: int | None
) -> tuple[str, bool]:
    import numpy as np

    p, o = place
    found = numbers.results
    states = found.states[p, o]
    if (states == MISSING).all():
        return "left out", False
    lines = [interval(values.at(o), digits=4)]
    is_there = states != MISSING
    empty = int((~np.isfinite(numbers.final[p, o]) & is_there).sum())
    broke = int((states == FAILED).sum())
    if empty:
        lines.append(f"{empty} of {int(is_there.sum())} without a value")
    if broke:
        lines.append(f"{broke} broke")
    is_best = best is not None and not empty and _is_alike(numbers, p, o, best)
    return "\n".join(lines), is_best


def _is_alike(numbers: Numbers, p: int, o: int, best: int) -> bool:
    """Say whether an optimizer is the best of a problem, or not told apart from it."""
    import numpy as np

    if o == best:
        return True
    difference = numbers.final[p, o] - numbers.final[p, best]
    difference = difference[np.isfinite(difference)]
    if len(difference) < 3:  # noqa: PLR2004 - no interval of fewer
        return False
    found = estimate(difference[None, None, :, None])
    return bool(found.low[0, 0] <= 0 <= found.high[0, 0])


def _facts_table(numbers: Numbers) -> dict[str, Any]:
    found = numbers.results
    rows = []
    for p, facts in enumerate(found.problems):
        optimum = texts.number(facts.optimum)
        if facts.optimum is not None and facts.optimum_of:
            optimum += f" ({facts.optimum_of})"
        keys = sorted(found.studies[run] for run in found.studies if run[0] == p)
        rows.append(
            Row(
                [
                    facts.name,
                    facts.suite or texts.NONE,
                    str(facts.dimension or texts.NONE),
                    ", ".join(sorted(facts.kinds)) or texts.NONE,
                    optimum,
                    texts.number(facts.noise),
                    _reference_point(facts),
                    f"{int(numbers.budget[p]):,}",
                    ranges(keys),
                    facts.source or texts.NONE,
                ]
            )
        )
    headers = ["Problem", "Suite", "Dimension", "Kinds", "Optimum", "Noise"]
    headers += ["Reference point", "Trials", "Studies in the store", "Source"]
    label = "What is known of the problems, and where their runs are"
    return {"headers": headers, "rows": rows, "label": label, "is_open": False}


def _reference_point(facts: Any) -> str:
    if facts.reference_point is None:
        return texts.NONE
    return ", ".join(texts.number(v) for v in facts.reference_point)


def ranges(numbers: Iterable[int]) -> str:
    """Return whole numbers in growing order as text.

    Example:
        >>> ranges([1, 2, 3, 7, 9, 10])
        '1 to 3, 7, 9 to 10'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    parts = [str(a) if a == b else f"{a} to {b}" for a, b in spans]
    return ", ".join(parts) or texts.NONE
