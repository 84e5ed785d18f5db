"""The plots of a contest: lines with intervals, a diagram of ranks, points by group."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.report.axes import axis_of, short, text_of
from hpbridge.report.figures import DASHES, N_COLORS, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpbridge.report.figures import Figure

LONGEST_NAME = 22
"""Of an optimizer's name beside a plot; its end and its beginning are kept."""

_ROOM = 0.35
_BAR = 0.55


@dataclass(frozen=True)
class Line:
    """A line with the interval around it.

    Attributes:
        name: Of the optimizer.
        index: Its place among all, by which it has its color in every plot.
        x: Where it is known.
        y: What it is there.
        low: Lower end of the interval; empty where there is none.
        high: Upper end.
        steps: Whether it holds its value until the next place.
    """

    name: str
    index: int
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    steps: bool = True


@dataclass(frozen=True)
class Point:
    """A number in a row of a plot, with its interval.

    Attributes:
        name: Of the optimizer.
        index: Its place among all.
        value: Where the point is.
        low: Lower end of the interval; NaN where there is none.
        high: Upper end.
    """

    name: str
    index: int
    value: float
    low: float = math.nan
    high: float = math.nan


def lines_figure(
    lines: Iterable[Line],
    x_axis: Mapping[str, Any],
    y_axis: Mapping[str, Any],
    level: tuple[str, float] | None = None,
) -> Figure:
    """Return lines with their intervals.

    Args:
        lines: One an optimizer; those of nothing are left out.
        x_axis: Of plotly's layout.
        y_axis: As `x_axis`.
        level: Name and value of a horizontal line to compare with.
    """
    data: list[dict[str, Any]] = []
    places: list[float] = []
    is_log = y_axis.get("type") == "log"
    for line in lines:
        data += _line_traces(line, is_log=is_log)
        places += line.x
    if level is not None and places:
        name, value = level
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": text_of(name),
                "x": [short(min(places)), short(max(places))],
                "y": [short(value)] * 2,
                "line": {"color": "--muted", "dash": "dot", "width": 1.5},
            }
        )
    layout = {"xaxis": dict(x_axis), "yaxis": dict(y_axis), "showlegend": True}
    return {"data": data, "layout": layout}


def _line_traces(line: Line, *, is_log: bool) -> list[dict[str, Any]]:
    known = [k for k, y in enumerate(line.y) if math.isfinite(y)]
    if is_log:
        known = [k for k in known if line.y[k] > 0]
    if not known:
        return []
    name = text_of(line.name)
    look = {
        "color": f"--c{line.index % N_COLORS}",
        "dash": DASHES[line.index % len(DASHES)],
        "width": 2.5,
        "shape": "hv" if line.steps else "linear",
    }
    x = [short(line.x[k]) for k in known]
    common = {"type": "scatter", "mode": "lines", "name": name, "legendgroup": name}
    traces = []
    if len(line.low):
        lows = [_end(line.low[k], line.y[k], is_log=is_log) for k in known]
        highs = [_end(line.high[k], line.y[k], is_log=is_log) for k in known]
        edge = {"color": look["color"], "width": 0, "shape": look["shape"]}
        hidden = {**common, "x": x, "line": edge, "showlegend": False}
        hidden["hoverinfo"] = "skip"
        fill = {"fill": "tonexty", "fillcolor": look["color"]}
        traces = [{**hidden, "y": lows}, {**hidden, "y": highs, **fill}]
    drawn = {"x": x, "y": [short(line.y[k]) for k in known], "line": look}
    return [*traces, {**common, **drawn, "name": name}]


def _end(end: float, value: float, *, is_log: bool) -> float:
    """Return an end of an interval, or the value itself where there is none."""
    is_there = math.isfinite(end) and (end > 0 or not is_log)
    return short(end if is_there else value)


