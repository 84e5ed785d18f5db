"""Whether the best lies on the edge of its declared range, in the search's scale.

That the best is the least or the greatest value that was *tried* says little: the less
is tried, the more often it is so by chance. Here, three things must hold: the scores
clearly improve towards an end over the whole range, so that the parameter matters;
they improve still at that end, so that the optimum does not lie before it; and the best
is near it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.analysis.checks.surface import (
    LEAST_TRIALS,
    is_small_grid,
    label_of_end,
    params_at,
    place,
    surface_of,
    trials_of,
)

if TYPE_CHECKING:
    from hpbridge.analysis.checks.surface import Trials
    from hpbridge.analysis.evaluated import Evaluated
    from hpbridge.space.kinds import Searched

EDGE, EDGE_TITLE = "HPB201", "the best on the edge of its range"

P_MATTERS, P_AT_END, NEAR = 0.003, 0.1, 0.25
"""One-sided chances of the slopes in the middle and at the end, and how near to it, as
a share of the range, the best must be; chosen on simulated searches."""

NATURAL = {
    "alpha": (0, None),
    "bootstrap_features": (0, 1),
    "C": (0, None),
    "ccp_alpha": (0, None),
    "colsample_bylevel": (0, 1),
    "colsample_bynode": (0, 1),
    "colsample_bytree": (0, 1),
    "degree": (1, None),
    "dropout": (0, 1),
    "gamma": (0, None),
    "l1_ratio": (0, 1),
    "max_depth": (1, None),
    "max_features": (None, 1),
    "max_samples": (None, 1),
    "min_child_weight": (0, None),
    "min_impurity_decrease": (0, None),
    "min_samples_leaf": (1, None),
    "min_samples_split": (2, None),
    "momentum": (0, 1),
    "n_components": (1, None),
    "n_neighbors": (1, None),
    "num_leaves": (2, None),
    "reg_alpha": (0, None),
    "reg_lambda": (0, None),
    "shrinkage": (0, 1),
    "subsample": (0, 1),
    "validation_fraction": (0, 1),
    "var_smoothing": (0, None),
}
"""The ends that a parameter of this name cannot go beyond: no wider range helps."""


def on_the_edge(evaluated: Evaluated) -> Finding:
    """Say which parameters of the best lie where their range should go on."""
    study = evaluated.study
    trials, best = trials_of(study), params_at(study.best_by_main_metric())
    if not best:
        return cannot(EDGE, EDGE_TITLE, "no trial is complete and feasible")
    if len(trials) < LEAST_TRIALS:
        why = f"{len(trials)} trials are too few: it takes {LEAST_TRIALS}"
        return cannot(EDGE, EDGE_TITLE, why)
    judged = {
        name: _improves_at(trials, name, parameter, best[name])
        for name, parameter in study.space.searched.items()
        if name in best and place(parameter, best[name]) is not None
    }
    if not judged:
        why = "no parameter of the best is a number with two ends"
        return cannot(EDGE, EDGE_TITLE, why)
    found = [
        f"{name} = {_shown(best[name])} (its range ends at {_shown(end)})"
        for name, end in judged.items()
        if end is not None
    ]
    if not found:
        sentence = f"the best lies within the ranges of {', '.join(judged)}."
        return Finding(EDGE, EDGE_TITLE, False, sentence, 0.0)
    sentence = (
        f"the scores still improve where the range ends, near the best "
        f"{', '.join(found)}."
    )
    hint = "widen the range there and go on, or say why it ends"
    return Finding(EDGE, EDGE_TITLE, True, sentence, float(len(found)), hint)


def _improves_at(
    trials: Trials, name: str, parameter: Searched, value: object
) -> object | None:
    """Return the end of the range at which scores still improve; None if at none."""
    from scipy import stats

    where = place(parameter, value)
    if where is None or NEAR <= where <= 1 - NEAR:
        return None
    is_upper = where > NEAR
    end = label_of_end(parameter, is_upper=is_upper)
    if _is_natural(name, end, is_upper=is_upper):
        return None
    if is_small_grid(parameter) and where not in {0.0, 1.0}:
        return None
    surface = surface_of(trials, name)
    if surface is None:
        return None
    sign = -1 if is_upper else 1  # of a slope that improves towards that end
    middle, last = (sign * surface.t_at(at) for at in (0.5, float(is_upper)))
    matters = middle > stats.t.isf(P_MATTERS, surface.freedom)
    return end if matters and last > stats.t.isf(P_AT_END, surface.freedom) else None


def _is_natural(name: str, end: object, *, is_upper: bool) -> bool:
    ends = NATURAL.get(name.rpartition("__")[2])
    return ends is not None and ends[is_upper] is not None and end == ends[is_upper]


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
