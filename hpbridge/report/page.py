"""Write the page: gather the data, fill the template, keep it self-contained."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge import __version__
from hpbridge.analysis.convergence import Curve, curve_by_seconds, curve_by_trials
from hpbridge.analysis.summary import by_optimizer, common_best, summarize
from hpbridge.errors import count
from hpbridge.formats.export import study_to_json
from hpbridge.report import sections, texts
from hpbridge.report.best import joint_front, winners
from hpbridge.report.figures import convergence_figure
from hpbridge.report.rendering import check_target, render, write_page
from hpbridge.report.table import milestone_table, summary_table

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from hpbridge.study import Study

MOST_POINTS_OF_STUDY = 2_000
"""Trials that a scatter plot shows at most: more are slow to draw, and a blot."""

MOST_POINTS_OF_PAGE = 100_000
"""Points of all scatter plots of a page together."""

MOST_DATA_BYTES = 8_000_000
"""Size up to which the compressed data of all trials is put into the page."""


def write_report(  # noqa: PLR0913 - what a page is made of
    studies: Sequence[Study],
    path: str | os.PathLike[str],
    *,
    title: str,
    table: Sequence[Mapping[str, Any]] | None = None,
    absent: Mapping[str, str] | None = None,
    contest: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Write one HTML file that shows studies and needs nothing else to be read.

    Args:
        studies: Of one experiment, or of several: each experiment has its own part.
            Studies of one optimizer are its repeats.
        path: Of the file to write. A page that is there is replaced.
        title: Of the page.
        table: The summary, as `hpbridge.analysis.summary.summarize` returns it, with
            more columns if there are any; made by it by default. Of several
            experiments, each always gets its own.
        absent: What is missing from a comparison, and why: optimizers that failed or
            could not take part.
        contest: What is said of studies of one experiment as rivals, as
            `hpbridge.report.contest_page.rivals_context` returns it.
        overwrite: Whether any other file that is there is replaced too.

    Raises:
        ExportError: If jinja2 or plotly is not installed, or the file cannot be
            written.
    """
    target = Path(path)
    check_target(target, overwrite=overwrite)
    context = context_of(studies, title, table, absent)
    context["contest"] = contest
    write_page(render("page.html.jinja", context), target)


def context_of(
    studies: Sequence[Study],
    title: str,
    table: Sequence[Mapping[str, Any]] | None = None,
    absent: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what every page says of studies; the arguments are `write_report`'s."""
    experiments: dict[str, list[Study]] = {}
    for study in studies:
        key = json.dumps([study.experiment, dict(study.metrics)])
        experiments.setdefault(key, []).append(study)
    n_plots = sum(len(s.space.searched) * len(s.metrics) for s in studies)
    most_points = min(
        MOST_POINTS_OF_STUDY, max(100, MOST_POINTS_OF_PAGE // max(n_plots, 1))
    )
    own_table = table if len(experiments) == 1 else None
    n_trials = sum(len(study.trials) for study in studies)
    return {
        "title": title,
        "version": __version__,
        "ran": _ran(studies) if studies else "",
        "size": f"{count(len(studies), 'study', 'studies')} with "
        f"{count(n_trials, 'trial')}",
        "absent": dict(absent or {}),
        "parts": [
            _part(those, own_table, most_points) for those in experiments.values()
        ],
        "data": _compressed(studies),
        "file_name": _file_name(title),
    }


def _part(
    studies: list[Study],
    table: Sequence[Mapping[str, Any]] | None,
    most_points: int,
) -> dict[str, Any]:
    """Return what the page shows of one experiment."""
    first = studies[0]
    rows = summarize(studies) if table is None else table
    groups = by_optimizer(studies)
    target = common_best(studies)
    n_metrics = len(first.metrics)
    return {
        "experiment": first.experiment,
        "metric": first.main_metric,
        "metrics": list(first.metrics),
        "goals": ", ".join(f"{m}, to {way}" for m, way in first.metrics.items()),
        "table": summary_table(rows, groups),
        "winners": winners(groups) if n_metrics == 1 else [],
        "front": joint_front(groups) if n_metrics > 1 else None,
        "common": None if target is None else texts.number(target),
        "convergence": [
            plot for metric in first.metrics for plot in _convergence(groups, metric)
        ],
        "facts": sections.setup_facts(studies),
        "ran": _ran(studies),
        "space": sections.space_rows(first),
        "versions": sections.version_rows(studies),
        "studies": [sections.study_section(s, most_points) for s in studies],
    }


def _ran(studies: Sequence[Study]) -> str:
    begin = texts.moment(min(study.created_at for study in studies))
    end = texts.moment(max(study.updated_at for study in studies))
    return begin if begin == end else f"{begin} to {end}"


def _convergence(
    groups: Mapping[str, Sequence[Study]], metric: str
) -> list[dict[str, Any]]:
    studies = [study for those in groups.values() for study in those]
    target = common_best(studies, metric)
    sign = studies[0].sign_of(metric)
    plots: list[dict[str, Any]] = []
    for curve_of, axis, way in [
        (curve_by_trials, "trials", "by number of trials"),
        (curve_by_seconds, "seconds since the first ask", "by time"),
    ]:
        curves = {
            name: [curve_of(study, metric) for study in those]
            for name, those in groups.items()
        }
        titles = (axis, f"best {metric}")
        figure = convergence_figure(curves, sign=sign, titles=titles, common=target)
        ends = "; ".join(_end(name, those) for name, those in curves.items())
        title = f"Best {metric} so far, {way}"
        plots.append(
            {
                "title": title,
                "description": f"Line chart. {title}: {ends}",
                "figure": figure,
                "table": milestone_table(curves, sign, axis),
            }
        )
    return [plot for plot in plots if any(t["x"] for t in plot["figure"]["data"])]


def _end(name: str, curves: Sequence[Curve]) -> str:
    finals = [texts.number(curve.values[-1]) for curve in curves if curve.values]
    return f"{name} ends at {', '.join(finals) or 'no value'}"


def _compressed(studies: Sequence[Study]) -> str | None:
    """Return all studies as compressed JSON in base64; None when that is too much."""
    data = [study_to_json(study) for study in studies]
    text = json.dumps(data, allow_nan=False).encode()
    packed = base64.b64encode(gzip.compress(text, compresslevel=6, mtime=0))
    return packed.decode() if len(packed) <= MOST_DATA_BYTES else None


def _file_name(title: str) -> str:
    kept = "".join(c if c.isalnum() and c.isascii() else "-" for c in title)
    return f"{kept.strip('-')[:60] or 'studies'}.json"
