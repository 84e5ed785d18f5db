"""All checks of the data of an evaluation."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.errors.foreign import describe_error
from hpbridge.evaluation.checks import (
    duplicates,
    few_rows,
    golden,
    groups,
    identifier,
    imbalance,
    time_order,
)
from hpbridge.evaluation.checks.data import Data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.evaluation.evaluation import Evaluation

CHECKS: dict[str, tuple[str, Callable[[Data], Finding]]] = {
    imbalance.CODE: (imbalance.TITLE, imbalance.check),
    duplicates.CODE: (duplicates.TITLE, duplicates.check),
    duplicates.CONFLICT: (duplicates.CONFLICT_TITLE, duplicates.check_conflicts),
    identifier.CODE: (identifier.TITLE, identifier.check),
    golden.CODE: (golden.TITLE, golden.check),
    time_order.CODE: (time_order.TITLE, time_order.check),
    groups.CODE: (groups.TITLE, groups.check),
    few_rows.CODE: (few_rows.TITLE, few_rows.check),
}
"""What each code looks for, and what looks for it."""


def data_of(
    evaluation: Evaluation, references: Mapping[str, Any] | None = None
) -> Data:
    """Return what the checks know of an evaluation.

    Args:
        evaluation: In the process of its author: of the test, too.
        references: What the dummy came to, as recorded.
    """
    test = evaluation.test_rows
    return Data(
        seen=evaluation.folds.kept.rows(),
        test=None if test is None else test.rows(),
        target=evaluation.target,
        procedure=evaluation.procedure,
        folds=evaluation.folds.folds,
        scorers=evaluation.scorers,
        references=references or {},
        seed=evaluation.seed,
    )


def check_data(data: Data) -> list[Finding]:
    """Return what every check found, by code; data may be as strange as they like."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_made(code, data) for code in CHECKS]


def _made(code: str, data: Data) -> Finding:
    title, check = CHECKS[code]
    try:
        found = check(data)
    except Exception as error:  # noqa: BLE001 - what data may be is anybody's guess
        return cannot(code, title, f"it failed on these data: {describe_error(error)}")
    return _plain(found)


def _plain(found: Finding) -> Finding:
    """Return a finding as a record takes it, without numbers of numpy's."""
    number = None if found.number is None else float(found.number)
    if number is not None and not math.isfinite(number):
        number = None
    spoke = None if found.spoke is None else bool(found.spoke)
    return replace(found, spoke=spoke, number=number)


def checked(
    evaluation: Evaluation, references: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what the checks found, for a record, and a note for each that spoke.

    Args:
        evaluation: In the process of its author.
        references: What the dummy came to, as recorded.
    """
    silent = set(evaluation.silence)
    made = check_data(data_of(evaluation, references))
    found = [each for each in made if each.code not in silent]
    said = [
        f"{each.code}: {each.sentence} {each.hint[:1].upper()}{each.hint[1:]}."
        for each in found
        if each.spoke
    ]
    return [each.to_json() for each in found], said
