"""What stands against a pruner where a trial goes through folds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.pruning import PrunerSpec


def against_folds(
    spec: PrunerSpec, options: Mapping[str, Any], n_folds: int, procedure: str
) -> list[str]:
    """Say why a pruner could end no trial that reports its folds one after the other.

    Args:
        spec: The pruner.
        options: Of it, all by name.
        n_folds: Of each trial.
        procedure: What makes the folds, as it is written.
    """
    burn_in = options.get("burn_in", 0)
    problem = ""
    if n_folds == 1 and spec.of_folds:
        problem = (
            "compares trials by the folds that both have run, and "
            f"{procedure:.100} has one: take more folds, or another pruner"
        )
    elif n_folds == 1:
        problem = (
            f"has nothing to decide by: {procedure:.100} has one fold, and a trial "
            "reports nothing before its end"
        )
    elif spec.of_folds and burn_in >= n_folds:
        problem = (
            f"ends no trial in the first burn_in={burn_in} folds, and "
            f"{procedure:.100} has {n_folds}: take more folds, or a smaller burn_in"
        )
    return [f"pruner {spec.name!r} {problem}"] if problem else []
