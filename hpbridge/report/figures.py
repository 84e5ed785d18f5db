"""The plots, as plain data in Plotly's JSON form.

A color is the name of a CSS variable (``"--c0"``), which the page's script looks up, so
that one figure suits light, dark and paper. What comes from users is escaped: Plotly
reads a little HTML in its texts.
"""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.convergence import FEWEST_FOR_BAND, Band, Curve, band_of
from hpbridge.report.texts import label
from hpbridge.space.categorical import Categorical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

Figure = dict[str, Any]

N_COLORS = 8
"""How many colors for lines the style sheet has: ``--c0`` and on."""

# Colors are not the only cue; 8 colors and 6 dashes make 24 different lines.
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

# From this ratio on, positive numbers are drawn on a logarithmic axis.
_RATIO_FOR_LOG = 100.0

_LONGEST_TEXT = 60


def text_of(text: str) -> str:
    """Return a user's text for Plotly: short, and no markup in it."""
    if len(text) > _LONGEST_TEXT:
        text = text[: _LONGEST_TEXT - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return html.escape(text, quote=False)


def _short(value: float) -> float:
    # Six digits are more than a pixel shows, and keep the page small.
    return float(f"{value:.6g}")


def _axis(title: str, values: Iterable[float]) -> dict[str, Any]:
    finite = [v for v in values if math.isfinite(v)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    log = low > 0 and high >= _RATIO_FOR_LOG * low
    title = f"{text_of(title)}, log scale" if log else text_of(title)
    return {"title": {"text": title}, "type": "log" if log else "linear"}


def convergence_figure(
    repeats: Mapping[str, Sequence[Curve]],
    *,
    sign: int,
    titles: tuple[str, str],
    common: float | None = None,
) -> Figure:
    """Return the best value so far of every optimizer.

    Three repeats or more are a median and a band from the lowest to the highest; fewer
    are a line each.

    Args:
        repeats: The curves of each optimizer.
        sign: 1 when the metric is minimized, -1 when it is maximized.
        titles: Of the axes, x and y.
        common: The value that every study reached, drawn as a horizontal line.
    """
    data: list[dict[str, Any]] = []
    for index, (name, curves) in enumerate(repeats.items()):
        line = {
            "color": f"--c{index % N_COLORS}",
            "dash": _DASHES[index % len(_DASHES)],
            "width": 2.5,
            "shape": "hv",
        }
        if len(curves) >= FEWEST_FOR_BAND:
            data += _band_traces(text_of(name), band_of(curves, sign), line)
        else:
            data += _line_traces(text_of(name), curves, line)
    places, values = ([v for trace in data for v in trace[key]] for key in "xy")
    if common is not None and math.isfinite(common) and len(repeats) > 1 and places:
        line = {"color": "--muted", "dash": "dot", "width": 1.5}
        data.append(
            _trace(
                [min(places), max(places)], [common] * 2, line, name="reached by all"
            )
        )
    layout = {
        "xaxis": {**_axis(titles[0], places), "rangemode": "tozero"},
        "yaxis": _axis(titles[1], values),
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
        "x": [_short(a) for a, _ in pairs],
        "y": [_short(b) for _, b in pairs],
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
        traces.append(_trace(x, y, line, **group))
    return traces


def _band_traces(name: str, band: Band, line: dict[str, Any]) -> list[dict[str, Any]]:
    if not band.positions:
        return []
    edge = {"color": line["color"], "width": 0, "shape": "hv"}
    hidden = {"legendgroup": name, "showlegend": False, "hoverinfo": "skip"}
    columns = [
        _to_the_end(band.positions, values, band.end)
        for values in (band.low, band.high, band.median)
    ]
    # Both edges must have the same places, or the fill would cross.
    both = [
        (x, low, high)
        for x, low, high in zip(*columns[0], columns[1][1], strict=True)
        if math.isfinite(low) and math.isfinite(high)
    ]
    x, low, high = ([row[k] for row in both] for k in range(3))
    fill = {"fill": "tonexty", "fillcolor": line["color"]}
    return [
        _trace(x, low, edge, name=name, **hidden),
        _trace(x, high, edge, name=name, **hidden, **fill),
        _trace(*columns[2], line, name=name, legendgroup=name),
    ]


def _to_the_end(
    x: Sequence[float], y: Sequence[float], end: float
) -> tuple[list[float], list[float]]:
    return [*x, max(end, x[-1])], [*y, y[-1]]


def parameter_figure(
    study: Study,
    name: str,
    trials: Sequence[FinishedTrial],
    best: FinishedTrial | None,
) -> Figure | None:
    """Return a parameter's values against the main metric; None when there are none.

    Args:
        study: Whose space and metric.
        name: Of a searched parameter.
        trials: Those to draw; where it is not active, they are left out.
        best: The trial to mark, drawn in any case.
    """
    metric = study.main_metric
    marked = [] if best is None else [best]
    drawn = drawable(_united(trials, marked), [metric])
    drawn = [t for t in drawn if name in t.params]
    if not drawn:
        return None
    parameter = study.space[name]
    axis: dict[str, Any] = {"title": {"text": text_of(name)}}
    places: dict[int, Any]
    if isinstance(parameter, Categorical):
        axis["type"] = "category"
        axis["categoryorder"] = "array"
        axis["categoryarray"] = [text_of(label(each)) for each in parameter.labels]
        places = {t.number: text_of(label(t.params[name])) for t in drawn}
    else:
        log = getattr(parameter, "log", False)
        axis["type"] = "log" if log else "linear"
        places = {t.number: _position(t.params[name]) for t in drawn}
    data = _clouds(study, drawn, places, metric, marked)
    values = [t.metrics[metric] for t in drawn]
    layout = {"xaxis": axis, "yaxis": _axis(metric, values), "showlegend": False}
    return {"data": data, "layout": layout}


def _position(value: Any) -> float:
    return _short(value) if isinstance(value, float) else value


def _united(
    trials: Sequence[FinishedTrial], more: Sequence[FinishedTrial]
) -> list[FinishedTrial]:
    return list({t.number: t for t in [*trials, *more]}.values())


def pareto_figure(
    study: Study, trials: Sequence[FinishedTrial], front: Sequence[FinishedTrial]
) -> Figure | None:
    """Return the first metric against the second one, with the front; None when empty.

    Args:
        study: With at least two metrics.
        trials: Those to draw.
        front: The trials to mark, drawn in any case.
    """
    first, second = list(study.metrics)[:2]
    drawn = drawable(_united(trials, front), [first, second])
    if not drawn:
        return None
    places = {t.number: _short(t.metrics[first]) for t in drawn}
    data = _clouds(study, drawn, places, second, front)
    layout = {
        "xaxis": _axis(first, [t.metrics[first] for t in drawn]),
        "yaxis": _axis(second, [t.metrics[second] for t in drawn]),
        "showlegend": True,
    }
    return {"data": data, "layout": layout}


def drawable(
    trials: Iterable[FinishedTrial], metrics: Sequence[str]
) -> list[FinishedTrial]:
    """Return the trials that have a finite number for each of these metrics."""
    nan = math.nan
    return [
        t for t in trials if all(math.isfinite(t.metrics.get(m, nan)) for m in metrics)
    ]


def _clouds(
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
            "y": [_short(t.metrics[metric]) for t in group],
            "text": [f"trial {t.number}" for t in group],
            "marker": marker,
        }
        for name, group, marker in groups
        if group
    ]
