"""The plots of what is done beside a search: nested, run again, or with a threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.confirmed import CONFIRMATIONS
from hpbridge.analysis.evaluated import DEFAULTS
from hpbridge.analysis.nested import NESTED, TUNED, Nested
from hpbridge.report.axes import axis_of, metric_range, short, text_of
from hpbridge.report.model_figures import error_bars, number_of
from hpbridge.report.search_figures import LOOKS

if TYPE_CHECKING:
    from hpbridge.analysis.evaluated import Evaluated
    from hpbridge.report.figures import Figure

THRESHOLDS = "thresholds"
"""The attribute of a study that holds the thresholds that were chosen for its models:
as `hpbridge.evaluation.threshold` notes them."""


def last_noted(evaluated: Evaluated, name: str) -> Mapping[str, Any] | None:
    """Return the last record of an attribute that is a list of records, if there is."""
    noted = evaluated.study.attributes.get(name)
    if not isinstance(noted, Sequence) or isinstance(noted, str) or not noted:
        return None
    return noted[-1] if isinstance(noted[-1], Mapping) else None


def nested_figure(evaluated: Evaluated) -> Figure | None:
    """Return what each outer fold's winner had in its search, and what it came to."""
    noted = last_noted(evaluated, NESTED)
    if noted is None:
        return None
    nested = Nested(noted)
    parts = [
        ("defaults", nested.scores(DEFAULTS), LOOKS["defaults"], "circle-open", 14),
        ("best of its own search", nested.inner(), LOOKS["best"], "star-open", 10),
        ("the same on the outer fold", nested.scores(TUNED), LOOKS["best"], "star", 10),
    ]
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": [str(k) for k, _ in enumerate(scores)],
            "y": [short(score) for score in scores],
            "marker": {
                "size": size,
                "symbol": symbol,
                "color": look["color"],
                "line": {"color": look["color"], "width": 1.5},
            },
        }
        for name, scores, look, symbol, size in parts
        if scores
    ]
    values = [value for trace in data for value in trace["y"]]
    layout = {
        "xaxis": {"type": "category", "title": {"text": "outer fold"}},
        "yaxis": axis_of(nested.metric, values, "linear"),
        "showlegend": True,
    }
    return {"data": data, "layout": layout}


def confirmed_figure(evaluated: Evaluated) -> Figure | None:
    """Return what the winners had in the search, and what they came to run again."""
    noted = last_noted(evaluated, CONFIRMATIONS)
    if noted is None:
        return None
    metric, winners = noted["metric"], noted["winners"]
    names = [f"trial {each['trial']}" for each in winners]
    means = [number_of(each["mean"]) for each in winners]
    known = [k for k, mean in enumerate(means) if math.isfinite(mean)]
    lucky = [number_of(each["lucky"].get(metric)) for each in winners]
    color = LOOKS["best"]["color"]
    mark = {"type": "scatter", "mode": "markers"}
    data = [
        {
            **mark,
            "name": "in the search",
            "x": names,
            "y": [short(value) for value in lucky],
            "marker": {"size": 10, "symbol": "star-open", "color": color},
        },
        {
            **mark,
            "name": "run again, mean",
            "x": [names[k] for k in known],
            "y": [short(means[k]) for k in known],
            "marker": {"size": 10, "symbol": "star", "color": color},
            "error_y": error_bars(
                [number_of(winners[k]["high"]) - means[k] for k in known],
                [means[k] - number_of(winners[k]["low"]) for k in known],
                color,
            ),
        },
    ]
    values = [*lucky, *(means[k] for k in known)]
    layout = {
        "xaxis": {"type": "category", "title": {"text": "by rank in the search"}},
        "yaxis": axis_of(metric, values, "linear"),
        "showlegend": True,
    }
    return {"data": data, "layout": layout}


def threshold_figure(evaluated: Evaluated) -> Figure | None:
    """Return the metric at every threshold that was tried, out of fold."""
    noted = last_noted(evaluated, THRESHOLDS)
    if noted is None:
        return None
    x = [short(value) for value in noted["tried"]]
    pairs = [(a, number_of(b)) for a, b in zip(x, noted["scores"], strict=True)]
    scores = [score for _, score in pairs]
    curve = {
        "type": "scatter",
        "mode": "lines",
        "name": text_of(str(noted["metric"])),
        "x": [a for a, b in pairs if math.isfinite(b)],
        "y": [short(b) for _, b in pairs if math.isfinite(b)],
        "line": {"color": "--c0", "width": 2},
    }
    limits = metric_range(scores, "linear") or [0.0, 1.0]
    marks = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": [short(noted[key])] * 2,
            "y": [short(end) for end in limits],
            "line": {"color": color, "dash": dash, "width": 2},
        }
        for key, name, color, dash in (
            ("value", "chosen", "--best", "solid"),
            ("default", "default", "--muted", "dash"),
        )
    ]
    layout = {
        "xaxis": {"title": {"text": "threshold"}},
        "yaxis": {**axis_of(str(noted["metric"]), scores, "linear"), "range": limits},
        "showlegend": True,
    }
    return {"data": [curve, *marks], "layout": layout}
