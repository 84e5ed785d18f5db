"""The plots of an evaluation: folds, what tuning bought, and the sealed test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import BEST, DEFAULTS, DUMMY, INCUMBENT, finite
from hpbridge.report.axes import axis_of, metric_range, short, text_of
from hpbridge.report.search_figures import LOOKS, NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpbridge.analysis.evaluated import Evaluated
    from hpbridge.report.figures import Figure

_ENDS = ("mean", "low", "high")

MOST_FOLDS = 30
"""Folds that are drawn one by one; of more, their spread is."""

_SYMBOLS = {
    BEST: "star",
    DEFAULTS: "circle",
    DUMMY: "x-thin",
    INCUMBENT: "diamond",
}


@dataclass(frozen=True)
class _Part:
    """The scores of one model on one part of the folds.

    Attributes:
        model: Its name.
        scores: By fold; None where there is none.
        mean: What they come to.
        ends: Of the interval around it; NaN where there is none.
        is_train: Whether they are of rows that were fitted on.
    """

    model: str
    scores: Sequence[float | None]
    mean: float
    ends: tuple[float, float]
    is_train: bool = False

    @property
    def name(self) -> str:
        """In the legend."""
        return f"{NAMES[self.model]}{', on training rows' if self.is_train else ''}"

    @property
    def color(self) -> str:
        """By its name."""
        return str(LOOKS[self.model]["color"])


def folds_figure(evaluated: Evaluated, metric: str = "") -> Figure | None:
    """Return the scores of each fold, with their mean and its interval.

    Args:
        evaluated: A study that was read.
        metric: By default the first.
    """
    metric = metric or evaluated.metric
    parts = [part for part in _parts(evaluated, metric) if finite(part.scores)]
    if not parts:
        return None
    is_spread = max(len(part.scores) for part in parts) > MOST_FOLDS
    values = [v for part in parts for v in finite(part.scores)]
    y_axis = axis_of(metric, values, "linear")
    x_axis = {"type": "category", "title": {"text": "" if is_spread else "fold"}}
    layout = {"xaxis": x_axis, "yaxis": y_axis, "showlegend": True}
    if is_spread:
        return {"data": [_spread(part) for part in parts], "layout": layout}
    ends = [end for part in parts for end in part.ends if math.isfinite(end)]
    limits = metric_range([*values, *ends], "linear")
    if limits is not None:
        y_axis["range"] = limits
    return {"data": [_fold_points(part) for part in parts], "layout": layout}


def _parts(evaluated: Evaluated, metric: str) -> Iterator[_Part]:
    for model in (evaluated.dummy, evaluated.defaults, evaluated.best):
        if model is None:
            continue
        if model.name == BEST and metric in model.train:
            scores, mean = (
                model.train[metric],
                model.metrics.get(f"mean_train_{metric}"),
            )
            none = math.nan, math.nan
            yield _Part(BEST, scores, number_of(mean), none, is_train=True)
        if metric in model.test:
            mean = number_of(model.metrics.get(metric))
            ends = evaluated.interval_of(model, metric)
            yield _Part(model.name, model.test[metric], mean, ends)


def number_of(value: Any) -> float:
    """Return a number of a record, in which there may be none."""
    is_number = isinstance(value, (int, float)) and math.isfinite(value)
    return float(value) if is_number else math.nan


def _fold_points(part: _Part) -> dict[str, Any]:
    found = [(str(k + 1), v) for k, v in enumerate(part.scores) if finite([v])]
    x, y = [x for x, _ in found], [short(v) for _, v in found if v is not None]
    low, high = part.ends
    if math.isfinite(part.mean):
        x, y = [*x, "mean"], [*y, short(part.mean)]
    bars = [0.0] * (len(y) - 1)
    symbol = f"{_SYMBOLS[part.model]}-open" if part.is_train else _SYMBOLS[part.model]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": part.name,
        "x": x,
        "y": y,
        "marker": {
            "size": 9,
            "symbol": symbol,
            "color": part.color,
            "line": {"color": part.color, "width": 1.5},
        },
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [*bars, _reach(high - part.mean)],
            "arrayminus": [*bars, _reach(part.mean - low)],
            "color": part.color,
            "thickness": 1.5,
            "width": 6,
        },
    }


def _reach(width: float) -> float:
    return short(width) if math.isfinite(width) else 0.0


def _spread(part: _Part) -> dict[str, Any]:
    return {
        "type": "box",
        "name": part.name,
        "y": [short(v) for v in finite(part.scores)],
        "boxmean": True,
        "boxpoints": False if part.is_train else "outliers",
        "marker": {"color": part.color, "size": 4},
        "line": {"color": part.color, "width": 1.5},
        "fillcolor": part.color,
    }


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
        mean, low, high = (number_of(found_there.get(k)) for k in _ENDS)
        if name in NAMES and math.isfinite(mean):
            rows.append((name, "sealed test", mean, low, high))
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