def ranks_figure(
    ranks: Sequence[tuple[str, int, float]],
    groups: Sequence[tuple[int, int]],
    critical: float | None = None,
) -> Figure:
    """Return a critical-difference diagram: mean ranks, and who is not told apart.

    Every optimizer has a row with its name, so that no two names overlap, and a line
    from there to its place on the axis. No two of these lines cross.

    Args:
        ranks: Name, place among all and mean rank of each optimizer, the best first.
        groups: First and last row of those that are not told apart: a bar each.
        critical: The critical difference, drawn above; None where groups are by pairs.
    """
    n_bars = len(groups)
    top = n_bars * _BAR + _ROOM
    data = []
    for row, (name, index, rank) in enumerate(ranks):
        at = short(rank)
        depth = short(top + _ROOM + row)
        color = f"--c{index % N_COLORS}"
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": text_of(name),
                "x": [at, at, 0.95],
                "y": [0, depth, depth],
                "line": {"color": color, "width": 1.5},
                "marker": {"color": color, "size": [9, 0, 0], "opacity": 1},
                "hoverinfo": "name+x",
            }
        )
    for place, (first, last) in enumerate(groups):
        depth = short(_ROOM + (place + 0.25) * _BAR)
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [short(ranks[first][2]), short(ranks[last][2])],
                "y": [depth, depth],
                "line": {"color": "--text", "width": 5},
                "hoverinfo": "skip",
            }
        )
    rows = [short(top + _ROOM + row) for row in range(len(ranks))]
    names = [f"{text_of(name, LONGEST_NAME)}  {rank:.2f}" for name, _, rank in ranks]
    lowest = -0.3
    if critical is not None and critical > 0:
        lowest = -1.2
        data.append(_critical(critical))
    ends = [1, max(len(ranks), 2)]
    layout = {
        "xaxis": {
            "title": {"text": "mean rank, 1 is best"},
            "side": "top",
            "range": [ends[0] - 0.05, ends[1] + 0.05],
            "tick0": 1,
            "dtick": 1 if ends[1] <= 12 else 2,  # noqa: PLR2004 - as ticks fit
            "zeroline": False,
        },
        "yaxis": {
            "title": {"text": ""},
            "range": [top + _ROOM + len(ranks) - 0.4, lowest],
            "tickmode": "array",
            "tickvals": rows,
            "ticktext": names,
            "showgrid": False,
            "zeroline": False,
        },
        "showlegend": False,
    }
    return {"data": data, "layout": layout}


def _critical(critical: float) -> dict[str, Any]:
    end = short(1 + critical)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"critical difference {critical:.3g}",
        "x": [1, end],
        "y": [-0.75, -0.75],
        "line": {"color": "--muted", "width": 2},
        "marker": {"symbol": "line-ns-open", "size": 10, "color": "--muted"},
        "hoverinfo": "name",
    }


def rows_figure(
    rows: Sequence[tuple[str, Sequence[Point]]],
    title: str,
    scale: str = "",
    level: float | None = None,
) -> Figure:
    """Return points in rows, one row a group, one point an optimizer.

    Args:
        rows: Name of each row, and its points.
        title: Of the axis of the points.
        scale: As of `hpbridge.report.axes.axis_of`.
        level: Of a vertical line to compare with.
    """
    by_name: dict[str, list[tuple[float, Point]]] = {}
    for row, (_, points) in enumerate(rows):
        known = [p for p in points if math.isfinite(p.value)]
        for place, point in enumerate(known):
            # Points of one row stand below each other.
            shift = 0.0 if len(known) == 1 else 0.6 * place / (len(known) - 1) - 0.3
            by_name.setdefault(point.name, []).append((row + shift, point))
    data = [_row_trace(name, found) for name, found in by_name.items()]
    values = [
        value
        for found in by_name.values()
        for _, p in found
        for value in (p.value, p.low, p.high)
        if math.isfinite(value)
    ]
    if level is not None and values:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [short(level)] * 2,
                "y": [-0.5, len(rows) - 0.5],
                "line": {"color": "--muted", "dash": "dot", "width": 1.5},
                "showlegend": False,
                "hoverinfo": "skip",
            }
        )
    layout = {
        "xaxis": axis_of(title, values, scale),
        "yaxis": {
            "title": {"text": ""},
            "range": [len(rows) - 0.5, -0.5],
            "tickmode": "array",
            "tickvals": list(range(len(rows))),
            "ticktext": [text_of(name, LONGEST_NAME) for name, _ in rows],
            "zeroline": False,
        },
        "showlegend": len(by_name) > 1,
    }
    return {"data": data, "layout": layout}


def _row_trace(name: str, found: Sequence[tuple[float, Point]]) -> dict[str, Any]:
    index = found[0][1].index
    color = f"--c{index % N_COLORS}"
    shown = text_of(name)
    ends = [
        (
            p.value if math.isnan(p.low) else p.low,
            p.value if math.isnan(p.high) else p.high,
        )
        for _, p in found
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": shown,
        "x": [short(p.value) for _, p in found],
        "y": [short(place) for place, _ in found],
        "marker": {
            "color": color,
            "size": 8,
            "symbol": SYMBOLS[index % len(SYMBOLS)],
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [
                short(high - p.value)
                for (_, high), (_, p) in zip(ends, found, strict=True)
            ],
            "arrayminus": [
                short(p.value - low)
                for (low, _), (_, p) in zip(ends, found, strict=True)
            ],
            "color": color,
            "thickness": 1.2,
            "width": 0,
        },
    }
