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
_WIDTH, _MOST_TICKS = 0.6, 10

_MOST_ROOM = 2.0
"""How much taller a plot of folds may be made by the dummy."""

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
    others = [part for part in parts if part.model != DUMMY] or parts
    values = [v for part in others for v in finite(part.scores)]
    n_folds = max(len(part.scores) for part in parts)
    y_axis = axis_of(metric, values, "linear")
    layout = {"yaxis": y_axis, "showlegend": True}
    if n_folds > MOST_FOLDS:
        layout["xaxis"] = {"type": "category", "title": {"text": ""}}
        return {"data": [_spread(part) for part in parts], "layout": layout}
    ends = [end for part in others for end in part.ends if math.isfinite(end)]
    limits = metric_range([*values, *ends], "linear")
    if limits is not None:
        y_axis["range"] = limits = _with_the_dummy(parts, limits)
    layout["xaxis"] = _folds_axis(n_folds)
    data = []
    for place, part in enumerate(parts):
        offset = _WIDTH * (place - (len(parts) - 1) / 2) / len(parts)
        data += _fold_points(part, offset, n_folds, limits)
    return {"data": data, "layout": layout}


def _with_the_dummy(parts: Sequence[_Part], limits: list[float]) -> list[float]:
    """Return limits that hold a dummy's scores, if the others keep half of the plot."""
    low, high = limits
    values = [v for part in parts if part.model == DUMMY for v in finite(part.scores)]
    room = high - low
    wider = min([low, *values]) - 0.05 * room, max([high, *values]) + 0.05 * room
    return [*wider] if wider[1] - wider[0] <= _MOST_ROOM * room else limits


def _folds_axis(n_folds: int) -> dict[str, Any]:
    shown = range(0, n_folds, -(-n_folds // _MOST_TICKS))
    return {
        "title": {"text": "fold"},
        "tickmode": "array",
        "tickvals": [*shown, n_folds],
        "ticktext": [*map(str, shown), "mean"],
        "range": [-0.5, n_folds + 0.5],
        "zeroline": False,
        "showgrid": False,
    }


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


def _fold_points(
    part: _Part, offset: float, n_folds: int, limits: list[float] | None
) -> list[dict[str, Any]]:
    """Return the folds of a part, and their mean with its interval.

    Each part stands a little beside the others; one that is out of sight says in the
    legend where it is.
    """
    scores = [
        (k, v) for k, v in enumerate(part.scores) if finite([v]) and v is not None
    ]
    low, high = part.ends
    name = part.name
    if limits is not None and not limits[0] <= part.mean <= limits[1]:
        way = "below" if part.mean < limits[0] else "above"
        name = f"{name} ({part.mean:.3g}, {way} the plot)"
    symbol = f"{_SYMBOLS[part.model]}-open" if part.is_train else _SYMBOLS[part.model]
    look = {
        "type": "scatter",
        "mode": "markers",
        "legendgroup": name,
        "marker": {
            "size": 9,
            "symbol": symbol,
            "color": part.color,
            "line": {"color": part.color, "width": 1.5},
        },
    }
    folds = {
        **look,
        "name": name,
        "x": [short(k + offset) for k, _ in scores],
        "y": [short(v) for _, v in scores],
        "text": [f"fold {k}" for k, _ in scores],
    }
    if not math.isfinite(part.mean):
        return [folds]
    mean = {
        **look,
        "name": f"{part.name}, mean",
        "showlegend": False,
        "x": [short(n_folds + offset)],
        "y": [short(part.mean)],
        "error_y": error_bars([high - part.mean], [part.mean - low], part.color),
    }
    return [folds, mean]


def error_bars(above: list[float], below: list[float], color: str) -> dict[str, Any]:
    """Return bars above and below points; a width that is NaN has none."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [_reach(width) for width in above],
        "arrayminus": [_reach(width) for width in below],
        "color": color,
        "thickness": 2,
        "width": 6,
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
    title = text_of(f"gain in {evaluated.metric}", 32)
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
        "error_x": error_bars(
            [high - mean for *_, mean, _, high in rows],
            [mean - low for *_, mean, low, _ in rows],
            color,
        ),
    }
