"""One look for pages and notebooks: colors of the style sheet in plotly's figures."""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from hpbridge.report.rendering import check_packages, resource

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from hpbridge.report.figures import Figure

_BAND = 0.14
"""How opaque a filled area is; `page.js` has the same."""

_HEIGHT, _WIDTH_OF_PANEL = 420, 260
_FONT = 13


@cache
def colors() -> dict[str, str]:
    """Return the colors of the style sheet by name, those on a light ground.

    Example:
        >>> colors()["--page"]
        '#ffffff'
    """
    root = re.search(r":root \{(.*?)\n\}", resource("page.css"), re.DOTALL)
    assert root is not None
    return dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6})", root[1]))


def plotly_figure(figure: Figure, title: str = "") -> go.Figure:
    """Return a figure of plotly's, for a notebook or a file.

    Args:
        figure: As the modules of this package make them, with names of colors.
        title: Of the figure.

    Raises:
        ExportError: If plotly is not installed.
    """
    check_packages()
    import plotly.graph_objects as go

    painted = _painted(copy.deepcopy(figure))
    axes = {name: axis for name, axis in painted["layout"].items() if "axis" in name}
    known = colors()
    for axis in axes.values():
        axis.update(
            automargin=True,
            gridcolor=known["--grid"],
            linecolor=known["--rule"],
            zerolinecolor=known["--rule"],
        )
    n_panels = sum(name.startswith("xaxis") for name in axes)
    made = go.Figure(painted)
    made.update_layout(
        template="none",
        title={"text": title},
        height=_HEIGHT,
        paper_bgcolor=known["--page"],
        plot_bgcolor=known["--page"],
        font={"color": known["--text"], "size": _FONT},
        hovermode="closest",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        width=max(700, _WIDTH_OF_PANEL * n_panels) if n_panels > 1 else None,
    )
    return made


def _painted(node: Any) -> Any:
    """Return plain data with colors in the place of their names, as `page.js` does."""
    known = colors()
    if isinstance(node, list):
        return [_painted(each) for each in node]
    if not isinstance(node, dict):
        return node
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key == "color" and isinstance(value, str):
            found[key] = known[value]
        elif key == "fillcolor":
            found[key] = _translucent(known[value])
        elif key == "colorscale":
            found[key] = [[at, known[name]] for at, name in value]
        else:
            found[key] = _painted(value)
    return found


def _translucent(color: str) -> str:
    red, green, blue = (int(color[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{_BAND})"
