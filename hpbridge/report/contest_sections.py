"""The sections of a contest's page that have figures: what is shown, or why not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.errors import count
from hpbridge.report import texts
from hpbridge.report.axes import axis_of
from hpbridge.report.contest_estimates import estimate
from hpbridge.report.contest_figures import Line, lines_figure
from hpbridge.report.table import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.report.contest_estimates import Ends, Estimate
    from hpbridge.report.contest_numbers import Numbers

_COLUMNS = 6
_REGRET = "normalised regret"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page.

    Attributes:
        id: By which it is linked to.
        title: Its heading.
        lead: What it says, in a sentence or a few.
        why_none: Why there is nothing to show; empty where there is something.
        plots: Figures, each with its title, description and table.
        panels: Figures beside each other, each with its title and description.
        tables: Further tables, each with its label.
        notes: Sentences below.
    """

    id: str
    title: str
    lead: str = ""
    why_none: str = ""
    plots: Sequence[dict[str, Any]] = ()
    panels: Sequence[dict[str, Any]] = ()
    tables: Sequence[dict[str, Any]] = ()
    notes: Sequence[str] = ()


def interval(ends: Ends, digits: int = 3) -> str:
    """Return a mean, with its interval in a line of its own."""
    mean, low, high = ends
    text = _text(mean, digits)
    if not (math.isfinite(low) and math.isfinite(high)):
        return text
    between = f"{_text(low, digits)} to {_text(high, digits)}"
    return f"{text}\n{between}"


def _text(value: float, digits: int) -> str:
    return texts.NONE if math.isnan(value) else f"{value:.{digits}g}"


@dataclass(frozen=True)
class Titles:
    """What is written around a plot of curves.

    Attributes:
        plot: Of the plot.
        x: Of the axis of places.
        y: Of the other axis.
        scale: Of the other axis, as of `hpbridge.report.axes.axis_of`.
        is_smooth: Whether lines go straight from place to place.
    """

    plot: str
    x: str
    y: str
    scale: str = "linear"
    is_smooth: bool = False


def curve_plot(
    numbers: Numbers,
    found: Estimate,
    places: Sequence[float],
    titles: Titles,
    *,
    level: tuple[str, float] | None = None,
    leave_out: int | None = None,
) -> dict[str, Any]:
    """Return a plot of one line an optimizer, with its table.

    Args:
        numbers: Of the contest.
        found: Means and intervals; shape (O, G).
        places: Where they are; drawn on a logarithmic axis.
        titles: Around the plot.
        level: Name and value of a line to compare with.
        leave_out: An optimizer that is not drawn.
    """
    names = numbers.results.optimizers
    shown = [o for o in range(len(names)) if o != leave_out]
    lines = [
        Line(
            name=names[o],
            index=o,
            x=places,
            y=found.mean[o].tolist(),
            low=found.low[o].tolist(),
            high=found.high[o].tolist(),
            steps=not titles.is_smooth,
        )
        for o in shown
    ]
    values = [v for o in shown for v in found.mean[o].tolist()]
    if titles.scale == "log":
        values = [v for v in values if v > 0]
    x_axis = axis_of(titles.x, places, "log")
    y_axis = axis_of(titles.y, values, titles.scale)
    ends = "; ".join(f"{names[o]} ends at {_text(found.mean[o][-1], 3)}" for o in shown)
    return {
        "title": titles.plot,
        "description": f"Line chart. {titles.plot}: {ends}",
        "figure": lines_figure(lines, x_axis, y_axis, level),
        "table": _curve_table(numbers, found, places, titles.x, shown),
        "class": "wide",
    }


def _curve_table(
    numbers: Numbers,
    found: Estimate,
    places: Sequence[float],
    axis: str,
    shown: Sequence[int],
) -> dict[str, Any]:
    last = len(places) - 1
    steps = min(_COLUMNS, len(places))
    columns = sorted({round(k * last / max(steps - 1, 1)) for k in range(steps)})
    rows = [
        Row(
            [
                numbers.results.optimizers[o],
                *(interval(found.at(o, k)) for k in columns),
            ]
        )
        for o in shown
    ]
    unit = axis.partition(" ")[0]
    headers = ["Optimizer", *(f"{unit} {places[k]:.3g}" for k in columns)]
    return {"headers": headers, "rows": rows}


def trials_title(numbers: Numbers) -> str:
    """Return what budgets are counted in."""
    return "trials" if numbers.is_one_budget else "share of each problem's trials"


def over(numbers: Numbers, problems: Sequence[int]) -> str:
    """Return over which problems something holds, in words."""
    total = len(numbers.results.problems)
    if len(problems) == total:
        return f"over {count(total, 'problem')}" if total > 1 else "on this problem"
    return f"over {len(problems)} of {count(total, 'problem')}"


def convergence(numbers: Numbers) -> Section:
    """Return the anytime curves, by trials and by time."""
    common: dict[str, Any] = {"id": "convergence", "title": "By budget"}
    if not numbers.scaled:
        return Section(**common, why_none=why_not_scaled(numbers))
    where = over(numbers, numbers.scaled)
    title = f"Mean {_REGRET} {where}"
    by_trials = Titles(f"{title}, by trials", trials_title(numbers), _REGRET, "log")
    plots = [curve_plot(numbers, numbers.regrets, numbers.places.tolist(), by_trials)]
    if numbers.seconds.size:
        x = "seconds since the first ask"
        found, places = numbers.regrets_by_seconds, numbers.seconds.tolist()
        by_time = Titles(f"{title}, by time", x, _REGRET, "log")
        plots.append(curve_plot(numbers, found, places, by_time))
    return Section(
        **common,
        lead="Normalised regret is 0 at the optimum and 1 at the median of what one "
        "random trial gives; worse counts as 1, and so does a run without a feasible "
        "trial.",
        plots=plots,
        notes=[_scaled_by(numbers), *_left_out(numbers), _thinned(numbers)],
    )


