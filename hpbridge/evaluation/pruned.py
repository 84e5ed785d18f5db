"""Which pruners can end trials of an evaluation early: what it reports decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.pruners.folds import against_folds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.pruning import PrunerSpec
    from hpbridge.evaluation.evaluation import Evaluation


def against_pruner(
    evaluation: Evaluation, spec: PrunerSpec, options: Mapping[str, Any]
) -> list[str]:
    """Say why a pruner could end no trial of an evaluation; see `FoldObjective`."""
    if evaluation.budget is not None and spec.rungs is not None:
        return []  # it gives budgets, and hears of no fold
    metric = next(iter(evaluation.scorers))
    n_folds = len(evaluation.folds.folds)
    if n_folds > 1 and metric in evaluation.folds.pooled:
        problem = (
            f"has nothing to decide by: {metric!r} is computed of the answers of all "
            "folds together, and so no fold reports it"
        )
        return [f"pruner {spec.name!r} {problem}"]
    if n_folds == 1 and evaluation.curve is not None and not spec.of_folds:
        return []  # it reports the steps of the curve
    return against_folds(spec, options, n_folds, evaluation.procedure.text)
