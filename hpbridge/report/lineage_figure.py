"""The plot of trials that go on from each other, as a population's members do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.lineage import lineage_of
from hpbridge.report.axes import axis_of, metric_range, short, text_of
from hpbridge.report.figures import Figure, clouds, drawable
from hpbridge.report.texts import label
from hpbridge.space.parameters import Float, Int

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.space.parameters import Parameter
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

_LOOKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("goes on", {"color": "--muted", "width": 1, "dash": "solid"}),
    ("goes on with other parameters", {"color": "--c3", "width": 1.5, "dash": "dot"}),
    ("to the best", {"color": "--best", "width": 2.5, "dash": "solid"}),
)


def lineage_figure(study: Study, trials: Sequence[FinishedTrial]) -> Figure | None:
    """Return the value of each trial at its budget, with a line from its parent.

    Points are shaded by the first number that each trial has.

    Args:
        study: Where they are.
        trials: What is drawn of it.

    Returns:
        None where no trial that is drawn goes on from another one.
    """
    metric = study.main_metric
    drawn = [t for t in drawable(trials, [metric]) if t.budget is not None]
    by_number = {trial.number: trial for trial in drawn}
    children = [trial for trial in drawn if trial.parent in by_number]
    if not children:
        return None
    best = study.best_by_main_metric()
    of_best = [] if best is None else lineage_of(study, best.number)
    numbers = {trial.number for trial in of_best}
    groups: list[list[FinishedTrial]] = [[], [], []]
    for trial in children:
        parent = by_number[trial.parent]  # type: ignore[index]
        is_varied = dict(parent.params) != dict(trial.params)
        groups[2 if trial.number in numbers else int(is_varied)].append(trial)
    data = [
        _lines(name, look, group, by_number, metric)
        for (name, look), group in zip(_LOOKS, groups, strict=True)
        if group
    ]
    places = {trial.number: short(trial.budget or 0.0) for trial in drawn}
    points = clouds(study, drawn, places, metric, [] if best is None else [best])
    _show_parameters(study, points, drawn)
    data += points
    values = [trial.metrics[metric] for trial in drawn]
    y_axis = axis_of(metric, values)
    limits = metric_range(values, y_axis["type"])
    if limits is not None:
        y_axis["range"] = limits
    x_axis = {"title": {"text": text_of("budget")}}
    return {
        "data": data,
        "layout": {"xaxis": x_axis, "yaxis": y_axis, "showlegend": True},
    }


def _show_parameters(
    study: Study, traces: Sequence[dict[str, Any]], drawn: Sequence[FinishedTrial]
) -> None:
    """Name the parameters of each point, and shade points by the first number."""
    searched = study.space.searched
    numbers = [
        n for n, p in searched.items() if isinstance(p, (Float, Int)) and not p.when
    ]
    trials = {f"trial {trial.number}": trial for trial in drawn}
    for trace in traces:
        group = [trials[text] for text in trace["text"]]
        trace["text"] = [
            ", ".join(
                [f"trial {trial.number}"]
                + [
                    f"{text_of(name)}={text_of(label(trial.params[name]))}"
                    for name in searched
                    if name in trial.params
                ]
            )
            for trial in group
        ]
        if trace["name"] == "feasible" and numbers:
            name = numbers[0]
            trace["name"] = f"shaded from low to high {text_of(name)}"
            trace["marker"]["color"] = _shades(searched[name], name, group)


def _shades(
    parameter: Parameter, name: str, group: Sequence[FinishedTrial]
) -> list[float]:
    """Return a number for the color of each trial."""
    is_log = getattr(parameter, "log", False)
    values: list[Any] = [trial.params[name] for trial in group]
    return [short(math.log10(v) if is_log else float(v)) for v in values]


def _lines(
    name: str,
    look: dict[str, Any],
    group: Sequence[FinishedTrial],
    by_number: dict[int, FinishedTrial],
    metric: str,
) -> dict[str, Any]:
    """Return one trace with a line from each trial's parent to it."""
    x: list[float | None] = []
    y: list[float | None] = []
    for trial in group:
        for each in (by_number[trial.parent], trial):  # type: ignore[index]
            x.append(short(each.budget or 0.0))
            y.append(short(each.metrics[metric]))
        x.append(None)
        y.append(None)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "line": look,
        "hoverinfo": "skip",
    }
