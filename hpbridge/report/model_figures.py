"""The plots of an evaluation: folds, what tuning bought, and the sealed test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import BEST, DEFAULTS, DUMMY, INCUMBENT
from hpbridge.analysis.paired import interval
from hpbridge.report.axes import axis_of, metric_range, short, text_of
from hpbridge.report.search_figures import LOOKS, NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.analysis.evaluated import Evaluated
    from hpbridge.report.figures import Figure

MOST_FOLDS = 30
"""Folds that are drawn one by one; of more, their spread is."""

_SYMBOLS = {
    BEST: "star",
    DEFAULTS: "circle",
    DUMMY: "x-thin",
    INCUMBENT: "diamond",
}


def folds_figure(evaluated: Evaluated, metric: str = "") -> Figure | None:
    """Return the scores of each fold, with their mean and its interval.

    Args:
        evaluated: A study that was read.
        metric: By default the first.
    """
    metric = metric or evaluated.metric
    models = [evaluated.best, evaluated.defaults, evaluated.dummy]
    parts = [
        (model.name, f"{NAMES[model.name]}{ending}", scores[metric], is_train)
        for model in models
        if model is not None
        for ending, scores, is_train in (
            ("", model.test, False),
            (", on training rows", model.train if model.name == BEST else {}, True),
        )
        if metric in scores
    ]
    if not parts:
        return None
    most = max(len(scores) for *_, scores, _ in parts)
    draw = _spread if most > MOST_FOLDS else _fold_points
    data = [trace for part in parts for trace in draw(*part, evaluated.ratio)]
    values = [v for *_, scores, _ in parts for v in scores if v is not None]
    y_axis = axis_of(metric, values, "linear")
    limits = metric_range(values, "linear")
    if most <= MOST_FOLDS and limits is not None:
        y_axis["range"] = _reaching(data, limits)
    x_axis = {"type": "category", "title": {"text": "fold"}}
    if most > MOST_FOLDS:
        x_axis["title"] = {"text": ""}
    layout = {"xaxis": x_axis, "yaxis": y_axis, "showlegend": True}
    return {"data": data, "layout": layout}


def _reaching(data: Sequence[dict[str, Any]], limits: list[float]) -> list[float]:
    """Return limits that hold the intervals, too, as far as they are no lone giants."""
    low, high = limits
    for trace in data:
        bars = trace.get("error_y")
        if bars:
            middle = trace["y"][-1]
            low = min(low, middle - 1.05 * bars["arrayminus"][-1])
            high = max(high, middle + 1.05 * bars["array"][-1])
    return [low, high]


def _fold_points(
    model: str,
    name: str,
    scores: Sequence[float | None],
    is_train: bool,
    ratio: float | None,
) -> list[dict[str, Any]]:
    found = [(str(k + 1), v) for k, v in enumerate(scores) if _is_number(v)]
    if not found:
        return []
    values = [float(v) for _, v in found if v is not None]
    mean = math.fsum(values) / len(values)
    low, high = interval(values, ratio) if ratio is not None else (math.nan, math.nan)
    color = LOOKS[model]["color"]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "name": text_of(name),
        "x": [*(x for x, _ in found), "mean"],
        "y": [*map(short, values), short(mean)],
        "marker": {
            "size": 9,
            "symbol": f"{_SYMBOLS[model]}-open" if is_train else _SYMBOLS[model],
            "color": color,
            "line": {"color": color, "width": 1.5},
        },
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [0.0] * len(values) + [_reach(high - mean)],
            "arrayminus": [0.0] * len(values) + [_reach(mean - low)],
            "color": color,
            "thickness": 1.5,
            "width": 6,
        },
    }
    return [trace]


def _reach(width: float) -> float:
    return short(width) if math.isfinite(width) else 0.0


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _spread(
    model: str,
    name: str,
    scores: Sequence[float | None],
    is_train: bool,
    ratio: float | None,  # noqa: ARG001 - the points have an interval, a box has none
) -> list[dict[str, Any]]:
    values = [short(v) for v in scores if v is not None and math.isfinite(v)]
    color = LOOKS[model]["color"]
    box = {
        "type": "box",
        "name": text_of(name),
        "y": values,
        "boxmean": True,
        "boxpoints": False if is_train else "outliers",
        "marker": {"color": color, "size": 4},
        "line": {"color": color, "width": 1.5},
        "fillcolor": color,
    }
    return [box] if values else []


def gain_figure(evaluated: Evaluated) -> Figure | None:
    """Return by how much the tuned model is better than the others, with intervals."""
    rows: list[tuple[str, str, float, float, float]] = []
    for name, other in (
        (DUMMY, evaluated.dummy),
        (DEFAULTS, evaluated.defaults),
    ):
        found = evaluated.gain_over(other)
        if found is not None and math.isfinite(found.mean):
            rows.append((name, "folds", found.mean, found.low, found.high))
    opening = evaluated.opening or {}
    for name, found_there in opening.get("differences", {}).items():
        ends = (found_there[key] for key in ("mean", "low", "high"))
        if name in NAMES:
            rows.append((name, "sealed test", *ends))
    if not rows:
        return None
    order = {DUMMY: 0, DEFAULTS: 1, INCUMBENT: 2}
    rows.sort(key=lambda row: (order[row[0]], row[1] != "folds"))
    labels = [f"over {NAMES[name]}, {where}" for name, where, *_ in rows]
    data = [
        _gains(where, [row for row in rows if row[1] == where], color)
        for where, color in (("folds", "--c0"), ("sealed test", "--best"))
    ]
    zero = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, 0],
        "y": [labels[0], labels[-1]],
        "line": {"color": "--muted", "dash": "dot", "width": 1.5},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    title = text_of(f"{evaluated.metric}: tuned model minus the other", 60)
    layout = {
        "xaxis": {"title": {"text": title}},
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": labels,
            "title": {"text": ""},
        },
        "showlegend": False,
    }
    return {"data": [*(d for d in data if d["y"]), zero], "layout": layout}


def _gains(
    where: str, rows: Sequence[tuple[str, str, float, float, float]], color: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": where,
        "x": [short(mean) for *_, mean, _, _ in rows],
        "y": [f"over {NAMES[name]}, {where}" for name, *_ in rows],
        "marker": {"size": 10, "color": color},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_reach(high - mean) for *_, mean, _, high in rows],
            "arrayminus": [_reach(mean - low) for *_, mean, low, _ in rows],
            "color": color,
            "thickness": 2,
            "width": 7,
        },
    }
