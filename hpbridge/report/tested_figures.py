"""The plots of an opened test: who was taken for whom, curves, and residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import AT_THRESHOLD, BEST, DEFAULTS, DUMMY, INCUMBENT
from hpbridge.report.axes import axis_of, short, text_of
from hpbridge.report.figures import N_COLORS, Figure
from hpbridge.report.search_figures import LOOKS, NAMES
from hpbridge.report.texts import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.analysis.evaluated import Evaluated

MOST_CLASSES_WRITTEN = 15
"""Classes up to which a confusion matrix has its numbers in its cells."""

MOST_CLASSES_DRAWN = 10
"""Classes that have a curve at most, those with the most rows."""

_UNIT = [-0.03, 1.03]
_DASHES = ("solid", "dash", "dot")
_LONGEST_LABEL = 18


_OF_THRESHOLD = ("metrics", "per_class")
"""What a threshold changes: no curve does."""


def tested(evaluated: Evaluated, what: str) -> dict[str, Any]:
    """Return what the opened test has of a kind, by model; nothing while it is sealed.

    Args:
        evaluated: A study that was read.
        what: ``confusion``, ``roc`` and so on.
    """
    models = (evaluated.opening or {}).get("models", {})
    order = [name for name in (BEST, DEFAULTS, INCUMBENT, DUMMY) if name in models]
    if what in _OF_THRESHOLD and AT_THRESHOLD in models:
        order.insert(1, AT_THRESHOLD)
    return {name: models[name][what] for name in order if models[name].get(what)}


def confusion_figure(evaluated: Evaluated, model: str = BEST) -> Figure | None:
    """Return who was taken for whom on the sealed test: rows are the truth.

    Args:
        evaluated: A study that was read.
        model: Whose answers.
    """
    counts = tested(evaluated, "confusion").get(model)
    if counts is None:
        return None
    classes = tested(evaluated, "labels")[model]
    order = in_order(classes)
    counts = [[counts[row][column] for column in order] for row in order]
    names = _distinct([label(classes[place]) for place in order])
    heat: dict[str, Any] = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": [[short(n / (sum(row) or 1)) for n in row] for row in counts],
        "text": [[f"{n:,}" for n in row] for row in counts],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "--page"], [1, "--c0"]],
        "showscale": False,
        "hovertemplate": "%{y} taken for %{x}: %{text}<extra></extra>",
        "xgap": 1,
        "ygap": 1,
    }
    axis: dict[str, Any] = {"type": "category", "showgrid": False}
    if len(names) <= MOST_CLASSES_WRITTEN:
        heat["texttemplate"] = "%{text}"
        axis["dtick"] = 1
    layout = {
        "xaxis": {**axis, "title": {"text": "said by the model"}},
        "yaxis": {**axis, "title": {"text": "truth"}, "autorange": "reversed"},
        "showlegend": False,
    }
    return {"data": [heat], "layout": layout}


def in_order(classes: Sequence[Any]) -> list[int]:
    """Return the places of classes in order: numbers by size, others by their text."""
    are_numbers = all(isinstance(each, (int, float)) for each in classes)
    places = range(len(classes))
    if are_numbers:
        return sorted(places, key=lambda place: classes[place])
    return sorted(places, key=lambda place: label(classes[place]))


def _distinct(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        shown = unique = text_of(name, _LONGEST_LABEL)
        number = 1
        while unique in found:
            number += 1
            unique = f"{shown} #{number}"
        found.append(unique)
    return found


def roc_figure(evaluated: Evaluated) -> Figure | None:
    """Return true positives by false positives on the sealed test."""
    titles = "false positives, as a share", "true positives, as a share"
    return _curves(evaluated, "roc", titles, guide="chance")


def precision_recall_figure(evaluated: Evaluated) -> Figure | None:
    """Return precision by recall on the sealed test."""
    return _curves(evaluated, "precision_recall", ("recall", "precision"))


def calibration_figure(evaluated: Evaluated) -> Figure | None:
    """Return how often a class is there, by the chance that was said."""
    titles = "chance that was said", "share that was so"
    mode = "lines+markers"
    return _curves(evaluated, "calibration", titles, guide="as said", mode=mode)


def _curves(
    evaluated: Evaluated,
    what: str,
    titles: tuple[str, str],
    guide: str = "",
    mode: str = "lines",
) -> Figure | None:
    """Return curves of all models; of many classes, those of the tuned one alone."""
    found = {n: curves for n, curves in tested(evaluated, what).items() if n != DUMMY}
    if not found:
        return None
    data = [_diagonal(guide)] if guide else []
    several = any(len(curves) > 1 for curves in found.values())
    for name, curves in found.items():
        if several and name != BEST:
            continue
        drawn = most_common(evaluated, curves) if several else curves
        for place, curve in enumerate(drawn):
            look = _look_of_class(curve, place) if several else _look_of_model(name)
            data.append(_curve(curve, look, mode))
    unit = {"type": "linear", "range": _UNIT}
    axes = [{**unit, "title": {"text": title}} for title in titles]
    layout = {"xaxis": axes[0], "yaxis": axes[1], "showlegend": True}
    return {"data": data, "layout": layout}


def most_common(
    evaluated: Evaluated, curves: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the curves of the classes with the most rows, in the order of classes."""
    labels = tested(evaluated, "labels").get(BEST, ())
    support = tested(evaluated, "per_class").get(BEST, {}).get("support", ())
    rows = {label(a): n for a, n in zip(labels, support, strict=False)}
    ranked = sorted(curves, key=lambda curve: -rows.get(label(curve["label"]), 0))
    kept = ranked[:MOST_CLASSES_DRAWN]
    return [curve for curve in curves if curve in kept]


