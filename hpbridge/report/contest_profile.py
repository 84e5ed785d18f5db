"""The sections of a contest's page on what optimizers cost, and where they are good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.report import texts
from hpbridge.report.contest_figures import Point, rows_figure
from hpbridge.report.contest_sections import (
    Section,
    Titles,
    curve_plot,
    interval,
    trials_title,
    why_no_ranks,
)
from hpbridge.report.table import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.report.contest_estimates import Estimate
    from hpbridge.report.contest_numbers import Numbers

_FEW_GROUPS = 6
_EDGES = (1, 2, 4, 8, 16, 32)


def overhead(numbers: Numbers) -> Section:
    """Return how long the optimizers themselves took."""
    import numpy as np

    common: dict[str, Any] = {"id": "overhead", "title": "Optimizer overhead"}
    per_trial = numbers.overhead
    names = numbers.results.optimizers
    if not numbers.shared or not np.isfinite(per_trial.mean).any():
        return Section(**common, why_none="No run was timed.")
    curve = curve_plot(
        numbers,
        numbers.overheads,
        numbers.places.tolist(),
        Titles(
            "Seconds spent asking and telling, mean over runs",
            trials_title(numbers),
            "seconds in the optimizer",
            "log",
            is_smooth=True,
        ),
    )
    points = [Point(name, o, *per_trial.at(o)) for o, name in enumerate(names)]
    title = "Milliseconds a trial in the optimizer"
    rows_of = [(p.name, [_in_milliseconds(p)]) for p in points]
    figure = rows_figure(rows_of, "milliseconds a trial", "log")
    figure["layout"]["showlegend"] = False
    rows = [
        Row(
            [
                p.name,
                interval((1000 * p.value, 1000 * p.low, 1000 * p.high)),
                _share(numbers, o),
            ]
        )
        for o, p in enumerate(points)
    ]
    table = {
        "headers": ["Optimizer", "ms a trial", "Of the time of its runs"],
        "rows": rows,
    }
    return Section(
        **common,
        lead="Asking and telling, apart from the objective; measured while other "
        "studies of the contest may have run on the same machine.",
        plots=[
            {
                "title": title,
                "description": "Points with 95 % intervals; the table has the numbers.",
                "figure": figure,
                "table": table,
                "class": "rows",
                "rows": len(points),
            },
            curve,
        ],
    )


def _in_milliseconds(point: Point) -> Point:
    ends = (1000 * point.value, 1000 * point.low, 1000 * point.high)
    return Point(point.name, point.index, *ends)


def _share(numbers: Numbers, optimizer: int) -> str:
    import numpy as np

    found = numbers.results
    spent = np.nanmax(found.optimizer_seconds[:, optimizer], axis=2, initial=0).sum()
    total = np.nanmax(found.seconds[:, optimizer], axis=2, initial=0).sum()
    return f"{spent / total:.0%}" if total > 0 else texts.NONE


Groups = list[tuple[str, list[int]]]


def profile(numbers: Numbers, rank_of: Callable[[list[int]], Estimate]) -> Section:
    """Return how the optimizers fare by dimension and by kind of problem.

    Args:
        numbers: Of the contest.
        rank_of: Returns mean ranks at the full budget over some problems; shape (O, 1).
    """
    common: dict[str, Any] = {"id": "profile", "title": "By dimension and kind"}
    if why := why_no_ranks(numbers):
        return Section(**common, why_none=why)
    groups = [*_by_dimension(numbers), *_by_kind(numbers)]
    if len({tuple(those) for _, those in groups}) < 2:  # noqa: PLR2004 - all alike
        why = "All problems are of one dimension and kind, or nothing is known of them."
        return Section(**common, why_none=why)
    names = numbers.results.optimizers
    found = [(name, those, rank_of(those)) for name, those in groups]
    rows = []
    table_rows = []
    for name, those, ranks in found:
        label = f"{name} ({len(those)})"
        cells = [ranks.at(o) for o in range(len(names))]
        rows.append((label, [Point(names[o], o, *c) for o, c in enumerate(cells)]))
        means = [c[0] for c in cells]
        best = frozenset(o + 1 for o, m in enumerate(means) if m == min(means))
        table_rows.append(Row([label, *(interval(c) for c in cells)], best))
    figure = rows_figure(rows, "mean rank, 1 is best", "linear")
    title = "Mean rank at the full budget, by dimension and kind (number of problems)"
    return Section(
        **common,
        plots=[
            {
                "title": title,
                "description": "Points with 95 % intervals; the table has the numbers.",
                "figure": figure,
                "table": {"headers": ["Problems", *names], "rows": table_rows},
                "class": "rows",
                "rows": len(rows) * max(1, len(names) // 3),
            }
        ],
        notes=["A group of few problems says little: its intervals are wide."],
    )


def _by_dimension(numbers: Numbers) -> Groups:
    facts = numbers.results.problems
    known = [p for p in numbers.shared if facts[p].dimension > 0]
    dimensions = sorted({facts[p].dimension for p in known})
    if len(dimensions) <= _FEW_GROUPS:
        edges = [(d, d) for d in dimensions]
    else:
        ends = [*(e - 1 for e in _EDGES[1:]), max(dimensions)]
        edges = [(a, b) for a, b in zip(_EDGES, ends, strict=True) if a <= b]
    groups = [
        (
            f"dimension {low}" if low == high else f"dimension {low} to {high}",
            [p for p in known if low <= facts[p].dimension <= high],
        )
        for low, high in edges
    ]
    return [group for group in groups if group[1]]


def _by_kind(numbers: Numbers) -> Groups:
    facts = numbers.results.problems
    kinds = sorted({kind for p in numbers.shared for kind in facts[p].kinds})
    return [(k, [p for p in numbers.shared if k in facts[p].kinds]) for k in kinds]
