"""The p of Wilcoxon's signed-rank test, for pruners that ask it at every report."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_WITH_TIES = 13
_MOST = 50
"""Up to so many differences are counted by scipy's ``auto``, equal ones or not."""


def signed_rank_p(
    differences: Sequence[float], side: Literal["less", "greater"]
) -> float:
    """Return the one-sided p of differences, for a median of 0.

    Few of them are counted here: where some are equal, scipy goes through all signs,
    which takes a second for 13.

    Args:
        differences: Finite, at least two.
        side: Of the alternative.

    Source:
        scipy 1.17.1, ``wilcoxon(differences, alternative=side, zero_method="zsplit")``,
        to the last bit: counts below ``2 ** 50`` are exact in floating point.

    Example:
        >>> signed_rank_p([1.0, 2.0, 3.0], "greater")
        0.125
    """
    ranks = _four_times_ranks([abs(each) for each in differences])
    has_ties = len(set(ranks)) < len(ranks) or 0 in differences
    if len(ranks) > (_MOST_WITH_TIES if has_ties else _MOST):
        from scipy import stats

        return float(
            stats.wilcoxon(differences, alternative=side, zero_method="zsplit").pvalue
        )
    # Zeros count half on both sides, whatever the signs.
    pairs = list(zip(ranks, differences, strict=True))
    zeros = sum(rank for rank, each in pairs if each == 0) // 2
    seen = zeros + sum(rank for rank, each in pairs if each > 0)
    counts = _counts(tuple(sorted(rank for rank, each in pairs if each != 0)))
    if side == "less":
        n_as_far = sum(counts[: seen - zeros + 1])
    else:
        n_as_far = sum(counts[seen - zeros :])
    return n_as_far / sum(counts)


def _four_times_ranks(sizes: Sequence[float]) -> list[int]:
    """Return four times the ranks, equal ones sharing theirs: whole numbers."""
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    ranks = [0] * len(sizes)
    begin = 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and sizes[order[end]] == sizes[order[begin]]:
            end += 1
        for place in order[begin:end]:
            ranks[place] = 2 * (begin + 1 + end)
        begin = end
    return ranks


@functools.lru_cache(maxsize=128)
def _counts(ranks: tuple[int, ...]) -> list[int]:
    """Return how many choices of signs give each sum of the positive ranks."""
    counts = [1]
    for rank in ranks:
        longer = counts + [0] * rank
        for total, count in enumerate(counts):
            longer[total + rank] += count
        counts = longer
    return counts