def _diagonal(name: str) -> dict[str, Any]:
    line = {"color": "--muted", "dash": "dot", "width": 1.5}
    drawn = {"type": "scatter", "mode": "lines", "name": name, "line": line}
    return {**drawn, "x": [0, 1], "y": [0, 1]}


def _look_of_model(name: str) -> dict[str, Any]:
    return {"name": NAMES[name], "line": {**LOOKS[name], "width": 2}}


def _look_of_class(curve: Mapping[str, Any], place: int) -> dict[str, Any]:
    dash = _DASHES[place // N_COLORS % len(_DASHES)]
    line = {"color": f"--c{place % N_COLORS}", "dash": dash, "width": 2}
    return {"name": text_of(label(curve["label"]), _LONGEST_LABEL), "line": line}


def _curve(
    curve: Mapping[str, Any], look: Mapping[str, Any], mode: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": mode,
        "x": [short(v) for v in curve["x"]],
        "y": [short(v) for v in curve["y"]],
        "marker": {"color": look["line"]["color"], "size": 6},
        **look,
    }


def residuals_figure(evaluated: Evaluated) -> Figure | None:
    """Return what is left of the truth, by what was predicted on the sealed test."""
    found = tested(evaluated, "residuals")
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": NAMES[name],
            "x": [short(v) for v in found[name]["predicted"]],
            "y": [short(v) for v in found[name]["residual"]],
            "marker": {
                "size": 6,
                "symbol": symbol,
                "color": LOOKS[name]["color"],
                "line": {"color": LOOKS[name]["color"], "width": 1},
            },
        }
        for name, symbol in ((DEFAULTS, "circle-open"), (BEST, "circle"))
        if name in found
    ]
    if not data:
        return None
    x = [value for trace in data for value in trace["x"]]
    y = [value for trace in data for value in trace["y"]]
    zero = {
        "type": "scatter",
        "mode": "lines",
        "x": [min(x), max(x)],
        "y": [0, 0],
        "line": {"color": "--muted", "dash": "dot", "width": 1.5},
        "showlegend": False,
        "hoverinfo": "skip",
    }
    layout = {
        "xaxis": axis_of("predicted", x, "linear"),
        "yaxis": axis_of("truth minus predicted", y, "linear"),
        "showlegend": True,
    }
    return {"data": [zero, *data], "layout": layout}
