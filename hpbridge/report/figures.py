"""The plots, as plain data in Plotly's JSON form.

A color is the name of a CSS variable (``"--c0"``), which the page's script looks up, so
that one figure suits light, dark and paper. What comes from users is escaped: Plotly
reads a little HTML in its texts.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.convergence import (
    FEWEST_FOR_BAND,
    FEWEST_FOR_INTERVAL,
    Band,
    Curve,
    band_of,
    interval_of,
)
from hpbridge.report.axes import (
    axis_of,
    metric_range,
    parameter_axis,
    places_of,
    short,
    text_of,
    trials_axis,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

Figure = dict[str, Any]

N_COLORS = 8
"""How many colors for lines the style sheet has: ``--c0`` and on."""

# Colors are not the only cue; 8 colors and 6 dashes make 24 different lines.
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

# As many as dashes: in a cloud, they tell optimizers apart.
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "pentagon")

# The mark where a curve ends; the points before it have none.
_END_SIZE = 6

_MOST_PAIRED = 4
"""Up to so many metrics each is drawn against each other; more, against the first."""


def convergence_figure(
    repeats: Mapping[str, Sequence[Curve]],
    *,
    sign: int,
    titles: tuple[str, str],
    common: float | None = None,
) -> Figure:
    """Return the best value so far of every optimizer.

    Five repeats or more are their median and its 95 % interval; three and four, their
    median and a band from the lowest to the highest; fewer are a line each. While a
    repeat has no value yet, the band goes to the plot's edge.

    Args:
        repeats: The curves of each optimizer.
        sign: 1 when the metric is minimized, -1 when it is maximized.
        titles: Of the axes, x and y.
        common: The value that every study reached, drawn as a horizontal line.
    """
    curves = [curve for those in repeats.values() for curve in those]
    values = [value for curve in curves for value in curve.values]
    y_axis = axis_of(titles[1], values)
    limits = metric_range(values, y_axis["type"])
    if limits is not None:
        y_axis["range"] = limits
    ends = [10**v if y_axis["type"] == "log" else v for v in limits or (0.0, 0.0)]
    data: list[dict[str, Any]] = []
    for index, (name, those) in enumerate(repeats.items()):
        line = {
            "color": f"--c{index % N_COLORS}",
            "dash": DASHES[index % len(DASHES)],
            "width": 2.5,
            "shape": "hv",
        }
        if len(those) >= FEWEST_FOR_BAND:
            is_interval = len(those) >= FEWEST_FOR_INTERVAL
            band = (interval_of if is_interval else band_of)(those, sign)
            data += _band_traces(text_of(name), band, line, ends)
        else:
            data += _line_traces(text_of(name), those, line)
    places = [place for trace in data for place in trace["x"]]
    if common is not None and math.isfinite(common) and len(repeats) > 1 and places:
        line = {"color": "--muted", "dash": "dot", "width": 1.5}
        reach = [min(places), max(places)]
        data.append(_trace(reach, [common] * 2, line, name="reached by all"))
    layout = {
        "xaxis": trials_axis(titles[0], places),
        "yaxis": y_axis,
        "showlegend": True,
    }
    return {"data": data, "layout": layout}


def _trace(
    x: Sequence[float], y: Sequence[float], line: dict[str, Any], **more: Any
) -> dict[str, Any]:
    # A value that is not finite has no place on an axis: the line starts after it.
    pairs = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(b)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [short(a) for a, _ in pairs],
        "y": [short(b) for _, b in pairs],
        "line": line,
        **more,
    }


def _line_traces(
    name: str, curves: Sequence[Curve], line: dict[str, Any]
) -> list[dict[str, Any]]:
    traces = []
    for index, curve in enumerate(c for c in curves if c.positions):
        x, y = _to_the_end(curve.positions, curve.values, curve.end)
        group = {"name": name, "legendgroup": name, "showlegend": index == 0}
        traces.append(_ended(_trace(x, y, line, **group)))
    return traces


def _ended(trace: dict[str, Any]) -> dict[str, Any]:
    """Mark where a curve ends: it may be short, or one point alone."""
    size = [0] * (len(trace["x"]) - 1) + [_END_SIZE]
    marker = {"size": size, "color": trace["line"]["color"], "opacity": 1}
    marker["line"] = {"width": 0}
    return {**trace, "mode": "lines+markers", "marker": marker}


def _band_traces(
    name: str, band: Band, line: dict[str, Any], ends: Sequence[float]
) -> list[dict[str, Any]]:
    if not band.positions:
        return []
    edge = {"color": line["color"], "width": 0, "shape": "hv"}
    hidden = {"legendgroup": name, "showlegend": False, "hoverinfo": "skip"}
    columns = [
        _to_the_end(band.positions, values, band.end)
        for values in (band.low, band.high, band.median)
    ]
    (x, low), (_, high), (_, median) = columns
    # A band begins where its median does. A repeat without a value is infinitely bad.
    drawn = [math.isfinite(value) for value in median]
    edges = [
        [max(ends[0], min(ends[1], value)) for value in itertools.compress(side, drawn)]
        for side in (low, high)
    ]
    within = list(itertools.compress(x, drawn))
    fill = {"fill": "tonexty", "fillcolor": line["color"]}
    return [
        _trace(within, edges[0], edge, name=name, **hidden),
        _trace(within, edges[1], edge, name=name, **hidden, **fill),
        _ended(_trace(x, median, line, name=name, legendgroup=name)),
    ]


def _to_the_end(
    x: Sequence[float], y: Sequence[float], end: float
) -> tuple[list[float], list[float]]:
    return [*x, max(end, x[-1])], [*y, y[-1]]


def parameter_figure(
    study: Study,
    names: tuple[str, str],
    trials: Sequence[FinishedTrial],
    marked: Sequence[FinishedTrial],
) -> Figure | None:
    """Return a parameter's values against a metric; None when there are none.

    Args:
        study: Whose space and metrics.
        names: Of a searched parameter, and of a metric.
        trials: Those to draw; where the parameter is not active, they are left out.
        marked: The best trials, drawn in any case.
    """
    name, metric = names
    drawn = drawable(united(trials, marked), [metric])
    drawn = [t for t in drawn if name in t.params]
    if not drawn:
        return None
    parameter = study.space[name]
    values = places_of(parameter, [t.params[name] for t in drawn])
    places = {t.number: value for t, value in zip(drawn, values, strict=True)}
    layout = {
        "xaxis": parameter_axis(name, parameter, values),
        "yaxis": axis_of(metric, [t.metrics[metric] for t in drawn]),
        "showlegend": False,
    }
    data = clouds(study, drawn, places, metric, marked)
    return {"data": data, "layout": layout}


def united(
    trials: Sequence[FinishedTrial], more: Sequence[FinishedTrial]
) -> list[FinishedTrial]:
    """Return trials and those of another list that are not among them."""
    return list({t.number: t for t in [*trials, *more]}.values())


def pairs_of(metrics: Iterable[str]) -> list[tuple[str, str]]:
    """Return which metrics are drawn against each other."""
    names = list(metrics)
    if len(names) > _MOST_PAIRED:
        return [(names[0], name) for name in names[1:]]
    return list(itertools.combinations(names, 2))


def pareto_figure(
    study: Study,
    pair: tuple[str, str],
    trials: Sequence[FinishedTrial],
    front: Sequence[FinishedTrial],
) -> Figure | None:
    """Return a metric against another one, with the front; None when empty.

    Args:
        study: With at least two metrics.
        pair: The metrics, x and y.
        trials: Those to draw.
        front: The trials to mark, drawn in any case.
    """
    drawn = drawable(united(trials, front), pair)
    if not drawn:
        return None
    places = {t.number: short(t.metrics[pair[0]]) for t in drawn}
    data = clouds(study, drawn, places, pair[1], front)
    return {"data": data, "layout": _pair_layout(pair, drawn)}


def fronts_figure(
    fronts: Mapping[str, Sequence[FinishedTrial]], pair: tuple[str, str]
) -> Figure | None:
    """Return the fronts of several optimizers, a metric against another one.

    Args:
        fronts: Trials of each optimizer.
        pair: The metrics, x and y.
    """
    data = []
    for index, (name, front) in enumerate(fronts.items()):
        drawn = drawable(front, pair)
        marker = {
            "size": 8,
            "color": f"--c{index % N_COLORS}",
            "symbol": SYMBOLS[index % len(SYMBOLS)],
        }
        if drawn:
            data.append(_cloud(text_of(name), drawn, pair, marker))
    every = [trial for front in fronts.values() for trial in drawable(front, pair)]
    return {"data": data, "layout": _pair_layout(pair, every)} if data else None


def _pair_layout(
    pair: tuple[str, str], drawn: Sequence[FinishedTrial]
) -> dict[str, Any]:
    x_axis, y_axis = (axis_of(m, [t.metrics[m] for t in drawn]) for m in pair)
    return {"xaxis": x_axis, "yaxis": y_axis, "showlegend": True}


def _cloud(
    name: str,
    trials: Sequence[FinishedTrial],
    pair: tuple[str, str],
    marker: dict[str, Any],
) -> dict[str, Any]:
    x, y = ([short(t.metrics[metric]) for t in trials] for metric in pair)
    texts = [f"trial {t.number}" for t in trials]
    cloud = {"type": "scatter", "mode": "markers", "name": name, "text": texts}
    return {**cloud, "x": x, "y": y, "marker": marker}


def drawable(
    trials: Iterable[FinishedTrial], metrics: Sequence[str]
) -> list[FinishedTrial]:
    """Return the trials that have a finite number for each of these metrics."""
    nan = math.nan
    return [
        t for t in trials if all(math.isfinite(t.metrics.get(m, nan)) for m in metrics)
    ]


def clouds(
    study: Study,
    trials: Sequence[FinishedTrial],
    places: Mapping[int, Any],
    metric: str,
    marked: Sequence[FinishedTrial],
) -> list[dict[str, Any]]:
    """Return trials as points: feasible ones by age, infeasible ones, the best."""
    feasible = [t for t in trials if study.is_feasible(t)]
    others = [t for t in trials if not study.is_feasible(t)]
    shade = {
        "size": 7,
        "color": [t.number for t in feasible],
        "colorscale": [[0, "--early"], [1, "--late"]],
        "line": {"color": "--late", "width": 0.7},
    }
    cross = {"size": 7, "symbol": "x-thin", "line": {"color": "--muted", "width": 1.5}}
    star = {
        "size": 13,
        "symbol": "star",
        "color": "--best",
        "line": {"color": "--text", "width": 1},
    }
    numbers = {t.number for t in marked}
    stars = [t for t in feasible if t.number in numbers]
    groups = [("feasible", feasible, shade), ("not feasible", others, cross)]
    groups.append(("best", stars, star))
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": [places[t.number] for t in group],
            "y": [short(t.metrics[metric]) for t in group],
            "text": [f"trial {t.number}" for t in group],
            "marker": marker,
        }
        for name, group, marker in groups
        if group
    ]
