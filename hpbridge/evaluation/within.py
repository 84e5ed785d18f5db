"""The same evaluation of a part of the rows: inside an outer fold, say."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from hpbridge.errors import ExperimentError
from hpbridge.evaluation.fidelity import problems_of_rows
from hpbridge.evaluation.splits import fingerprint_of, make_split
from hpbridge.evaluation.target import read_target
from hpbridge.study import Study

if TYPE_CHECKING:
    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.objective import FoldObjective
    from hpbridge.evaluation.splits import Split
    from hpbridge.evaluation.target import Target


def problems_of_study(evaluation: Evaluation, study: object) -> list[str]:
    """Say why something is no study of an evaluation."""
    if not isinstance(study, Study):
        return [f"study must be a Study of the evaluation, got {study!r:.100}"]
    return evaluation.unlike(study.attributes)


def split_of(evaluation: Evaluation, numbers: Any) -> tuple[Split, Target]:
    """Return the folds and the target of some of the rows that trials see.

    There is no test among them.

    Raises:
        ExperimentError: If the evaluation's procedure cannot split them.
    """
    problems: list[str] = []
    rows = evaluation.folds.kept.rows().take(numbers)
    of_classes = evaluation.target.is_of_classes
    target = read_target(rows.y, is_of_classes=of_classes, problems=problems)
    if target is not None:
        made = make_split(
            rows, target, evaluation.procedure, None, evaluation.seed, problems
        )
        if made is not None:
            problems += problems_of_rows(evaluation.fidelity, made, target)
        if made is not None and not problems:
            return made, target
    raise ExperimentError.invalid(evaluation.name, problems)


def within(evaluation: Evaluation, numbers: Any, name: str) -> Evaluation:
    """Return the same evaluation of some of the rows that trials see, without a test.

    Raises:
        ExperimentError: If the procedure cannot split them.
    """
    split, target = split_of(evaluation, numbers)
    other = copy.copy(evaluation)
    vars(other).pop("attributes", None)  # of all rows
    other.name, other.incumbent, other.target = name, None, target
    other.fingerprint = fingerprint_of(split.seen, split)
    other.seal(split)
    objective: FoldObjective = evaluation.objective  # type: ignore[assignment]
    other.objective = objective.over(other.models, other.folds)
    return other
