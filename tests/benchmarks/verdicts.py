"""How often a verdict finds a best optimizer where all are equal.

    OMP_NUM_THREADS=1 nice python tests/benchmarks/verdicts.py [N] [KIND...]

Every optimizer draws its values from one distribution, and the verdict decides by its
own tests: of N contests (2,000), how many have a best one, and in how many any other
optimizer is said to be behind. The limit is 5 %; by chance, 2,000 contests of exactly
5 % show up to 6.1 % one time in a hundred.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from hpbridge.analysis.contest.deciding import decision_of
from hpbridge.analysis.contest.judged import judged_of_values

if TYPE_CHECKING:
    from collections.abc import Callable

    Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

ALPHA = 0.05

BOUND = 0.85
"""Of the normal quantile: a lead of less is not looked at further."""

KINDS: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "skewed": lambda rng, shape: rng.pareto(1.5, size=shape),
    "tied": lambda rng, shape: rng.integers(0, 4, size=shape).astype(float),
    "failing": lambda rng, shape: np.where(
        rng.random(shape) < 0.2, np.inf, rng.normal(size=shape)
    ),
}

SHAPES = (  # problems, seeds
    *((1, n) for n in (10, 14, 50)),
    *((n, 1) for n in (8, 14, 30)),
    *((n, 3) for n in (8, 14)),
    *((n, 10) for n in (14, 30)),
)

OPTIMIZERS = (2, 3, 5, 10)


def shares(
    kind: str, optimizers: int, shape: tuple[int, int], n: int
) -> tuple[float, float]:
    """Return the shares of contests with a best one, and with any that is behind.

    Most have no rival that is behind, which the leader's tests alone say; the verdict's
    own decision is taken where there may be one.
    """
    problems, seeds = shape
    rng = np.random.default_rng([optimizers, problems, seeds, len(kind)])
    best = behind = 0
    for _ in range(n):
        values = KINDS[kind](rng, (problems, optimizers, seeds))
        if not may_be_decided(values):
            continue
        found = decision_of(judged_of_values(values), ALPHA)
        best += found.is_best
        behind += bool(found.is_behind.any())
    return best / n, behind / n


def may_be_decided(values: np.ndarray) -> bool:
    """Say whether the leader is so far ahead of any that a test may find it.

    Holm's first step takes the least p times the rivals. Wilcoxon's exact test of few
    problems finds what has less than the normal quantile, but not that much less.
    """
    ranks = stats.rankdata(values, axis=1)
    means = ranks.mean(axis=(0, 2))
    leader = int(means.argmin())
    if len(values) == 1:
        with np.errstate(invalid="ignore"):
            leads = np.nan_to_num(values[0] - values[0, leader], nan=0.0).T
    else:
        own = values[:, leader, None]
        won = (own < values) + 0.5 * (own == values) - 0.5
        leads = won.mean(axis=2)
    signed = np.sign(leads) * stats.rankdata(np.abs(leads), axis=0)
    error = np.sqrt((signed**2).sum(axis=0))
    least = BOUND * stats.norm.isf(ALPHA / 2 / (values.shape[1] - 1))
    return bool(((error > 0) & (signed.sum(axis=0) >= least * error)).any())


def main() -> None:
    """Print a row for each number of optimizers, kind of values and shape."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    for kind in sys.argv[2:] or KINDS:
        for optimizers in OPTIMIZERS:
            for shape in SHAPES:
                best, behind = shares(kind, optimizers, shape, n)
                print(
                    f"{kind:8} {optimizers:2} optimizers, {shape[0]:3} problems, "
                    f"{shape[1]:2} seeds: best {best:5.1%}, behind {behind:5.1%}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
