"""The table of a bench: a row a problem, a column an optimizer."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.summary import best_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.analysis.contest.results import Results
    from hpbridge.study import Study


def best_by_problem(studies: Iterable[Study]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the optimizers, and a row a problem.

    Returns:
        Rows with ``problem``, ``optimum`` (None where it is not known), ``trials`` of a
        study at most, ``studies``, and ``best``: by optimizer the median over seeds of
        the best value, as the problem judges it; None where there is none.
    """
    optimizers: dict[str, None] = {}
    rows: dict[str, dict[str, Any]] = {}
    values: dict[tuple[str, str], list[float]] = {}
    for study in studies:
        facts = study.attributes.get("problem") or {}
        name = study.experiment
        row = rows.setdefault(
            name,
            {
                "problem": name,
                "optimum": facts.get("optimum"),
                "trials": 0,
                "studies": 0,
                "best": {},
            },
        )
        row["trials"] = max(row["trials"], len(study.trials))
        row["studies"] += 1
        optimizers[study.label] = None
        found = judged(study, facts.get("scored_by"))
        row["best"].setdefault(study.label, None)
        if found is not None:
            values.setdefault((name, study.label), []).append(found)
    for (name, optimizer), bests in values.items():
        rows[name]["best"][optimizer] = statistics.median(bests)
    return list(optimizers), list(rows.values())


def judged(study: Study, metric: str | None) -> float | None:
    """Return the value by which a study is judged; None without a feasible trial.

    Args:
        study: The best trial is that by its main metric.
        metric: Of which the value is taken; None for the main one.
    """
    if metric is None:
        return best_value(study, study.main_metric)
    best = study.best_by_main_metric()
    return None if best is None else best.metrics.get(metric)


def not_whole(results: Results) -> dict[tuple[str, str], str]:
    """Return why runs of a bench are not there, or ended before their last trial.

    Returns:
        By two names, that of the run (as in ``optuna:tpe on branin, seed 3``) and that
        of its optimizer on the problem, by which optimizers are left out.
    """
    import numpy as np

    from hpbridge.analysis.contest.results import MISSING, PARTIAL

    found: dict[tuple[str, str], str] = {}
    lacking = np.argwhere(np.isin(results.states, (MISSING, PARTIAL))).tolist()
    for at in sorted({*((p, o, s) for p, o, s in lacking), *results.why}):
        pair = f"{results.optimizers[at[1]]} on {results.problems[at[0]].name}"
        why = results.why.get(at) or "it did not run"
        found[f"{pair}, seed {results.seeds[at[2]]}", pair] = why
    return found
