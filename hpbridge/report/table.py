"""The tables of the page, as rows of texts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.convergence import band_of
from hpbridge.analysis.summary import spread
from hpbridge.report import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.analysis.convergence import Curve
    from hpbridge.study import Study

# In this order: what matters most stands where a narrow window shows it.
_HEADERS = {
    "optimizer": "Optimizer",
    "best": "Best value",
    "trials": "Trials",
    "failed": "Failed",
    "pruned": "Pruned",
    "infeasible": "Infeasible",
    "repeats": "Repeats",
    "seconds_to_common_best": "Time to the common best",
    "objective_seconds": "In the objective",
    "optimizer_seconds": "In the optimizer",
    "stop_reasons": "Ended early",
}

# These are said in the cell of another column.
_FOLDED = {"without_best", "best_min", "best_max"}


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        cells: The first one heads the row.
        best: The places of the cells that hold the best value of their column.
        is_best: Whether the row as a whole is the best one.
    """

    cells: Sequence[str]
    best: frozenset[int] = frozenset()
    is_best: bool = False


def summary_table(
    rows: Sequence[Mapping[str, Any]], groups: Mapping[str, Sequence[Study]]
) -> dict[str, Any]:
    """Return headers and rows of the summary; columns that are not known come last.

    With one metric, the row of the best median is marked; with several, each has its
    column, and the best one of each is marked.

    Args:
        rows: As `hpbridge.analysis.summary.summarize` returns them.
        groups: The studies of each optimizer: at least one.
    """
    given = dict.fromkeys(key for row in rows for key in row if key not in _FOLDED)
    keys = [k for k in _HEADERS if k in given] + [k for k in given if k not in _HEADERS]
    headers = [_HEADERS.get(k, k.replace("_", " ").capitalize()) for k in keys]
    found = [Row([_CELLS.get(k, _other)(row, k) for k in keys]) for row in rows]
    first = next(iter(groups.values()))[0]
    best = _best_places([row.get("best") for row in rows], first.sign)
    if len(first.metrics) == 1:
        found = [replace(row, is_best=k in best) for k, row in enumerate(found)]
        return {"headers": headers, "rows": found}
    # The other metrics stand beside the main one.
    place = keys.index("best")
    headers[place : place + 1] = [f"Best {metric}" for metric in first.metrics]
    columns = [([row.cells[place] for row in found], best)]
    columns += _more_metrics(rows, groups)
    return {"headers": headers, "rows": _widened(found, place, columns)}


def _widened(
    rows: Sequence[Row], place: int, columns: Sequence[tuple[list[str], set[int]]]
) -> list[Row]:
    """Return rows with several columns, some of their cells marked, in place of one."""
    return [
        Row(
            [*row.cells[:place], *(c[k] for c, _ in columns), *row.cells[place + 1 :]],
            frozenset(place + n for n, (_, best) in enumerate(columns) if k in best),
        )
        for k, row in enumerate(rows)
    ]


def _more_metrics(
    rows: Sequence[Mapping[str, Any]], groups: Mapping[str, Sequence[Study]]
) -> list[tuple[list[str], set[int]]]:
    """Return a column for each further metric, with the rows that are the best."""
    first = next(iter(groups.values()))[0]
    columns = []
    for metric in list(first.metrics)[1:]:
        spreads = [spread(groups.get(row["optimizer"], ()), metric) for row in rows]
        best = _best_places([s["best"] for s in spreads], first.sign_of(metric))
        columns.append(([_best(s, "best") for s in spreads], best))
    return columns


def _best_places(values: Sequence[float | None], sign: int) -> set[int]:
    """Return where the best value is; nowhere if there is nothing to compare."""
    known = [sign * v for v in values if v is not None and sign * v < math.inf]
    best = min(known, default=None)
    found = {k for k, v in enumerate(values) if v is not None and sign * v == best}
    return found if len(found) < len(values) else set()


def _plain(row: Mapping[str, Any], key: str) -> str:
    return str(row[key])


def _repeats(row: Mapping[str, Any], key: str) -> str:
    without = row.get("without_best", 0)
    return (
        f"{row[key]} ({without} without a feasible trial)" if without else str(row[key])
    )


def _best(row: Mapping[str, Any], key: str) -> str:
    low, high = row.get("best_min"), row.get("best_max")
    text = texts.number(row[key])
    if low is None or low == high:
        return text
    # In a line of its own, which does not break.
    return f"{text}\n" + f"{texts.number(low)} to {texts.number(high)}".replace(
        " ", "\N{NO-BREAK SPACE}"
    )


def _seconds(row: Mapping[str, Any], key: str) -> str:
    return texts.duration(row[key])


def _reasons(row: Mapping[str, Any], key: str) -> str:
    return "; ".join(row[key]) or "no"


def _other(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None or isinstance(value, float):
        return texts.duration(value) if "seconds" in key else texts.number(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


_CELLS: dict[str, Callable[[Mapping[str, Any], str], str]] = {
    "optimizer": _plain,
    "repeats": _repeats,
    "best": _best,
    "objective_seconds": _seconds,
    "optimizer_seconds": _seconds,
    "seconds_to_common_best": _seconds,
    "stop_reasons": _reasons,
}


def milestone_table(
    repeats: Mapping[str, Sequence[Curve]], sign: int, axis: str
) -> dict[str, Any]:
    """Return the best value so far (the median over repeats) at a few round places.

    Args:
        repeats: The curves of each optimizer.
        sign: 1 when the metric is minimized, -1 when it is maximized.
        axis: What the places are.
    """
    end = max((c.end for curves in repeats.values() for c in curves), default=0.0)
    lowest = 1.0 if axis == "trials" else 0.0
    places = _milestones(lowest, end)
    rows = []
    for name, curves in repeats.items():
        band = band_of(curves, sign)
        medians = [band.median_at(place) for place in places]
        missing = sign * math.inf
        cells = [texts.number(None if m == missing else m) for m in medians]
        rows.append(Row([name, *cells]))
    headers = ["Optimizer", *map(texts.number, places)]
    return {"headers": headers, "rows": rows, "axis": axis}


def _milestones(lowest: float, end: float) -> list[float]:
    """Return 1, 2, 5, 10 ... below the end, and the end: seven places at most."""
    if end <= 0:
        return []
    exponent = math.floor(math.log10(end))
    steps = [m * 10.0**k for k in range(exponent - 2, exponent + 1) for m in (1, 2, 5)]
    return [*[s for s in steps if lowest <= s < end][-6:], end]
