"""The table of a comparison, with what several metrics come to."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.axes import alike
from hpbridge.analysis.contest.gathering import results_of
from hpbridge.analysis.summary import by_optimizer, spread, summarize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.study import Study


def table_of(studies: Sequence[Study]) -> list[dict[str, Any]]:
    """Return the rows of `summarize`; of several metrics, with all of them.

    Studies that do not compare have rows of their own: of other problems, metrics or
    directions, and where they were put together by hand, other budgets or spaces.

    Returns:
        Rows with these keys besides, where there are several metrics:

        - ``bests``: by metric, what ``best``, ``best_min`` and ``best_max`` are of the
          first
        - ``hypervolume``, ``hypervolume_min``, ``hypervolume_max``: of what the trials
          of each study dominate: median, lowest and highest over repeats
        - ``reference_point``: of it, by metric, in its own unit
        - ``front``: trials that no other one dominates, median over repeats

        And where not all studies compare, ``problem``: those of the row do.
    """
    groups = alike([*studies])
    if len(groups) == 1:
        return _rows(*groups.values())
    return [
        {"problem": name, **row} for name, own in groups.items() for row in _rows(own)
    ]


def _rows(studies: Sequence[Study]) -> list[dict[str, Any]]:
    rows = summarize(studies)
    if len(studies[0].metrics) == 1:
        return rows
    return [
        row | _several(repeats, volumes)
        for row, repeats, volumes in zip(
            rows, by_optimizer(studies).values(), _volumes(studies), strict=True
        )
    ]


def fronts_of(studies: Sequence[Study]) -> dict[str, list[dict[str, Any]]]:
    """Return the front of each study: number and metrics of its trials, by its name.

    Only of studies with several metrics.
    """
    return {
        study.name: [
            {"number": t.number, "metrics": {m: t.metrics[m] for m in study.metrics}}
            for t in study.best_trials
        ]
        for study in studies
        if len(study.metrics) > 1
    }


def _volumes(studies: Sequence[Study]) -> list[dict[str, Any]]:
    results = results_of(studies)
    found = []
    for k in range(len(results.optimizers)):
        run, facts = results.best[0, k], results.problems[0]
        values = sorted(
            float(-value)
            for value, n in zip(run[:, -1], results.n_told[0, k], strict=True)
            if n
        )
        point = {
            metric: -value if way == "maximize" else value
            for (metric, way), value in zip(
                facts.metrics, facts.reference_point or (), strict=True
            )
        }
        found.append(
            {
                "hypervolume": statistics.median(values) if values else None,
                "hypervolume_min": min(values, default=None),
                "hypervolume_max": max(values, default=None),
                "reference_point": point,
            }
        )
    return found


def _several(repeats: Sequence[Study], volumes: dict[str, Any]) -> dict[str, Any]:
    return {
        "bests": {metric: spread(repeats, metric) for metric in repeats[0].metrics},
        **volumes,
        "front": statistics.median(len(study.best_trials) for study in repeats),
    }
