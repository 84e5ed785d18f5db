"""Folds with so few rows of a class that a metric hangs on one or two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.evaluation.procedure import LeaveOneOut

if TYPE_CHECKING:
    from hpbridge.evaluation.checks.data import Data

CODE, TITLE = "HPB108", "folds with very few rows of a class"

LEAST = 5
"""How many rows of each class folds and test should score on."""

_EXACT = 100


def check(data: Data) -> Finding:
    """Say whether a class has few rows where it is scored on."""
    if not data.target.is_of_classes:
        return cannot(
            CODE, TITLE, f"it is for classes, and there is {data.target.text}"
        )
    if isinstance(data.procedure, LeaveOneOut):
        return cannot(CODE, TITLE, "each row is a fold of its own")
    y = _indicators(data, data.y)
    means = np.mean([y[scored].sum(axis=0) for _, scored in data.some_folds], axis=0)
    where = {f"A fold of {data.procedure.text} scores on": means}
    if data.test is not None:
        where["The test has"] = _indicators(data, data.coded(data.test.y)).sum(axis=0)
    least, what, code = min(
        (float(n.min()), w, int(n.argmin())) for w, n in where.items()
    )
    spoke = least < LEAST
    rows = f"{least:.3g}" if least < _EXACT else f"{least:.0f}"
    share = f": each is {1 / least:.0%} of its recall" if spoke and least > 1 else ""
    sentence = (
        f"{what} {rows} rows of {_name(data, code)}"
        f"{' on average' if least % 1 else ''}{share}."
    )
    hint = (
        "take fewer folds with repeats, as KFold(3, repeats=10), or get more rows of "
        "it; and read its own metrics with care"
    )
    return Finding(CODE, TITLE, spoke, sentence, least, hint if spoke else "")


def _indicators(data: Data, y: Any) -> Any:
    """Return a column for each class, or label."""
    if not data.target.is_single:
        return y != 0
    return y[:, None] == np.arange(len(data.target.counts))


def _name(data: Data, code: int) -> str:
    if not data.target.is_single:
        return f"label {code}"
    return f"class {list(data.target.counts)[code]!r}"
