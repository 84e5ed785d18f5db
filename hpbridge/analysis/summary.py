"""The table of a comparison: one row an optimizer."""

from __future__ import annotations

import json
import math
import statistics
from typing import TYPE_CHECKING, Any, TypeVar

from hpbridge.analysis.convergence import curve_by_seconds
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.store.record import StudyRecord
    from hpbridge.study import Study

    AnyStudy = TypeVar("AnyStudy", bound=StudyRecord)


def by_optimizer(studies: Sequence[AnyStudy]) -> dict[str, list[AnyStudy]]:
    """Return the studies of each optimizer: its repeats, in the order given.

    The key is the optimizer's name; where a name was asked for that stands for others,
    as `auto` does, that name. Where one optimizer ran with several sets of
    options, they are kept apart, and the name says in which options they differ.
    """
    groups: dict[tuple[str, str], list[AnyStudy]] = {}
    for study in studies:
        # What a name that was asked for stands for may differ from study to study.
        own = dict(study.options) if study.label == study.optimizer else {}
        key = (study.label, json.dumps(own, sort_keys=True))
        groups.setdefault(key, []).append(study)
    named: dict[str, list[AnyStudy]] = {}
    for (optimizer, options), repeats in groups.items():
        rivals = [json.loads(o) for name, o in groups if name == optimizer]
        own = json.loads(options)
        differing = [
            f"{k}={own.get(k)!r}"
            for k in dict.fromkeys(k for rival in rivals for k in rival)
            if any(rival.get(k) != own.get(k) for rival in rivals)
        ]
        name = f"{optimizer} ({', '.join(differing)})" if differing else optimizer
        named[name] = repeats
    return named


def common_best(studies: Sequence[Study], metric: str | None = None) -> float | None:
    """Return the best value that every study reached, by a metric: the main one.

    It is the worst of the studies' final best values. A study without a feasible trial
    of a better than infinitely bad value has no say; None when no study has one.
    """
    if not studies:
        return None
    metric = metric or studies[0].main_metric
    sign = studies[0].sign_of(metric)
    finals = [b for b in (best_value(s, metric) for s in studies) if b is not None]
    return max(
        (b for b in finals if sign * b < math.inf), key=lambda b: sign * b, default=None
    )


def best_value(study: Study, metric: str) -> float | None:
    """Return a study's best value of a metric; None without a feasible trial."""
    trial = study.best_by(metric)
    return None if trial is None else trial.metrics[metric]


def spread(studies: Sequence[Study], metric: str) -> dict[str, float | None]:
    """Return the best values of an optimizer's repeats: median, lowest and highest.

    Returns:
        ``best``, ``best_min``, ``best_max``, over the studies that have a feasible
        trial; None when none has.
    """
    bests = [b for b in (best_value(s, metric) for s in studies) if b is not None]
    return {
        "best": statistics.median(bests) if bests else None,
        "best_min": min(bests, default=None),
        "best_max": max(bests, default=None),
    }


def summarize(studies: Sequence[Study]) -> list[dict[str, Any]]:
    """Return one row an optimizer; studies of one optimizer are its repeats.

    Counts are totals over the repeats, values and seconds are medians over them. The
    studies must be of one experiment.

    Returns:
        Rows in the order in which the optimizers appear, with these keys:

        - ``optimizer``: as in ``optuna:tpe``
        - ``repeats``: number of studies
        - ``without_best``: how many of them have no feasible trial
        - ``best``, ``best_min``, ``best_max``: best value of the main metric: median,
          lowest and highest over the repeats that have one; None when none has
        - ``trials``, ``failed``, ``pruned``: numbers of trials
        - ``infeasible``: complete trials beyond the constraints, where there are any
          constraints
        - ``objective_seconds``: seconds inside the objective
        - ``optimizer_seconds``: seconds inside the optimizer, asking and telling
        - ``seconds_to_common_best``: seconds from a study's first ask until its best
          value is as good as `common_best`; None when half of the repeats never were
        - ``stop_reasons``: why studies ended before their budget, each reason once
    """
    target = common_best(studies)
    is_bounded = any(study.bounds for study in studies)
    return [
        _row(name, repeats, target, is_bounded=is_bounded)
        for name, repeats in by_optimizer(studies).items()
    ]


def _row(
    name: str, repeats: list[Study], target: float | None, *, is_bounded: bool
) -> dict[str, Any]:
    without = sum(study.best_by_main_metric() is None for study in repeats)
    states = [t.state for study in repeats for t in study.trials]
    return {
        "optimizer": name,
        "repeats": len(repeats),
        "without_best": without,
        **spread(repeats, repeats[0].main_metric),
        "trials": len(states),
        "failed": states.count(State.FAILED),
        "pruned": states.count(State.PRUNED),
        **_infeasible(repeats, is_bounded=is_bounded),
        "objective_seconds": statistics.median(map(objective_seconds, repeats)),
        "optimizer_seconds": statistics.median(map(optimizer_seconds, repeats)),
        "seconds_to_common_best": _median_seconds_to(repeats, target),
        "stop_reasons": list(dict.fromkeys(filter(None, map(why_stopped, repeats)))),
    }


def _infeasible(repeats: list[Study], *, is_bounded: bool) -> dict[str, int]:
    if not is_bounded:
        return {}
    return {"infeasible": sum(study.n_infeasible for study in repeats)}


def objective_seconds(study: Study) -> float:
    """Return the seconds that a study spent inside its objective."""
    return math.fsum(t.run_seconds for t in study.trials)


def optimizer_seconds(study: Study) -> float:
    """Return the seconds that a study spent in its optimizer: asks and tells."""
    return math.fsum(t.ask_seconds + (t.tell_seconds or 0.0) for t in study.trials)


def why_stopped(study: Study) -> str | None:
    """Return why a study ended before its budget was used up; None if it was."""
    if study.stop_reason:
        return study.stop_reason
    return None if study.status == "finished" else study.status


def _median_seconds_to(repeats: list[Study], target: float | None) -> float | None:
    if target is None:
        return None
    reached = [curve_by_seconds(s).reaches(target, s.sign) for s in repeats]
    median = statistics.median(math.inf if r is None else r for r in reached)
    return median if math.isfinite(median) else None