def volumes(numbers: Numbers) -> list[Section]:
    """Return the hypervolume of each optimizer, of one problem of several metrics."""
    facts = numbers.results.problems
    if len(facts) != 1 or len(facts[0].metrics) < 2 or not numbers.shared:  # noqa: PLR2004
        return []
    found = estimate(-numbers.best[numbers.shared])
    point = facts[0].reference_point or ()
    named = zip(facts[0].metrics, point, strict=False)
    text = ", ".join(
        f"{metric} {texts.number(-v if way == 'maximize' else v)}"
        for (metric, way), v in named
    )
    titles = Titles("Mean hypervolume, by trials", trials_title(numbers), "hypervolume")
    plot = curve_plot(numbers, found, numbers.places.tolist(), titles)
    section = Section(
        id="hypervolume",
        title="Hypervolume",
        lead="How much of the space between the front and the reference point the "
        f"trials dominate: more is better. The reference point is {text or 'unknown'}.",
        plots=[plot],
    )
    return [section]


def why_not_scaled(numbers: Numbers) -> str:
    """Return why values of different problems cannot be put together."""
    if numbers.results.reference is None:
        return (
            "There is no random search among the optimizers, by which regret is "
            "normalised: values of different problems cannot be put together. Ranks "
            "can."
        )
    if not numbers.shared:
        return "There is no problem that every optimizer ran."
    return (
        "On no problem did random search find a value that is worse than the best one "
        "known: there is nothing to normalise by."
    )


def _scaled_by(numbers: Numbers) -> str:
    known, scaled = len(numbers.known), len(numbers.scaled)
    if known == scaled:
        return "The optimum of every problem is known."
    if not known:
        return (
            "No problem's optimum is known: the best value that any run found stands "
            "in, which flatters whoever found it."
        )
    return (
        f"The optimum of {known} of {count(scaled, 'problem')} is known; of the "
        "others, the best value that any run found stands in, which flatters whoever "
        "found it."
    )


def _left_out(numbers: Numbers) -> list[str]:
    lost = [p for p in numbers.shared if p not in set(numbers.scaled)]
    facts = numbers.results.problems
    if not lost:
        return []
    names = ", ".join(facts[p].name for p in lost)
    return [f"Not normalised, since random search left nothing to gain: {names}."]


def _thinned(numbers: Numbers) -> str:
    n_places = len(numbers.places)
    most = int(numbers.budget.max(initial=1))
    bands = "Bands are 95 % intervals at each budget by itself."
    if n_places >= most:
        return bands
    return (
        f"{bands} Of {most:,} budgets, {n_places} are drawn, in steps of equal ratio."
    )


def ranks_over_time(numbers: Numbers) -> Section:
    """Return the mean rank of every optimizer at each budget."""
    common: dict[str, Any] = {"id": "ranks", "title": "Ranks over time"}
    if why := why_no_ranks(numbers):
        return Section(**common, why_none=why)
    where = over(numbers, numbers.shared)
    title = f"Mean rank of runs {where}, by trials"
    plot = curve_plot(
        numbers,
        numbers.ranks,
        numbers.places.tolist(),
        Titles(title, trials_title(numbers), "mean rank, 1 is best"),
    )
    plot["figure"]["layout"]["yaxis"]["autorange"] = "reversed"
    return Section(
        **common,
        lead="Runs with the same seed are ranked at each budget; ties share a rank, "
        "and runs without a feasible trial share the last one.",
        plots=[plot],
    )


def why_no_ranks(numbers: Numbers) -> str:
    """Return why optimizers cannot be ranked; empty where they can."""
    if len(numbers.results.optimizers) < 2:  # noqa: PLR2004 - nobody to rank against
        return "There is one optimizer: it has nobody to be ranked against."
    return "" if numbers.shared else "There is no problem that every optimizer ran."


def beats_random(numbers: Numbers) -> Section:
    """Return the probability of beating random search at each budget."""
    common: dict[str, Any] = {"id": "random", "title": "Against random search"}
    found = numbers.beats_random
    names = numbers.results.optimizers
    if found is None or len(names) < 2:  # noqa: PLR2004 - itself alone
        why = (
            "There is one optimizer: it is random search itself."
            if found is not None
            else "There is no random search among the optimizers."
            if numbers.results.reference is None
            else "There is no problem that every optimizer ran."
        )
        return Section(**common, why_none=why)
    title = f"Probability of beating random search {over(numbers, numbers.shared)}"
    plot = curve_plot(
        numbers,
        found,
        numbers.places.tolist(),
        Titles(title, trials_title(numbers), "probability"),
        level=("as good as random search", 0.5),
        leave_out=numbers.results.reference,
    )
    return Section(
        **common,
        lead="How likely a run is to have found a better value than a run of "
        f"{names[numbers.results.reference or 0]} with as many trials; a tie counts "
        "half.",
        plots=[plot],
    )
