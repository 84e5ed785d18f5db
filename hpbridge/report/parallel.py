"""Parallel coordinates: a line for each trial through all of its parameters.

Plotly's own need WebGL, which paper and some browsers lack; these are lines of a plain
scatter plot.
"""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

from hpbridge.report.axes import categories, short, text_of
from hpbridge.report.figures import Figure, drawable, united
from hpbridge.report.search_figures import parameters_by_importance, sign_of
from hpbridge.space.categorical import Categorical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.analysis.evaluated import Evaluated
    from hpbridge.space.parameters import Parameter
    from hpbridge.trial import FinishedTrial

MOST_AXES = 12
"""Parameters that are drawn side by side at most, the most important ones."""

_MOST_LINES = 400
_MOST_LABELS = 6
_LONGEST_LABEL, _LONGEST_TITLE = 10, 18

_SHADES = {"worst third": "--early", "middle third": "--c0", "best third": "--late"}
_UNJUDGED = {"lowest third": "--early", "middle third": "--c0", "highest": "--late"}

_BELOW = -0.16
"""Where a line passes that has no value: below the axis."""

_BESIDE, _MIDDLE = 0.05, 0.5

Scale = dict[str, Any]
"""Of one axis: ``places`` by trial, and ``labels`` as places and texts."""


def parallel_figure(evaluated: Evaluated, metric: str = "") -> Figure | None:
    """Return the lines of all feasible trials, from their parameters to a metric.

    Args:
        evaluated: A study that was read.
        metric: By default the first.
    """
    study, metric = evaluated.study, metric or evaluated.metric
    trials = [t for t in drawable(study.trials, [metric]) if study.is_feasible(t)]
    drawn = [n for n in parameters_by_importance(evaluated) if _is_in(trials, n)]
    names = [n for n in study.space.searched if n in drawn[:MOST_AXES]]
    if not names:
        return None
    best, sign = study.best_by_main_metric(), sign_of(evaluated, metric)
    ranked = sorted(trials, key=lambda t: -(sign or -1) * t.metrics[metric])
    step = -(-len(ranked) // _MOST_LINES)
    lines = united(ranked[::step], [best] if best else [])
    scales = [_scale_of(study.space[n], n, lines) for n in names]
    scales.append(_of_numbers({t.number: t.metrics[metric] for t in lines}))
    has_gaps = any(_BELOW in scale["places"].values() for scale in scales)
    layout = {
        "xaxis": _titles([*names, metric]),
        "yaxis": {
            "visible": False,
            "range": [_BELOW - 0.12 if has_gaps else -0.12, 1.12],
            "title": {"text": ""},
        },
        "showlegend": True,
    }
    threads = _threads(lines, scales, best, _SHADES if sign else _UNJUDGED)
    return {"data": [*threads, _labels(scales)], "layout": layout}


def _is_in(trials: Sequence[FinishedTrial], name: str) -> bool:
    return any(name in trial.params for trial in trials)


def _titles(names: Sequence[str]) -> dict[str, Any]:
    return {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": [text_of(name, _LONGEST_TITLE) for name in names],
        "range": [-0.35, len(names) - 1 + 0.35],
        "title": {"text": ""},
        "zeroline": False,
    }


def _scale_of(
    parameter: Parameter, name: str, trials: Sequence[FinishedTrial]
) -> Scale:
    active = {t.number: t.params[name] for t in trials if name in t.params}
    if isinstance(parameter, Categorical):
        scale = _of_choices(parameter, active)
    else:
        scale = _of_numbers(active, is_log=getattr(parameter, "log", False))
    if len(active) < len(trials):
        missing = {t.number: _BELOW for t in trials if name not in t.params}
        scale["places"] |= missing
        scale["labels"].append((_BELOW, "inactive"))
    return scale


def _of_choices(parameter: Categorical, active: Mapping[int, Any]) -> Scale:
    texts = list(categories(parameter).values())
    most = max(len(texts) - 1, 1)
    labels = [(k / most, _text_of_choice(text)) for k, text in enumerate(texts)]
    if len(labels) > _MOST_LABELS:
        labels = [labels[0], labels[-1]]
    places = {n: parameter.index(value) / most for n, value in active.items()}
    return {"places": places, "labels": labels}


def _text_of_choice(escaped: str) -> str:
    """Return the beginning of a text that is escaped already."""
    plain = html.unescape(escaped)
    return escaped if len(plain) <= _LONGEST_LABEL else text_of(plain, _LONGEST_LABEL)


def _of_numbers(values: Mapping[int, Any], *, is_log: bool = False) -> Scale:
    placed = {n: math.log(v) if is_log else float(v) for n, v in values.items()}
    low, high = min(placed.values()), max(placed.values())
    ends = [f"{end(values.values()):.3g}" for end in (min, max)]
    # Halves, since the width of two huge numbers may have no number.
    width = high / 2 - low / 2
    if width <= 0:
        return {"places": dict.fromkeys(placed, _MIDDLE), "labels": [(0.5, ends[0])]}
    places = {n: (value / 2 - low / 2) / width for n, value in placed.items()}
    return {"places": places, "labels": [(0.0, ends[0]), (1.0, ends[1])]}


def _threads(
    trials: Sequence[FinishedTrial],
    scales: Sequence[Scale],
    best: FinishedTrial | None,
    shades: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return the trials as lines, the worst third first, and the best one on top."""
    others = [t for t in trials if best is None or t.number != best.number]
    data = []
    for k, (name, shade) in enumerate(shades.items()):
        group = others[k * len(others) // 3 : (k + 1) * len(others) // 3]
        line = {"color": shade, "width": 1.3}
        if group:
            data.append({**_thread(group, scales), "name": name, "line": line})
    if best is not None:
        line = {"color": "--best", "width": 3.5}
        data.append({**_thread([best], scales), "name": "the best", "line": line})
    return data


def _thread(trials: Sequence[FinishedTrial], scales: Sequence[Scale]) -> dict[str, Any]:
    x: list[float | None] = []
    y: list[float | None] = []
    for trial in trials:
        x += [*range(len(scales)), None]
        y += [*(short(scale["places"][trial.number]) for scale in scales), None]
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "hoverinfo": "skip"}


def _labels(scales: Sequence[Scale]) -> dict[str, Any]:
    """Return the labels of all axes, above or below the places that they name."""
    marks = [(k, *label) for k, scale in enumerate(scales) for label in scale["labels"]]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [k for k, _, _ in marks],
        "y": [at + (_BESIDE if at >= _MIDDLE else -_BESIDE) for _, at, _ in marks],
        "text": [text for _, _, text in marks],
        "textfont": {"color": "--text"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
