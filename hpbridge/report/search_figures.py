"""The plots of a search: its history, its parameters, and how much each mattered."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import DEFAULTS, DUMMY
from hpbridge.report.axes import (
    axis_of,
    metric_range,
    short,
    text_of,
    trials_axis,
)
from hpbridge.report.figures import Figure, clouds, drawable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.analysis.evaluated import Evaluated
    from hpbridge.analysis.importance import Importances
    from hpbridge.trial import FinishedTrial

LOOKS: Mapping[str, dict[str, Any]] = {
    "best": {"color": "--best", "dash": "solid"},
    "defaults": {"color": "--c0", "dash": "dash"},
    "dummy": {"color": "--muted", "dash": "dot"},
    "incumbent": {"color": "--c3", "dash": "dashdot"},
}
"""The line of each model, the same in every plot."""

NAMES = {
    "best": "tuned",
    "best at threshold": "tuned, at its threshold",
    "defaults": "defaults",
    "dummy": "dummy",
    "incumbent": "in use",
}
"""What each model is called in plots and tables."""

_KEPT = 0.8
"""The share of the trials, the better ones, that is always in sight."""

_SQUEEZE = 2.5
"""How much taller the others may make the plot."""

MOST_SLICES = 12
"""Panels of the slice plot at most."""


def history_figure(evaluated: Evaluated, metric: str = "") -> Figure | None:
    """Return the value of every trial by its number, with the best so far.

    Args:
        evaluated: A study that was read.
        metric: By default the first.
    """
    study, metric = evaluated.study, metric or evaluated.metric
    drawn = drawable(study.trials, [metric])
    if not drawn:
        return None
    best = study.best_by_main_metric()
    y_axis = axis_of(metric, [t.metrics[metric] for t in drawn])
    limits = None
    if y_axis["type"] == "linear":
        limits = _limits(evaluated, drawn, metric)
    far = [t for t in drawn if limits and not _is_in(t.metrics[metric], limits)]
    near = [t for t in drawn if t not in far] if far else drawn
    places = {t.number: t.number for t in drawn}
    data = [
        *_best_line(evaluated, drawn, metric),
        *_references(evaluated, drawn, metric, limits),
        *clouds(study, near, places, metric, [best] if best else []),
    ]
    if limits is not None:
        y_axis["range"] = limits
        data += _edge(far, metric, limits)
    x_axis = {**trials_axis("trial", [0, *places]), "range": _around(places)}
    layout = {"xaxis": x_axis, "yaxis": y_axis, "showlegend": True}
    return {"data": data, "layout": layout}


def _is_in(value: float, limits: Sequence[float]) -> bool:
    return limits[0] <= value <= limits[1]


def _limits(
    evaluated: Evaluated, drawn: Sequence[FinishedTrial], metric: str
) -> list[float] | None:
    """Return limits without the worst trials, where these would squeeze the others."""
    sign = sign_of(evaluated, metric)
    if sign is None:
        return None
    values = sorted(sign * t.metrics[metric] for t in drawn)
    kept = values[: max(1, math.ceil(_KEPT * len(values)))]
    defaults = evaluated.defaults
    if defaults is not None and math.isfinite(defaults.metrics.get(metric, math.nan)):
        kept.append(sign * defaults.metrics[metric])
    low, high = min(kept), max(kept)
    far = high + (_SQUEEZE - 1) * (high - low)
    if not low < high < far < values[-1]:
        return None
    most = max(value for value in [*values, high] if value <= far)
    return metric_range([sign * low, sign * most], "linear")


def _edge(
    far: Sequence[FinishedTrial], metric: str, limits: Sequence[float]
) -> list[dict[str, Any]]:
    """Return trials that are out of sight as marks at the edge that they are beyond."""
    if not far:
        return []
    is_below = [t.metrics[metric] < limits[0] for t in far]
    room = 0.015 * (limits[1] - limits[0])
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"worse than the plot shows: {len(far)}",
            "x": [t.number for t in far],
            "y": [short(limits[0] + room if b else limits[1] - room) for b in is_below],
            "text": [f"trial {t.number}: {t.metrics[metric]:.4g}" for t in far],
            "hoverinfo": "text",
            "marker": {
                "size": 8,
                "symbol": ["triangle-down" if b else "triangle-up" for b in is_below],
                "color": "--muted",
            },
        }
    ]


def _around(places: Mapping[int, int]) -> list[float]:
    low, high = min(places), max(places)
    room = max(0.5, 0.02 * (high - low))
    return [low - room, high + room]


def sign_of(evaluated: Evaluated, metric: str) -> int | None:
    """Return 1 where less is better, -1 where more is; None where nobody said.

    The metrics of an evaluation are those of scorers, of which more is better.
    """
    if metric in evaluated.study.metrics:
        return evaluated.study.sign_of(metric)
    return -1 if metric in evaluated.about.get("metrics", ()) else None


def _best_line(
    evaluated: Evaluated, drawn: Sequence[FinishedTrial], metric: str
) -> list[dict[str, Any]]:
    study, sign = evaluated.study, sign_of(evaluated, metric)
    if sign is None:
        return []
    best, x, y = math.inf, [], []
    for trial in sorted(drawn, key=lambda t: t.number):
        if study.is_feasible(trial):
            best = min(best, sign * trial.metrics[metric])
            x.append(trial.number)
            y.append(short(sign * best))
    line = {"color": "--best", "width": 2, "shape": "hv"}
    name = "best so far"
    return [_line(name, x, y, line)] if x else []


def _line(
    name: str, x: Sequence[Any], y: Sequence[Any], line: dict[str, Any]
) -> dict[str, Any]:
    drawn = {"type": "scatter", "mode": "lines", "name": name, "line": line}
    return {**drawn, "x": list(x), "y": list(y)}


def _references(
    evaluated: Evaluated,
    drawn: Sequence[FinishedTrial],
    metric: str,
    limits: Sequence[float] | None,
) -> list[dict[str, Any]]:
    found = []
    ends = [min(t.number for t in drawn), max(t.number for t in drawn)]
    models = {DEFAULTS: evaluated.defaults, DUMMY: evaluated.dummy}
    for model, each in models.items():
        value = math.nan if each is None else each.metrics.get(metric, math.nan)
        if not math.isfinite(value):
            continue
        name = NAMES[model]
        if limits is not None and not _is_in(value, limits):
            name = f"{name} ({value:.3g}, out of sight)"
        line = {**LOOKS[model], "width": 1.5}
        found.append(_line(name, ends, [short(value)] * 2, line))
    return found


def slice_figure(evaluated: Evaluated, metric: str = "") -> Figure | None:
    """Return a panel for each parameter, its values against a metric."""
    from hpbridge.report.figures import parameter_figure

    study, metric = evaluated.study, metric or evaluated.metric
    best = study.best_by_main_metric()
    names = parameters_by_importance(evaluated)[:MOST_SLICES]
    marked = [best] if best else []
    panels = [parameter_figure(study, (n, metric), study.trials, marked) for n in names]
    shown = [panel for panel in panels if panel is not None]
    if not shown:
        return None
    values = [t.metrics[metric] for t in drawable(study.trials, [metric])]
    layout: dict[str, Any] = {"yaxis": axis_of(metric, values), "showlegend": False}
    data: list[dict[str, Any]] = []
    width = 1 / len(shown)
    for k, panel in enumerate(shown):
        number = "" if k == 0 else str(k + 1)
        domain = [k * width + 0.01, (k + 1) * width - 0.01]
        layout[f"xaxis{number}"] = {**panel["layout"]["xaxis"], "domain": domain}
        data += [{**trace, "xaxis": f"x{number}"} for trace in panel["data"]]
    return {"data": data, "layout": layout}


def parameters_by_importance(evaluated: Evaluated) -> list[str]:
    """Return the searched parameters, the most important ones first if it is known."""
    ranked = [each.name for each in evaluated.importances.parameters]
    return ranked + [n for n in evaluated.study.space.searched if n not in ranked]


def importance_figure(evaluated: Evaluated) -> Figure | None:
    """Return how much each parameter mattered, with noise as the yardstick."""
    found = evaluated.importances
    if not found.parameters:
        return None
    names = _labels(found)
    above = [p for p in found.parameters if p.mattered]
    others = [p for p in found.parameters if not p.mattered]
    data = [
        _bars("above noise", above, "--c0", names),
        _bars("not surely above noise", others, "--muted", names),
    ]
    order = [names[p.name] for p in reversed(found.parameters)]
    line = {"color": "--best", "dash": "dash", "width": 2}
    ends = [order[0], order[-1]]
    mode = "lines" if len(order) > 1 else "markers"
    yardstick = _line("noise, 95th percentile", [short(found.noise)] * 2, ends, line)
    yardstick |= {"mode": mode, "marker": {"color": "--best", "symbol": "line-ns-open"}}
    layout = {
        "xaxis": {"title": {"text": "importance, as a share"}, "rangemode": "tozero"},
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": order,
            "title": {"text": ""},
            "dtick": 1,
        },
        "showlegend": True,
        "barmode": "overlay",
    }
    return {"data": [*(d for d in data if d["y"]), yardstick], "layout": layout}


def _labels(found: Importances) -> dict[str, str]:
    labels: dict[str, str] = {}
    for each in found.parameters:
        label = unique = text_of(each.name, 24)
        number = 1
        while unique in labels.values():
            number += 1
            unique = f"{label} #{number}"
        labels[each.name] = unique
    return labels


def _bars(
    name: str, parameters: Sequence[Any], color: str, names: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "x": [short(p.share) for p in parameters],
        "y": [names[p.name] for p in parameters],
        "marker": {"color": color},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [short(max(0.0, p.high - p.share)) for p in parameters],
            "arrayminus": [short(max(0.0, p.share - p.low)) for p in parameters],
            "color": "--text",
            "thickness": 1,
        },
    }
