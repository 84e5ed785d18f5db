"""Rows scored on that are older than rows fitted on, where time tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.evaluation.checks.columns import TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.evaluation.checks.columns import Column
    from hpbridge.evaluation.checks.data import Data

CODE, TITLE = "HPB106", "fitted on the future of what is scored on"

LEAST = 0.02
"""The share of what is fitted on that is younger than a row scored on, on average."""

LEAST_CHANCE = 0.01
"""How seldom, without a movement in time, the target may move as it does."""

_LEAST_ROWS = 30
_BLOCKS = 20
_MOST_CLASSES = 10


def check(data: Data) -> Finding:
    """Say whether the future is fitted on, along dates along which the target moves."""
    found = [
        (*_look(data, column), column.name)
        for column in data.table.times()
        if column.kind == TIME and column.n_distinct > 1
    ]
    if not found:
        return cannot(CODE, TITLE, "no column and no index is of dates")
    # The one that spoke before others, and by how much.
    spoke, share, chance, name = max(found)
    if not spoke:
        why = (
            "the target does not move along it"
            if share >= LEAST
            else "what is scored on is younger than what is fitted on"
        )
        sentence = f"Of the dates of {name!r}: {why}."
        return Finding(CODE, TITLE, False, sentence, share)
    sentence = (
        f"By the dates of {name!r}, {share:.0%} of the rows fitted on are younger than "
        f"a row scored on, on average, and the target moves along these dates (by "
        f"chance with a probability of {chance:.1g})."
    )
    hint = (
        f"sort the rows by {name!r} and take procedure=TimeOrder(), which also makes "
        "the test of the last rows"
    )
    return Finding(CODE, TITLE, True, sentence, share, hint)


def _look(data: Data, column: Column) -> tuple[bool, float, float]:
    """Return whether it speaks, the share of the future, and the chance of it."""
    share = max(_futures(data, column), default=0.0)
    if share < LEAST:
        return False, share, 1.0
    chance = _moves(data, column)
    return chance < LEAST_CHANCE, share, chance


def _futures(data: Data, column: Column) -> Iterator[float]:
    """Yield how much of what is fitted on is the future, for folds and test."""
    at, there = column.values, ~column.is_missing
    shares, weights = [], []
    for fitted, scored in data.some_folds:
        before, after = np.asarray(fitted), np.asarray(scored)
        before, after = before[there[before]], after[there[after]]
        if len(before) and len(after):
            shares.append(future_of(at[before], at[after]))
            weights.append(len(after))
    if shares:
        yield float(np.average(shares, weights=weights))
    test = data.table_of_test
    for other in () if test is None else test.times():
        lacks = other.is_missing
        if other.name == column.name and other.kind == column.kind and not lacks.all():
            yield future_of(at[there], other.values[~lacks])


def future_of(fitted: Any, scored: Any) -> float:
    """Return which share of some moments is after others, on average of these."""
    fitted = np.sort(fitted)
    later = len(fitted) - np.searchsorted(fitted, scored, side="right")
    return float(later.mean() / len(fitted))


def moves(at: Any, values: Any) -> float:
    """Return how likely values are to move along dates as they do, by chance.

    The smaller chance, doubled, of two tests on their ranks: that values next to each
    other are no more alike than any (lag-1 autocorrelation), and that the means of 20
    stretches are the same (the analysis of variance). Rows of one moment have no order.
    """
    from scipy import stats

    n = len(values)
    if n < _LEAST_ROWS:
        return 1.0
    drawn = np.random.default_rng(0).permutation(n)
    ranks = stats.rankdata(np.asarray(values, dtype=float)[np.lexsort((drawn, at))])
    spread = ranks - ranks.mean()
    total = float((spread**2).sum())
    if total <= 0:
        return 1.0
    alike = float((spread[1:] * spread[:-1]).sum()) / total
    by_next = float(stats.norm.sf((alike + 1 / n) * np.sqrt(n)))
    blocks = np.array_split(ranks, min(_BLOCKS, n // 5))
    by_blocks = float(np.nan_to_num(stats.f_oneway(*blocks).pvalue, nan=1.0))
    return min(1.0, 2 * min(by_next, by_blocks))


def _moves(data: Data, column: Column) -> float:
    """Return the chance of how the target moves: of each class, or each number."""
    there = ~column.is_missing
    at, y = column.values[there], data.y[there]
    if data.target.is_single:
        frequent = np.argsort(-np.bincount(y))[:_MOST_CLASSES]
        parts = [y == code for code in frequent]
        parts = parts[:1] if len(data.target.counts) == 2 else parts  # noqa: PLR2004
    else:
        parts = list(y.reshape(len(y), -1).T)
    return min(1.0, len(parts) * min(moves(at, each) for each in parts))
