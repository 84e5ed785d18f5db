"""Axes of the plots: titles that fit, and ranges that suit what is drawn."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

from hpbridge.report.texts import label
from hpbridge.space.categorical import Categorical

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpbridge.space.parameters import Parameter

Axis = dict[str, Any]

# From this ratio on, positive numbers are drawn on a logarithmic axis.
_RATIO_FOR_LOG = 100.0

# The part of an axis that is left free at each end.
_MARGIN = 0.05

# Half the width of an axis on which all is one value, as a part of that value.
_ROOM_WHEN_FLAT = 0.1

# Up to so many whole numbers each gets its tick.
_MOST_TICKS = 6

# What a browser can place: beyond it, an axis has no width, or an endless one.
_SMALLEST, _LARGEST = 1e-290, 8e307
_MOST_DIGITS = 307

_LONGEST_TEXT = 60
_LONGEST_TITLE = 32
_LONGEST_TICK = 24


def text_of(text: str, most: int = _LONGEST_TEXT) -> str:
    """Return a user's text for Plotly: short, with its end, and no markup in it."""
    if len(text) > most:
        end = most // 3
        text = f"{text[: most - end - 1]}\N{HORIZONTAL ELLIPSIS}{text[-end:]}"
    return html.escape(text, quote=False)


def short(value: float) -> float:
    """Return a number in six digits: more than a pixel shows, and small in a page."""
    return float(f"{value:.6g}")


def axis_of(title: str, values: Iterable[float], scale: str = "") -> Axis:
    """Return an axis for values of a metric, or for how far a study was.

    Args:
        title: What the values are.
        values: All that is drawn.
        scale: "linear" or "log"; by default what suits the values.
    """
    finite = [short(v) for v in values if math.isfinite(v)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    is_log = low > 0 and high >= _RATIO_FOR_LOG * low
    scale = scale or ("log" if is_log else "linear")
    shown = text_of(title, _LONGEST_TITLE)
    title = f"{shown}, log scale" if scale == "log" else shown
    axis: Axis = {"title": {"text": title}, "type": scale}
    if finite and low == high:
        axis["range"] = _around(low, scale)
    return axis


def metric_range(values: Iterable[float], scale: str) -> list[float] | None:
    """Return a range that leaves some room around values; None without any.

    Returns:
        Both ends in the axis' own unit: powers of ten where its scale is "log".
    """
    finite = [short(v) for v in values if math.isfinite(v)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    if low == high:
        return _around(low, scale)
    if scale == "log":
        low, high = math.log10(low), math.log10(high)
    room = _MARGIN * (high / 2 - low / 2) * 2
    return [_within(low - room, scale), _within(high + room, scale)]


def _around(value: float, scale: str) -> list[float]:
    if scale == "log":
        return [math.log10(value) - 0.5, math.log10(value) + 0.5]
    room = _ROOM_WHEN_FLAT * abs(value) if abs(value) > _SMALLEST else 1.0
    return [_within(value - room), _within(value + room)]


def _within(end: float, scale: str = "linear") -> float:
    most = _MOST_DIGITS if scale == "log" else _LARGEST
    return max(-most, min(most, end))


def trials_axis(title: str, places: Sequence[float]) -> Axis:
    """Return an axis that begins at nothing: trials, or seconds."""
    axis = {**axis_of(title, places), "rangemode": "tozero"}
    end = max(places, default=0.0)
    if axis["type"] == "linear" and "range" in axis:
        # All curves are one point: it stands in the middle.
        axis["range"] = [0.0, short(2 * end) or 1.0]
    if axis["type"] == "linear" and all(float(p).is_integer() for p in places):
        axis |= _whole_ticks(0, end)
    return axis


def parameter_axis(name: str, parameter: Parameter, values: Sequence[Any]) -> Axis:
    """Return an axis for the values of a parameter, as `places_of` gives them."""
    title = {"text": text_of(name, _LONGEST_TITLE)}
    if isinstance(parameter, Categorical):
        return {
            "title": title,
            "type": "category",
            "categoryorder": "array",
            "categoryarray": list(categories(parameter).values()),
        }
    scale = "log" if getattr(parameter, "log", False) else "linear"
    low, high = getattr(parameter, "low", None), getattr(parameter, "high", None)
    axis: Axis = {"title": title, "type": scale}
    if len({*values}) == 1 and low is not None and high is not None:
        # One value alone says nothing of its place: the whole range does.
        axis["range"] = metric_range([float(low), float(high)], scale)
    if scale == "linear" and all(isinstance(v, int) for v in values):
        axis |= _whole_ticks(min(values), max(values))
    return axis


def _whole_ticks(low: float, high: float) -> Axis:
    return {"tick0": 0, "dtick": 1} if high - low <= _MOST_TICKS else {}


def categories(parameter: Categorical) -> dict[Any, str]:
    """Return a short text for each choice, no two alike."""
    texts: dict[Any, str] = {}
    for each in parameter.labels:
        text = unique = text_of(label(each), _LONGEST_TICK)
        number = 1
        while unique in texts.values():
            number += 1
            unique = f"{text} #{number}"
        texts[each] = unique
    return texts


def places_of(parameter: Parameter, values: Iterable[Any]) -> list[Any]:
    """Return where values stand on their parameter's axis."""
    if isinstance(parameter, Categorical):
        texts = categories(parameter)
        return [texts[value] for value in values]
    return [short(v) if isinstance(v, float) else v for v in values]
