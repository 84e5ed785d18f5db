"""The plot of what trials reported: complete ones, those stopped early, the best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.report.axes import axis_of, metric_range, short, trials_axis
from hpbridge.trial import State, by_step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpbridge.report.figures import Figure
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

MOST_CURVES = 150
"""Trials of each kind that are drawn, evenly chosen; the best one in any case."""

_MOST_POINTS = 200
"""Of a curve."""

_KEPT = 0.95
"""The share of the values, the better ones, that is always in sight."""

_SQUEEZE = 3.0
"""By how much the others may be farther than those are apart."""

Points = list[tuple[int, float]]


def curves_figure(study: Study) -> Figure | None:
    """Return what the trials reported by step; None where none did at two steps.

    Args:
        study: Of any kind; it is drawn by its first metric.
    """
    curves = {t.number: _points_of(t) for t in study.trials}
    if not any(len(points) > 1 for points in curves.values()):
        return None
    best = study.best_by_main_metric()
    numbers = {} if best is None else {best.number: best}
    drawn = [t for t in study.trials if curves[t.number] and t.number not in numbers]
    data = [
        _trace(name, _some([t for t in drawn if t.state is state]), curves, line)
        for state, name, line in _LOOKS
    ]
    if best is not None and curves[best.number]:
        data.append(_trace("best", [best], curves, {"color": "--best", "width": 2.5}))
    values = [value for points in curves.values() for _, value in points]
    steps = [step for points in curves.values() for step, _ in points]
    y_axis = axis_of(study.main_metric, values)
    limits = _limits(values, study.sign) if y_axis["type"] == "linear" else None
    if limits is not None:
        y_axis["range"] = limits
    layout = {
        "xaxis": trials_axis("step", steps),
        "yaxis": y_axis,
        "showlegend": True,
    }
    return {"data": [trace for trace in data if trace["x"]], "layout": layout}


_LOOKS: Sequence[tuple[State, str, dict[str, Any]]] = (
    (State.PRUNED, "stopped early", {"color": "--c2", "width": 1, "dash": "dot"}),
    (State.FAILED, "failed", {"color": "--muted", "width": 1, "dash": "dash"}),
    (State.COMPLETE, "complete", {"color": "--c0", "width": 1}),
)


def _points_of(trial: FinishedTrial) -> Points:
    """Return the finite values that a trial reported, in the order of steps."""
    found = sorted(by_step(trial.reports).items())
    finite = [(step, value) for step, value in found if math.isfinite(value)]
    every = math.ceil(len(finite) / _MOST_POINTS)
    return finite[::every][:-1] + finite[-1:] if finite else []


def _some(trials: Sequence[FinishedTrial]) -> list[FinishedTrial]:
    if len(trials) <= MOST_CURVES:
        return list(trials)
    return [trials[k * len(trials) // MOST_CURVES] for k in range(MOST_CURVES)]


def _trace(
    name: str,
    trials: Iterable[FinishedTrial],
    curves: dict[int, Points],
    line: dict[str, Any],
) -> dict[str, Any]:
    """Return several curves as one trace, with gaps between; each end has a mark."""
    x: list[float | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    sizes: list[int] = []
    for trial in trials:
        points = curves[trial.number]
        x += [*(step for step, _ in points), None]
        y += [*(short(value) for _, value in points), None]
        texts += [f"trial {trial.number}"] * len(points) + [""]
        sizes += [0] * (len(points) - 1) + [4, 0]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": x,
        "y": y,
        "text": texts,
        "line": line,
        "marker": {"size": sizes, "color": line["color"], "line": {"width": 0}},
    }


def _limits(values: Sequence[float], sign: int) -> list[float] | None:
    """Return limits without the worst values, where these would squeeze the others."""
    ordered = sorted(sign * value for value in values)
    kept = ordered[: max(1, math.ceil(_KEPT * len(ordered)))]
    if ordered[-1] - kept[0] <= _SQUEEZE * (kept[-1] - kept[0]):
        return None
    return metric_range([sign * kept[0], sign * kept[-1]], "linear")
