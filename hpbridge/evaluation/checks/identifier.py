"""A column that names rows, and yet predicts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.evaluation.checks.alone import alone

if TYPE_CHECKING:
    from typing import Any

    from hpbridge.evaluation.checks.columns import Column
    from hpbridge.evaluation.checks.data import Data

CODE, TITLE = "HPB104", "a column that names rows predicts"

LEAST = 0.1
"""From which strength on a column is said to predict; 0 is a guess, 1 perfect."""

_LEAST_ROWS = 30
_TIES = 5
_DEVIATIONS = 4
_KEY = re.compile(r"\S{1,64}$")
_DIGITS = re.compile(r"\d+")


def check(data: Data) -> Finding:
    """Say whether a column that names the rows predicts the target."""
    sample = data.sample
    n = len(data.seen)
    if n < _LEAST_ROWS:
        return cannot(CODE, TITLE, f"{n} rows are too few to tell")
    names, best = [], (-np.inf, "")
    bar = max(LEAST, _DEVIATIONS * _chance_of(data))
    for number in data.columns:
        if not names_rows(sample.column(number)):
            continue
        column = data.table.column(number)  # of all rows
        if not names_rows(column):
            continue
        names.append(column.name)
        found = alone(
            sample, np.unique(in_order(column), return_inverse=True)[1][sample.rows]
        )
        best = max(best, (found, column.name))
    if not names:
        sentence = "No column has a value of its own for each row, as a key has."
        return Finding(CODE, TITLE, False, sentence, 0.0)
    found, name = best
    spoke = found >= bar
    sentence = (
        f"The column {name!r} has a value of its own for each row, and "
        f"{'predicts' if spoke else 'does not predict'} the target: {found:.2f}, where "
        "0 is a guess and 1 perfect."
    )
    hint = (
        f"drop {name!r}: it tells where a row stood in the file, which new rows do not "
        "share"
    )
    return Finding(CODE, TITLE, spoke, sentence, found, hint if spoke else "")


def names_rows(column: Column) -> bool:
    """Say whether values look like names of rows.

    All are different, of whole numbers or of short text without blanks. Whole numbers
    of such a range that draws at random would have made at least five ties; or one
    larger than the other from first to last.
    """
    n = len(column.values)
    if column.is_missing.any() or column.n_distinct < n:
        return False
    if column.kind == "text":
        return all(isinstance(v, str) and _KEY.match(v) for v in column.values)
    if not column.is_whole:
        return False
    values = column.values.astype(np.float64)
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        return True
    reach = float(values.max() - values.min()) + 1
    return n * (n - 1) / 2 / reach >= _TIES


def in_order(column: Column) -> Any:
    """Return numbers in the order of keys: by the digits of text, if it has any."""
    if column.kind != "text":
        return column.codes
    digits = [_DIGITS.findall(value) for value in column.values]
    if all(len(found) == 1 and len(found[0]) <= 15 for found in digits):  # noqa: PLR2004
        return np.array([int(found[0]) for found in digits])
    return column.codes


def _chance_of(data: Data) -> float:
    """Return about by how much the strength of what predicts nothing varies."""
    sample = data.sample
    scored = sum(len(score) for _, score in sample.folds)
    if not data.target.is_single:
        return float(1 / np.sqrt(scored))
    counts = np.bincount(sample.y)
    k = np.count_nonzero(counts)
    variances = 0.25 / counts[counts > 0] * len(sample.y) / scored
    return float(np.sqrt(variances.sum()) / k / (1 - 1 / k))
